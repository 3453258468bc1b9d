"""Photos that are hard to look at, drawn: each has to give vectors of length 1, or a reason."""

import io

import cv2
import numpy as np
from PIL import Image

PIXEL = (0.5, 0.5, 0.5 + 1 / 600, 0.5 + 1 / 800)
"""Of a picture of 600 x 800: one pixel."""
EDGE = (0.0, 0.4, 0.2, 1.0)
"""Where the figure is that the left border cuts."""


def ground(width: int = 600, height: int = 800) -> np.ndarray:
    """A lawn in the light: soft, without an edge."""
    across, down = np.meshgrid(np.linspace(0, 40, width), np.linspace(0, 60, height))
    noise = np.random.default_rng(4).integers(-9, 10, (height, width, 3))
    pixels = np.stack([90 + across, 150 + down, 70 + across / 2], axis=2) + noise
    return np.clip(pixels, 0, 255).astype(np.uint8)


def person(pixels: np.ndarray, left: int, top: int, height: int, colour: tuple[int, int, int]) -> None:
    """A figure in a shirt and trousers; what lies outside the picture is cut."""
    width = height // 4
    cv2.circle(pixels, (left + width // 2, top + height // 10), height // 12, (222, 184, 160), -1)
    cv2.rectangle(pixels, (left, top + height // 5), (left + width, top + height // 2), colour, -1)
    for leg in (left, left + width // 2 + 2):
        cv2.rectangle(pixels, (leg, top + height // 2), (leg + width // 2 - 2, top + height), (40, 50, 90), -1)


def twenty() -> np.ndarray:
    pixels = ground(1200, 900)
    for at in range(20):
        person(pixels, 20 + 118 * (at % 10), 20 + 440 * (at // 10), 400, (200, 9 * at, 250 - 12 * at))
    return pixels


def cut() -> np.ndarray:
    pixels = ground()
    person(pixels, -90, 250, 800, (190, 40, 40))
    return pixels


def body(pixels: np.ndarray) -> bytes:
    target = io.BytesIO()
    Image.fromarray(pixels).save(target, "JPEG", quality=90)
    return target.getvalue()


PHOTOS = {
    "no garment": ground(),
    "twenty people": twenty(),
    "a garment cut by the border": cut(),
    "grey": np.full((800, 600, 3), 128, np.uint8),
    "one pixel": np.full((1, 1, 3), 90, np.uint8),
}
BOXES = {"no garment": (0.0, 0.0, 1.0, 1.0), "a garment cut by the border": EDGE, "a box of one pixel": PIXEL}
