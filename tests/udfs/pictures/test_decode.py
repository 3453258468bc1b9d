"""Every format to upright RGB pixels, and the reason where there are none."""

import io
import pickle
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps

from schemas.rejects import Code
from schemas.settings import FetchSettings
from udfs.pictures import decode as module
from udfs.pictures.decode import decode
from udfs.pictures.inspect import Limits, PictureRefused

FORMATS = ("JPEG", "PNG", "WEBP", "AVIF", "GIF")
RED, GREEN, BLUE, WHITE = (220, 20, 20), (20, 200, 20), (20, 20, 220), (255, 255, 255)


def quarters(width: int = 64, height: int = 48) -> Image.Image:
    """Red and green above blue and white: every turn and mirroring looks different."""
    image = Image.new("RGB", (width, height), WHITE)
    image.paste(RED, (0, 0, width // 2, height // 2))
    image.paste(GREEN, (width // 2, 0, width, height // 2))
    image.paste(BLUE, (0, height // 2, width // 2, height))
    return image


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    target = io.BytesIO()
    image.save(target, kind, **options)
    return target.getvalue()


def close(pixels: np.ndarray, image: Image.Image, by: float = 12.0) -> bool:
    expected = np.asarray(image.convert("RGB"), np.int16)
    return pixels.shape == expected.shape and float(np.abs(pixels - expected).mean()) < by


def refusal(body: bytes) -> tuple[Code, str]:
    with pytest.raises(PictureRefused) as caught:
        decode(body, 32)
    return caught.value.code, caught.value.detail


@pytest.mark.parametrize("kind", FORMATS)
def test_every_format(kind: str) -> None:
    pixels = decode(encoded(quarters(), kind), 48)
    assert pixels.dtype == np.uint8
    assert pixels.flags.c_contiguous
    assert close(pixels, quarters())


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_is_applied(kind: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    body = encoded(quarters(), kind, exif=exif)
    stored = quarters()
    stored.getexif()[0x0112] = orientation
    assert close(decode(body, 48), ImageOps.exif_transpose(stored))


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("JPEG", {"progressive": True}),
        ("JPEG", {"subsampling": 0}),
        ("WEBP", {"lossless": True}),
        ("PNG", {"optimize": True}),
    ],
)
def test_variants(kind: str, options: dict[str, object]) -> None:
    assert close(decode(encoded(quarters(), kind, **options), 48), quarters())


@pytest.mark.parametrize("mode", ["CMYK", "L"])
def test_cmyk_and_grey_jpeg(mode: str) -> None:
    image = quarters().convert(mode)
    assert close(decode(encoded(image, "JPEG"), 48), image)


@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "RGBA"])
def test_png_modes(mode: str) -> None:
    image = quarters().convert(mode)
    assert close(decode(encoded(image, "PNG"), 48), image)


def test_sixteen_bit_grey_is_scaled_not_clipped() -> None:
    ramp = np.linspace(0, 65_535, 64 * 48, dtype=np.uint16).reshape(48, 64)
    pixels = decode(encoded(Image.fromarray(ramp), "PNG"), 48)
    assert np.abs(pixels[:, :, 0].astype(int) - (ramp >> 8)).max() <= 1


def test_sixteen_bit_colour() -> None:
    rows = np.zeros((16, 16, 3), ">u2")
    rows[:, :, 0] = 0x8000
    raw = b"".join(b"\0" + row.tobytes() for row in rows)
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", 16, 16, 16, 2, 0, 0, 0)), (b"IDAT", zlib.compress(raw)), (b"IEND", b"")]
    body = b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )
    assert decode(body, 16)[8, 8].tolist() == [128, 0, 0]


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "AVIF"])
def test_alpha_is_laid_on_white(kind: str) -> None:
    image = quarters().convert("RGBA")
    image.putalpha(Image.new("L", image.size, 0))
    assert decode(encoded(image, kind), 48).min() >= 250


@pytest.mark.parametrize("kind", ["PNG", "GIF"])
def test_a_transparent_palette_entry_becomes_white(kind: str) -> None:
    image = Image.new("P", (16, 16), 0)
    image.putpalette([0, 0, 0, 255, 0, 0])
    assert decode(encoded(image, kind, transparency=0), 16).min() == 255


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "AVIF"])
def test_the_first_frame_of_several(kind: str) -> None:
    body = encoded(quarters(), kind, save_all=True, append_images=[Image.new("RGB", (64, 48), "black")])
    assert close(decode(body, 48), quarters())


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize(("side", "expected"), [(600, 600), (301, 600), (300, 300), (200, 300), (100, 150), (30, 37)])
def test_the_smallest_scale_that_still_has_the_side(kind: str, side: int, expected: int) -> None:
    pixels = decode(encoded(quarters(800, 600), kind), side)
    assert abs(min(pixels.shape[:2]) - expected) <= 1
    assert min(pixels.shape[:2]) >= side
    assert abs(pixels.shape[1] / pixels.shape[0] - 4 / 3) < 0.03
    top_left, bottom_right = pixels[5, 5].astype(int), pixels[-5, -5].astype(int)
    assert np.abs(top_left - RED).max() < 40
    assert np.abs(bottom_right - WHITE).max() < 40


