"""Decodes a picture's bytes to upright sRGB pixels, at the smallest scale that is needed."""

import sys

import cv2
import numpy as np
import simplejpeg
from PIL import Image

from schemas.rejects import Code
from udfs.pictures.inspect import JPEG, PROFILE, Header, Limits, PictureRefused, one_line, open_picture, read_header
from udfs.pictures.profiles import to_srgb

PIXELS_REVISION = 2
"""Raised when the same bytes give other pixels. 2: ICC profiles are applied.

It is part of the digest of every function over pixels, and the search tier reads it beside its encoder.
"""

ANY_SIZE = Limits(max_bytes=sys.maxsize, min_side=1)
"""Stored pictures have passed the fetcher's limits; this limit only guards the memory for their pixels."""

JPEG_FACTORS = (8, 4, 2)
"""What libjpeg-turbo reduces by inside the inverse DCT with SIMD; the scales between (3/8, 5/8 ...) are slower."""

NO_PROFILE = b"_" * len(PROFILE)
"""What libjpeg-turbo does not take for a profile: it refuses the whole picture if parts of one are missing."""

COLOUR_MODES = ("RGB", "RGBA", "P")
"""Pillow's modes whose colours an RGB profile speaks of; grey and CMYK are converted without one."""

KEPT_PIXELS = 1 << 20
"""Of a picture that was decoded whole: as many are kept for those who ask for another scale; a larger one is decoded
again, so that a few huge pictures do not fill the memory."""


class Opened:
    """A picture whose pixels several functions ask for. Each scale is decoded once; not for several threads at once.

    Raises `PictureRefused` as `decode` does: here for the file's structure, in `pixels` for the pixels.
    """

    def __init__(self, body: bytes, limits: Limits = ANY_SIZE) -> None:
        self._body, self._header = body, read_header(body, limits)
        self._decoded: dict[int, tuple[np.ndarray, bytes | None]] = {}
        self._made: dict[tuple[int, int], np.ndarray] = {}
        self._of_side: dict[int, np.ndarray] = {}

    def pixels(self, side: int) -> np.ndarray:
        """What `decode` gives for this side. Not to be written to."""
        if side not in self._of_side:
            self._of_side[side] = self._scaled(side)
        return self._of_side[side]

    def _scaled(self, side: int) -> np.ndarray:
        scale = self._scale(side)
        raw, profile = self._decoded.get(scale) or self._decode(scale)
        factor = _factor(min(raw.shape[:2]), side)
        if (scale, factor) not in self._made:
            shrunk = to_srgb(_shrink(raw, factor), profile)
            self._made[scale, factor] = np.ascontiguousarray(_upright(shrunk, self._header.orientation))
        return self._made[scale, factor]

    def _scale(self, side: int) -> int:
        """What the decoder itself divides both sides by."""
        if self._header.mime != JPEG:
            return 1
        factor = _factor(min(self._header.width, self._header.height), side)
        if self._header.channels == 4:
            return factor
        return next((known for known in JPEG_FACTORS if known <= factor), 1)

    def _decode(self, scale: int) -> tuple[np.ndarray, bytes | None]:
        header = self._header
        if header.mime == JPEG and header.channels != 4:
            raw = _decode_jpeg(self._body, header, scale)
            found = raw, header.profile if header.channels == 3 else None
        else:
            found = _decode_any(self._body, header, scale)
        if found[0].shape[0] * found[0].shape[1] <= KEPT_PIXELS:
            self._decoded[scale] = found
        return found


def decode(body: bytes, side: int, limits: Limits = ANY_SIZE) -> np.ndarray:
    """Decode the whole picture to (H, W, 3) uint8 sRGB: EXIF applied, alpha on white, the first frame of several.

    The scale is 1, 1/2, 1/4, ... : the smallest at which the shorter side still has `side` pixels; never enlarged.
    Raises `PictureRefused`: what `inspect` raises, PICTURE_TRUNCATED or PICTURE_DECODE where the pixels are damaged.
    """
    return Opened(body, limits).pixels(side)


def _factor(shorter: int, side: int) -> int:
    """The largest power of two by which the shorter side may be divided."""
    factor = 1
    while shorter // (factor * 2) >= max(side, 1):
        factor *= 2
    return factor


def _decode_jpeg(body: bytes, header: Header, factor: int) -> np.ndarray:
    """Grey and colour JPEG through libjpeg-turbo, reduced by 1, 2, 4 or 8 while decoding."""
    least = {"min_width": -(-header.width // factor), "min_height": -(-header.height // factor)}
    try:
        return simplejpeg.decode_jpeg(body, "RGB", fastdct=True, fastupsample=True, **least)
    except ValueError as error:
        if "Premature end" in str(error) or "premature end" in str(error):
            raise PictureRefused(Code.PICTURE_TRUNCATED, f"pixels are missing: {one_line(error)}") from error
        if "ICC marker" in str(error):
            return _decode_jpeg(body.replace(PROFILE, NO_PROFILE), header, factor)
        if "extraneous bytes" not in str(error):
            raise PictureRefused(Code.PICTURE_DECODE, one_line(error)) from error
    # bytes too many harm no pixel: every browser shows such a picture
    try:
        return simplejpeg.decode_jpeg(body, "RGB", fastdct=True, fastupsample=True, strict=False, **least)
    except ValueError as error:
        raise PictureRefused(Code.PICTURE_DECODE, one_line(error)) from error


def _decode_any(body: bytes, header: Header, factor: int) -> tuple[np.ndarray, bytes | None]:
    """Every other picture through Pillow, and the profile of its colours."""
    with open_picture(body, header.mime) as image:
        if image.size != (header.width, header.height):
            raise PictureRefused(
                Code.PICTURE_DECODE, f"the header has another size than the picture itself, {image.size}"
            )
        try:
            if header.mime == JPEG:
                image.draft(None, (header.width // factor, header.height // factor))
            image.load()
            profile = image.info.get("icc_profile") if image.mode in COLOUR_MODES else None
            return _rgb(image), profile
        except Exception as error:  # hostile bytes make Pillow's plug-ins raise nearly anything
            message = one_line(error)
            cut = "truncated" in message or "unexpected end" in message
            code = Code.PICTURE_TRUNCATED if cut else Code.PICTURE_DECODE
            raise PictureRefused(code, f"the {header.mime} cannot be decoded: {message}") from error


def _rgb(image: Image.Image) -> np.ndarray:
    """Any of Pillow's modes as (H, W, 3) uint8: 16 bit scaled, palette and CMYK converted, alpha laid on white."""
    if image.mode.startswith("I"):
        grey = np.right_shift(np.asarray(image), 8).astype(np.uint8)
        return np.repeat(grey[:, :, None], 3, axis=2)
    if image.has_transparency_data:
        layer = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer)
    return np.asarray(image.convert("RGB"))


def _shrink(pixels: np.ndarray, factor: int) -> np.ndarray:
    """Area average by what is left of the power of two after decoding."""
    if factor == 1:
        return pixels
    height, width = pixels.shape[:2]
    return cv2.resize(pixels, (width // factor, height // factor), interpolation=cv2.INTER_AREA)


def _upright(pixels: np.ndarray, orientation: int) -> np.ndarray:
    """Turn and mirror as EXIF orientation 1 to 8 says (JEITA CP-3451)."""
    if orientation >= 5:
        pixels = pixels.transpose(1, 0, 2)
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    return pixels
