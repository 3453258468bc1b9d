"""A stored picture as a small data URI."""

import base64

import cv2

from udfs.pictures.decode import decode

JPEG_QUALITY = 72
"""A thumbnail of 132 pixels weighs about 4 kB."""


def thumbnail(body: bytes, side: int) -> str:
    """The picture with no side longer than `side`, as a data URI. Raises PictureRefused."""
    pixels = decode(body, side)
    scale = min(1.0, side / max(pixels.shape[:2]))
    size = max(1, round(pixels.shape[1] * scale)), max(1, round(pixels.shape[0] * scale))
    small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    _, encoded = cv2.imencode(".jpg", small[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    return "data:image/jpeg;base64," + base64.b64encode(encoded.tobytes()).decode()
