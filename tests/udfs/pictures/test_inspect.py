"""What is read from a picture's structure: size, turn, and why it is refused."""

import io
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from schemas.rejects import Code
from udfs.pictures.inspect import MAX_SCANS, Limits, Picture, PictureRefused, beginning, inspect, read_header

FORMATS = ("JPEG", "PNG", "WEBP", "AVIF", "GIF")


def noise(width: int = 40, height: int = 30) -> Image.Image:
    return Image.fromarray(np.random.default_rng(7).integers(0, 255, (height, width, 3), np.uint8))


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    target = io.BytesIO()
    image.save(target, kind, **options)
    return target.getvalue()


def refusal(body: bytes, limits: Limits | None = None) -> tuple[Code, str]:
    with pytest.raises(PictureRefused) as caught:
        inspect(body, limits or Limits())
    return caught.value.code, caught.value.detail


def turned(orientation: int) -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif


@pytest.mark.parametrize("kind", FORMATS)
def test_every_format_gives_its_size_and_mime(kind: str) -> None:
    assert inspect(encoded(noise(), kind), Limits()) == Picture(f"image/{kind.lower()}", 40, 30)


@pytest.mark.parametrize("options", [{"lossless": True}, {"lossless": False}, {"exif": turned(1)}])
def test_the_three_kinds_of_webp(options: dict[str, object]) -> None:
    picture = inspect(encoded(noise(), "WEBP", **options), Limits())
    assert (picture.width, picture.height) == (40, 30)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_swaps_the_sides_from_five_on(kind: str, orientation: int) -> None:
    picture = inspect(encoded(noise(), kind, exif=turned(orientation)), Limits())
    assert (picture.width, picture.height) == ((30, 40) if orientation >= 5 else (40, 30))


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("share", [0.3, 0.6, 0.95])
def test_a_file_that_breaks_off_is_truncated(kind: str, share: float) -> None:
    body = encoded(noise(200, 150), kind)
    code, detail = refusal(body[: int(len(body) * share)])
    assert code is Code.PICTURE_TRUNCATED
    assert "ends" in detail or "bytes" in detail


def test_the_end_marker_of_an_exif_thumbnail_does_not_hide_a_cut() -> None:
    exif = b"Exif\0\0" + b"II*\0\x08\0\0\0\0\0" + encoded(noise(8, 8), "JPEG")
    body = encoded(noise(200, 150), "JPEG", exif=exif)
    assert inspect(body, Limits()).width == 200
    assert refusal(body[: len(body) // 2])[0] is Code.PICTURE_TRUNCATED


def test_bytes_after_the_end_are_no_fault() -> None:
    for kind in FORMATS[:3]:
        assert inspect(encoded(noise(), kind) + b"\0" * 20, Limits()).width == 40


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html><body>404</body></html>",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"BM" + bytes(60),
        b"%PDF-1.7",
    ],
)
def test_what_is_no_picture_is_said_by_its_first_bytes(body: bytes) -> None:
    code, detail = refusal(body)
    assert code is Code.FETCH_TYPE
    assert detail.endswith(f"begins with {beginning(body)}")


def png_header(width: int, height: int) -> bytes:
    chunk = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    end = b"IEND"
    chunks = [struct.pack(">I", len(c) - 4) + c + struct.pack(">I", zlib.crc32(c)) for c in (chunk, end)]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def test_a_bomb_is_refused_by_its_header() -> None:
    code, detail = refusal(png_header(60_000, 60_000))
    assert code is Code.PICTURE_PIXELS
    assert "60000 x 60000" in detail


def test_a_tracking_pixel_is_refused_and_a_strip_is_not() -> None:
    assert refusal(encoded(noise(1, 1), "PNG"))[0] is Code.PICTURE_PIXELS
    assert inspect(encoded(noise(20_000, 10), "JPEG"), Limits()).width == 20_000


def test_bytes_beyond_the_cap() -> None:
    assert refusal(encoded(noise(), "PNG"), Limits(max_bytes=100))[0] is Code.FETCH_SIZE


def test_a_png_with_a_flipped_bit_is_broken_not_truncated() -> None:
    body = bytearray(encoded(noise(), "PNG"))
    body[len(body) // 2] ^= 1
    code, detail = refusal(bytes(body))
    assert code is Code.PICTURE_DECODE
    assert "checksum" in detail


def test_thousands_of_scans_are_an_attack() -> None:
    body = encoded(noise(), "JPEG", progressive=True)
    scan = body[body.index(b"\xff\xda") : -2]
    code, detail = refusal(body[:-2] + scan * MAX_SCANS + b"\xff\xd9")
    assert code is Code.PICTURE_DECODE
    assert "scans" in detail


def test_channels_and_fill_bytes_of_a_jpeg() -> None:
    body = encoded(noise().convert("CMYK"), "JPEG")
    assert read_header(body).channels == 4
    filled = body[:2] + b"\xff\xff" + body[2:]
    assert read_header(filled).width == 40


@settings(max_examples=300)
@given(st.sampled_from(FORMATS), st.data())
def test_damaged_bytes_give_a_picture_or_a_reason(kind: str, data: st.DataObject) -> None:
    body = bytearray(encoded(noise(24, 24), kind))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(body) - 1))
        body[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=4))
    try:
        assert isinstance(inspect(bytes(body), Limits()), Picture)
    except PictureRefused as refused:
        assert refused.code in Code
        assert "\n" not in refused.detail


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"<!DOCTYPE html><html>", "<!DOCTYPE html><"),
        (b"\x00\xff\x10", "00 ff 10"),
        (b"", "nothing"),
        (b"a\nb", "61 0a 62"),
    ],
)
def test_the_first_bytes_are_said_for_people(body: bytes, said: str) -> None:
    assert beginning(body) == said
