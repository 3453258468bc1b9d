"""Brings a photo's pixels from the colours of its ICC profile to sRGB, exactly like the catalog's pictures."""

import io
from functools import lru_cache

import numpy as np
from PIL import Image, ImageCms

MAX_PROFILE_BYTES = 1 << 20
"""Profiles of screens and cameras have up to a few hundred kB. A larger one is ignored."""

SAME_LEVELS = 2
"""A profile that moves no channel of any colour by more (of 255) is sRGB under some name: it is skipped."""

LEAST_RANGE = 128
"""A profile that leaves less between the darkest and the brightest channel is broken: it is ignored."""

KNOWN_PROFILES = 16
"""Profiles whose conversion a process keeps: a shop's pictures have one or two."""

_STEPS = np.linspace(0, 255, 9).astype(np.uint8)
_GRID = np.stack(np.meshgrid(_STEPS, _STEPS, _STEPS), axis=-1).reshape(9, 81, 3)
_SRGB = ImageCms.createProfile("sRGB")


def to_srgb(pixels: np.ndarray, profile: bytes | None) -> np.ndarray:
    """(H, W, 3) uint8 RGB in sRGB. Pixels stay as they are without a profile, or with one that cannot be used.

    Profiles that are broken, too large, or for something else than RGB cannot be used.
    """
    if not profile or len(profile) > MAX_PROFILE_BYTES:
        return pixels
    conversion = _conversion(profile)
    return pixels if conversion is None else _converted(pixels, conversion)


@lru_cache(KNOWN_PROFILES)
def _conversion(profile: bytes) -> ImageCms.ImageCmsTransform | None:
    """LittleCMS's conversion to sRGB; None where there is nothing to convert, or no way to."""
    try:
        stated = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if stated.profile.xcolor_space != "RGB ":
            return None
        conversion = ImageCms.buildTransform(stated, _SRGB, "RGB", "RGB")
        after = _converted(_GRID, conversion).astype(np.int16)
    except Exception:  # hostile bytes: whatever LittleCMS or Pillow says of them
        return None
    moves = int(np.abs(after - _GRID).max()) > SAME_LEVELS
    return conversion if moves and np.ptp(after) >= LEAST_RANGE else None


def _converted(pixels: np.ndarray, conversion: ImageCms.ImageCmsTransform) -> np.ndarray:
    return np.asarray(conversion.apply(Image.fromarray(pixels)))