@pytest.mark.parametrize("size", [(1, 1), (20_000, 10), (10, 20_000), (3, 7)])
@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_odd_sizes(size: tuple[int, int], kind: str) -> None:
    pixels = decode(encoded(Image.new("RGB", size, RED), kind), 224)
    assert pixels.shape == (size[1], size[0], 3)


def test_pixels_that_are_missing_before_the_end_marker() -> None:
    body = encoded(Image.effect_noise((200, 200), 80), "JPEG")
    code, detail = refusal(body[: len(body) // 2] + b"\xff\xd9")
    assert code is Code.PICTURE_TRUNCATED
    assert "premature end" in detail


def test_bytes_too_many_before_the_end_marker_are_no_fault() -> None:
    body = encoded(quarters(), "JPEG")
    assert close(decode(body[:-2] + b"abcdef\xff\xd9", 48), quarters())


@pytest.mark.parametrize("kind", FORMATS)
def test_a_cut_file_is_refused_as_truncated(kind: str) -> None:
    body = encoded(Image.effect_noise((120, 120), 80).convert("RGB"), kind)
    assert refusal(body[: len(body) // 2])[0] is Code.PICTURE_TRUNCATED


@pytest.mark.parametrize("kind", ["WEBP", "AVIF", "GIF", "JPEG"])
def test_zeros_in_the_middle_give_pixels_or_a_reason(kind: str) -> None:
    body = bytearray(encoded(Image.effect_noise((120, 120), 80).convert("RGB"), kind))
    body[len(body) // 3 : len(body) // 2] = bytes(len(body) // 2 - len(body) // 3)
    try:
        assert decode(bytes(body), 64).shape == (120, 120, 3)
    except PictureRefused as refused:
        assert refused.code in (Code.PICTURE_DECODE, Code.PICTURE_TRUNCATED)


def test_a_stored_picture_of_many_bytes_opens_whatever_the_fetcher_takes_by_default() -> None:
    body = encoded(quarters(24, 24), "JPEG") + bytes(Limits().max_bytes)
    assert decode(body, 16).shape == (24, 24, 3)


def test_as_many_pixels_as_a_setting_may_allow_are_opened() -> None:
    (allowed,) = (one.le for one in FetchSettings.model_fields["max_pixels"].metadata if hasattr(one, "le"))
    assert allowed == Limits().max_pixels


def test_a_reason_travels_between_processes() -> None:
    refused = PictureRefused(Code.PICTURE_DECODE, "why")
    assert pickle.loads(pickle.dumps(refused)).detail == "why"


@settings(max_examples=300)
@given(st.sampled_from(FORMATS), st.data())
def test_damaged_bytes_give_pixels_or_a_reason(kind: str, data: st.DataObject) -> None:
    body = bytearray(encoded(quarters(24, 24), kind))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(body) - 1))
        body[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=4))
    try:
        pixels = decode(bytes(body), 16)
        assert pixels.ndim == 3
        assert pixels.shape[2] == 3
    except PictureRefused as refused:
        assert refused.code in Code
        assert "\n" not in refused.detail


@pytest.mark.field
def test_every_real_photo_opens(shared_data: Path) -> None:
    photos = sorted(p for p in shared_data.glob("*/**/*") if p.suffix in {".jpg", ".png"})[::40]
    assert len(photos) > 100
    for photo in photos:
        with Image.open(photo) as image:
            upright = ImageOps.exif_transpose(image)
        pixels = decode(photo.read_bytes(), 4096)
        assert pixels.shape[:2] == (upright.height, upright.width), photo


@pytest.mark.parametrize(
    ("kind", "size", "decoded"), [("PNG", (400, 300), 1), ("PNG", (1200, 1000), 3), ("JPEG", (800, 700), 2)]
)
def test_who_asks_again_gets_the_same_pixels_without_another_decoding(
    kind: str, size: tuple[int, int], decoded: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At 96, 288 and 320: a large PNG is not kept, and a JPEG is reduced inside the decoder."""
    calls = []
    for name in ("_decode_any", "_decode_jpeg"):
        real = getattr(module, name)
        monkeypatch.setattr(module, name, lambda *parts, real=real: calls.append(1) or real(*parts))
    noise = Image.fromarray(np.random.default_rng(1).integers(0, 256, (30, 40, 3), np.uint8)).resize(size)
    target = io.BytesIO()
    noise.save(target, kind)
    opened = module.Opened(target.getvalue())
    found = [opened.pixels(side) for side in (96, 288, 320, 96, 288)]
    assert len(calls) == decoded
    assert all(np.array_equal(decode(target.getvalue(), side), pixels)
               for side, pixels in zip((96, 288, 320, 96, 288), found, strict=True))  # fmt: skip
