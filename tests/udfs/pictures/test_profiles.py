"""ICC profiles: colours as a browser shows them, and nothing that a broken profile can break."""

import io
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms

from tests.udfs.pictures.wide import SRGB, WIDE
from udfs.pictures.decode import decode
from udfs.pictures.inspect import PictureRefused
from udfs.pictures.profiles import MAX_PROFILE_BYTES, to_srgb

SOFT_RED = (171, 35, 45)
AS_SHOWN = (198, 35, 45)
"""What SOFT_RED of WIDE is in sRGB, by hand: linear red 0.4072 times 1.39836, less 0.39836 times green."""
OTHERS = {
    "nothing": b"",
    "text": b"not a profile",
    "cut off": WIDE[:200],
    "for CMYK": WIDE[:16] + b"CMYK" + WIDE[20:],
    "for grey": WIDE[:16] + b"GRAY" + WIDE[20:],
    "Lab": ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes(),
    "without red": WIDE.replace(b"rXYZ", b"????"),
    "too large": WIDE + bytes(MAX_PROFILE_BYTES),
}


def body_of(profile: bytes, kind: str = "PNG", mode: str = "RGB", **options: object) -> bytes:
    target = io.BytesIO()
    image = Image.new("RGB", (40, 40), SOFT_RED)
    image = image.quantize(2) if mode == "P" else image.convert(mode)
    image.save(target, kind, icc_profile=profile, **options)
    return target.getvalue()


def middle(body: bytes) -> list[int]:
    return decode(body, 16)[10, 10].tolist()


def near(colour: list[int], other: tuple[int, ...]) -> bool:
    return bool(np.abs(np.array(colour) - other).max() <= 3)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF"])
def test_a_profile_is_applied(kind: str) -> None:
    assert near(middle(body_of(WIDE, kind, quality=100)), AS_SHOWN)


@pytest.mark.parametrize("mode", ["RGBA", "P"])
def test_a_profile_is_applied_to_a_palette_and_beside_alpha(mode: str) -> None:
    assert near(middle(body_of(WIDE, mode=mode)), AS_SHOWN)


def test_a_profile_in_several_segments_is_joined_in_their_order() -> None:
    """In a file that has the second before the first."""
    long = WIDE + bytes(70_000)
    body = body_of(long, "JPEG", quality=100)
    first, second = (body.index(b"ICC_PROFILE\0" + number) - 4 for number in (b"\1", b"\2"))
    end = second + 2 + struct.unpack_from(">H", body, second + 2)[0]
    assert near(middle(body[:first] + body[second:end] + body[first:second] + body[end:]), AS_SHOWN)
    assert near(middle(body[:second] + body[end:]), SOFT_RED)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF"])
@pytest.mark.parametrize("profile", OTHERS.values(), ids=OTHERS)
def test_a_profile_that_cannot_be_used_is_ignored(profile: bytes, kind: str) -> None:
    body = body_of(profile, kind, quality=100)
    if kind == "PNG" and len(profile) > MAX_PROFILE_BYTES:
        with pytest.raises(PictureRefused, match="data too large"):
            decode(body, 16)
    else:
        assert near(middle(body), SOFT_RED)


@pytest.mark.parametrize("mode", ["CMYK", "L"])
def test_grey_and_cmyk_pictures_are_opened_as_without_a_profile(mode: str) -> None:
    for profile in (WIDE, OTHERS["for CMYK"], OTHERS["for grey"]):
        assert middle(body_of(profile, "JPEG", mode)) == middle(body_of(b"", "JPEG", mode))


def test_a_segment_without_number_and_count_is_no_profile() -> None:
    body = body_of(b"", "JPEG", quality=100)
    broken = b"\xff\xe2" + struct.pack(">H", 2 + 12) + b"ICC_PROFILE\0"
    assert near(middle(body[:2] + broken + body[2:]), SOFT_RED)


def test_pixels_are_not_even_copied_where_the_profile_is_srgb() -> None:
    pixels = np.full((4, 4, 3), SOFT_RED, np.uint8)
    renamed = SRGB.replace("sRGB".encode("utf-16-be"), "Mine".encode("utf-16-be"))
    assert renamed != SRGB
    for profile in (None, b"", SRGB, renamed, *OTHERS.values()):
        assert to_srgb(pixels, profile) is pixels


def test_a_profile_that_leaves_one_colour_is_broken() -> None:
    body = bytearray(WIDE)
    for at in range(132, 132 + 12 * struct.unpack_from(">I", body, 128)[0], 12):
        name, offset, _ = struct.unpack_from(">4sII", body, at)
        if name.endswith(b"XYZ") and name != b"wtpt":
            body[offset + 8 : offset + 20] = bytes(12)
    pixels = np.full((4, 4, 3), SOFT_RED, np.uint8)
    assert to_srgb(pixels, bytes(body)) is pixels


def test_white_stays_white() -> None:
    white = np.full((4, 4, 3), 255, np.uint8)
    assert to_srgb(white, WIDE).min() >= 254


@settings(max_examples=150)
@given(st.data())
def test_damaged_profiles_give_pixels(data: st.DataObject) -> None:
    body = bytearray(WIDE)
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(body) - 1))
        body[at : at + data.draw(st.integers(0, 4))] = data.draw(st.binary(max_size=8))
    pixels = to_srgb(np.full((3, 5, 3), SOFT_RED, np.uint8), bytes(body))
    assert (pixels.shape, pixels.dtype) == ((3, 5, 3), np.uint8)


@pytest.mark.field
def test_the_red_of_the_case(shared_data: Path) -> None:
    body = (shared_data / "cases" / "icc-adobe.jpg").read_bytes()
    assert near(decode(body, 400)[300, 200].tolist(), (200, 30, 40))
