"""Coverage-guided fuzzing of the picture reader: bytes give pixels or a reason, never anything else.

    python -m tests.fuzz.fuzz_pictures [--planted] CORPUS -atheris_runs=20000 -max_len=4096

`--planted` plants a bug that the fuzzer must find, which shows that it looks where it should.
"""

import io
import sys

import atheris
import numpy as np
from PIL import Image

from tests.udfs.pictures.wide import WIDE

with atheris.instrument_imports(include=["udfs.pictures.inspect", "udfs.pictures.decode", "udfs.pictures.profiles"]):
    from udfs.pictures.decode import decode
    from udfs.pictures.inspect import GIF, Limits, PictureRefused, read_header

SMALL = Limits(min_side=1, max_pixels=1_000_000)
"""So that a case takes milliseconds; the cap itself is among what is tried."""

SIDE = 16


class Planted(Exception):
    """The bug that is there to be found."""


def seeds() -> list[bytes]:
    """One tiny picture of each format, and some with what makes a reader branch."""
    colours = np.array([[250, 250, 250], [200, 20, 30], [20, 20, 60], [90, 120, 40]], np.uint8)
    pixels = Image.fromarray(colours[np.random.default_rng(3).integers(0, 4, (12, 10))])
    palette = pixels.quantize(4)
    exif = Image.Exif()
    exif[0x0112] = 6
    variants: list[tuple[str, Image.Image, dict[str, object]]] = [
        ("JPEG", pixels, {}),
        ("JPEG", pixels, {"progressive": True, "exif": exif}),
        ("JPEG", pixels.convert("CMYK"), {}),
        ("JPEG", pixels, {"icc_profile": WIDE}),
        ("PNG", pixels, {"exif": exif}),
        ("PNG", pixels, {"icc_profile": WIDE}),
        ("PNG", palette, {"transparency": 0}),
        ("PNG", pixels.convert("LA"), {}),
        ("GIF", palette, {}),
        ("WEBP", pixels, {"exif": exif}),
        ("WEBP", pixels, {"lossless": True}),
        ("AVIF", pixels, {}),
    ]
    bodies = []
    for kind, image, options in variants:
        target = io.BytesIO()
        image.save(target, kind, **options)
        bodies.append(target.getvalue())
    return bodies


def try_one(body: bytes) -> None:
    """The property: an upright RGB array within the caps, or a reason of one line."""
    try:
        pixels = decode(body, SIDE, SMALL)
    except PictureRefused as refused:
        assert refused.detail
        assert "\n" not in refused.detail
        return
    assert pixels.dtype == np.uint8
    assert pixels.ndim == 3
    assert pixels.shape[2] == 3
    assert pixels.size <= 3 * SMALL.max_pixels


def try_one_with_the_planted_bug(body: bytes) -> None:
    """As a careless reader would: an odd background or shape of pixel in the head of a whole GIF breaks it."""
    try_one(body)
    try:
        header = read_header(body, SMALL)
    except PictureRefused:
        return
    if header.mime == GIF and max(body[11:13]) > 100:
        raise Planted


def main() -> None:
    planted = "--planted" in sys.argv
    arguments = [argument for argument in sys.argv if argument != "--planted"]
    target = atheris.instrument_func(try_one_with_the_planted_bug) if planted else try_one
    atheris.Setup(arguments, target)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
