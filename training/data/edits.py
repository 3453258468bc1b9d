"""What shops do to a picture before they show it again: the edits under which a copy has to be known."""

from collections.abc import Callable, Mapping

import cv2
import numpy as np

SAVED_AT = 90
"""JPEG quality at which every edit is saved, unless it is the edit."""

PADDING = 0.15
"""Of the side, at each side."""

BRIGHTER = 1.25

EVEN, LEAST_GROUND = 10, 0.15
"""A picture stands on even ground where at least this share of it, joined to its edge, is within so many steps."""

GROUND = (196, 178, 160)

Edit = Callable[[np.ndarray], np.ndarray | None]
"""Takes and gives (H, W, 3) uint8 RGB; None: the picture does not allow it."""


def saved(pixels: np.ndarray, quality: int = SAVED_AT) -> bytes:
    """The bytes of a JPEG."""
    body = cv2.imencode(".jpg", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return body.tobytes()


def _again(pixels: np.ndarray, quality: int) -> np.ndarray:
    again = cv2.imdecode(np.frombuffer(saved(pixels, quality), np.uint8), cv2.IMREAD_COLOR_RGB)
    assert again is not None
    return again


def _halved(pixels: np.ndarray) -> np.ndarray:
    return cv2.resize(pixels, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)


def _cropped(share: float) -> Edit:
    """Takes off a share of width and height, half of it at each side."""

    def crop(pixels: np.ndarray) -> np.ndarray:
        height, width = (round(side * share / 2) for side in pixels.shape[:2])
        return pixels[height : pixels.shape[0] - height, width : pixels.shape[1] - width]

    return crop


def _padded(grey: int) -> Edit:
    def pad(pixels: np.ndarray) -> np.ndarray:
        height, width = (round(side * PADDING) for side in pixels.shape[:2])
        return cv2.copyMakeBorder(pixels, height, height, width, width, cv2.BORDER_CONSTANT, value=(grey,) * 3)

    return pad


def _watermarked(pixels: np.ndarray) -> np.ndarray:
    """The name of a shop across the middle, half of it to be seen through."""
    height, width = pixels.shape[:2]
    text, font = "www.my-shop.example", cv2.FONT_HERSHEY_SIMPLEX
    (long, high), _ = cv2.getTextSize(text, font, 1.0, 2)
    scale = 0.9 * width / long
    over = pixels.copy()
    place = (round(0.05 * width), round(height / 2 + high * scale / 2))
    cv2.putText(over, text, place, font, scale, (128, 128, 128), max(2, round(3 * scale)), cv2.LINE_AA)
    return cv2.addWeighted(over, 0.5, pixels, 0.5, 0)


def _brighter(pixels: np.ndarray) -> np.ndarray:
    return cv2.convertScaleAbs(pixels, alpha=BRIGHTER)


def _on_another_ground(pixels: np.ndarray) -> np.ndarray | None:
    """The even ground that is joined to the edge, in another colour that fades downwards."""
    padded = cv2.copyMakeBorder(pixels, 1, 1, 1, 1, cv2.BORDER_REPLICATE)
    edge = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    padded[0] = padded[-1] = padded[:, 0] = padded[:, -1] = np.median(edge, axis=0).astype(np.uint8)
    mask = np.zeros((padded.shape[0] + 2, padded.shape[1] + 2), np.uint8)
    flags = cv2.FLOODFILL_FIXED_RANGE | cv2.FLOODFILL_MASK_ONLY | 4 | (1 << 8)
    cv2.floodFill(padded, mask, (0, 0), 0, (EVEN,) * 3, (EVEN,) * 3, flags)
    ground = mask[2:-2, 2:-2].astype(bool)
    if ground.mean() < LEAST_GROUND:
        return None
    fade = np.linspace(1.0, 0.85, len(pixels))[:, None, None] * np.array(GROUND)
    return np.where(ground[:, :, None], fade, pixels).astype(np.uint8)


EDITS: Mapping[str, Edit] = {
    "quality_50": lambda pixels: _again(pixels, 50),
    "half_size": _halved,
    "cropped_3": _cropped(0.03),
    "cropped_10": _cropped(0.10),
    "padded_white": _padded(255),
    "padded_grey": _padded(235),
    "watermarked": _watermarked,
    "brighter": _brighter,
    "flipped": lambda pixels: np.ascontiguousarray(pixels[:, ::-1]),
    "other_ground": _on_another_ground,
}
