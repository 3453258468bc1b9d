"""Opens a customer's photo like the catalog's pictures: upright RGB at the smallest scale that is needed."""

import io
from pathlib import Path

import cv2
import numpy as np
import simplejpeg
from PIL import Image

from selvedge_searcher.errors import PhotoRefused
from selvedge_searcher.profiles import to_srgb

MAX_BYTES = 20 << 20
MAX_PIXELS = 64_000_000  # 200 MB as RGB
FORMATS = ("JPEG", "PNG", "WEBP", "AVIF", "GIF")
JPEG_FACTORS = (8, 4, 2)
"""Factors by which libjpeg-turbo can reduce while decoding."""
ORIENTATION = 0x0112
COLOUR_MODES = ("RGB", "RGBA", "P")
"""Modes whose colours an RGB profile speaks of."""
PROFILES_APPLIED, PROFILES_IGNORED = 2, 1
"""Revisions of how the catalog's pictures are opened."""


class Photo:
    """A photo from bytes, from a file, or from upright pixels (H, W, 3) uint8 sRGB.

    `revision`: how the catalog's pictures were opened.
    """

    def __init__(self, image: bytes | str | Path | np.ndarray, revision: int = PROFILES_APPLIED) -> None:
        self._opened: dict[int, np.ndarray] = {}
        self._pixels: np.ndarray | None = None
        if isinstance(image, np.ndarray):
            if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or 0 in image.shape:
                raise PhotoRefused(f"pixels must be (H, W, 3) uint8 RGB, not {image.shape} {image.dtype}")
            self._pixels = image
            return
        self._name = "the photo" if isinstance(image, bytes) else str(image)
        self._body = image if isinstance(image, bytes) else read(Path(image))
        _check_size(self._name, len(self._body))
        with self._header() as header:
            self._width, self._height = header.size
            self._is_plain_jpeg = header.format in ("JPEG", "MPO") and header.mode in ("L", "RGB")
            self._is_jpeg = header.format in ("JPEG", "MPO")
            if self._width * self._height > MAX_PIXELS:
                raise PhotoRefused(
                    f"{self._name} has {self._width} x {self._height} pixels, the limit is {MAX_PIXELS} in all"
                )
            self._orientation = _orientation(header)
            applied = revision == PROFILES_APPLIED and header.mode in COLOUR_MODES
            self._profile = header.info.get("icc_profile") if applied else None

    def pixels(self, side: int) -> np.ndarray:
        """(H, W, 3) uint8 RGB, reduced by a power of two while the shorter side still has `side` pixels."""
        if side not in self._opened:
            self._opened[side] = _shrunk(self._pixels, side) if self._pixels is not None else self._open(side)
        return self._opened[side]

    def _open(self, side: int) -> np.ndarray:
        factor = _factor(min(self._width, self._height), side)
        try:
            decoded = self._decoded_jpeg(factor) if self._is_plain_jpeg else self._decoded(factor)
        except Exception as error:  # hostile bytes make decoders raise nearly anything
            raise PhotoRefused(f"{self._name} cannot be decoded: {' '.join(str(error).split())[:200]}") from error
        return np.ascontiguousarray(_upright(to_srgb(_shrunk(decoded, side), self._profile), self._orientation))

    def _decoded_jpeg(self, factor: int) -> np.ndarray:
        factor = next((f for f in JPEG_FACTORS if f <= factor), 1)
        least = {"min_width": -(-self._width // factor), "min_height": -(-self._height // factor)}
        pixels: np.ndarray
        try:
            pixels = simplejpeg.decode_jpeg(self._body, "RGB", fastdct=True, fastupsample=True, **least)
        except ValueError as error:
            if "ICC marker" in str(error):  # parts of a profile are missing, no pixel
                body, strict = self._body.replace(b"ICC_PROFILE\0", b"_" * 12), True
            elif "extraneous bytes" in str(error):  # bytes too many harm no pixel
                body, strict = self._body, False
            else:
                raise
            pixels = simplejpeg.decode_jpeg(body, "RGB", fastdct=True, fastupsample=True, strict=strict, **least)
        return pixels

    def _decoded(self, factor: int) -> np.ndarray:
        with self._header() as image:
            if self._is_jpeg:
                image.draft(None, (self._width // factor, self._height // factor))
            image.load()
            return _rgb(image)

    def _header(self) -> Image.Image:
        try:
            return Image.open(io.BytesIO(self._body), formats=FORMATS)
        except Exception as error:
            raise PhotoRefused(f"{self._name} is not a picture of a supported format: {', '.join(FORMATS)}") from error


def read(path: Path) -> bytes:
    """The bytes of a photo, of which no more than the limit are read. Raises PhotoRefused with its name."""
    try:
        if path.exists() and not path.is_file():
            raise PhotoRefused(f"{path} cannot be read: it is no file")
        _check_size(str(path), path.stat().st_size)
        with path.open("rb") as file:
            body = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise PhotoRefused(f"{path} cannot be read: {error.strerror}") from error
    _check_size(str(path), len(body))  # it may have grown
    return body


def _check_size(name: str, size: int) -> None:
    if size > MAX_BYTES:
        raise PhotoRefused(f"{name} has {size} bytes, the limit is {MAX_BYTES}")


def _orientation(image: Image.Image) -> int:
    """EXIF orientation 1 to 8; 1 where there is none, or where EXIF is broken."""
    try:
        found = image.getexif().get(ORIENTATION)
    except Exception:
        return 1
    return found if isinstance(found, int) and 1 <= found <= 8 else 1


def _factor(shorter: int, side: int) -> int:
    factor = 1
    while shorter // (factor * 2) >= max(side, 1):
        factor *= 2
    return factor


def _rgb(image: Image.Image) -> np.ndarray:
    """16 bit scaled, palette and CMYK converted, alpha laid on white."""
    if image.mode.startswith("I"):
        grey = np.right_shift(np.asarray(image), 8).astype(np.uint8)
        return np.repeat(grey[:, :, None], 3, axis=2)
    if image.has_transparency_data:
        layer = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer)
    return np.asarray(image.convert("RGB"))


def _shrunk(pixels: np.ndarray, side: int) -> np.ndarray:
    height, width = pixels.shape[:2]
    factor = _factor(min(height, width), side)
    if factor == 1:
        return pixels
    return cv2.resize(pixels, (width // factor, height // factor), interpolation=cv2.INTER_AREA)


def _upright(pixels: np.ndarray, orientation: int) -> np.ndarray:
    """Turn and mirror as EXIF orientation says (JEITA CP-3451)."""
    if orientation >= 5:
        pixels = pixels.transpose(1, 0, 2)
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    return pixels
