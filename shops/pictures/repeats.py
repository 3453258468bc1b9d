"""Near copies, as shops make them: the same picture stored again, resized, cropped, padded, or marked."""

import random

import cv2
import numpy as np
from PIL import Image, ImageDraw

from shops.pictures.lettering import fitting
from shops.pictures.painter import Box, Picture

KINDS = ("re-encoded", "resized", "cropped", "padded", "watermarked")

Frame = tuple[float, float, float, float]
"""Left, top, width, height of the repeat within the original, in shares of the original; may reach beyond it."""


def repeat(picture: Picture, kind: str, mark: str, dice: random.Random) -> tuple[Picture, Frame]:
    """A near copy of the picture, and which part of it the copy shows."""
    height, width = picture.shape[:2]
    whole = (0.0, 0.0, 1.0, 1.0)
    if kind == "resized":
        share = dice.uniform(0.5, 0.8)
        size = (round(width * share), round(height * share))
        return cv2.resize(picture, size, interpolation=cv2.INTER_AREA), whole
    if kind == "cropped":
        left, top = (round(dice.uniform(0.0, 0.05) * side) for side in (width, height))
        right, bottom = (round(dice.uniform(0.95, 1.0) * side) for side in (width, height))
        frame = (left / width, top / height, (right - left) / width, (bottom - top) / height)
        return np.ascontiguousarray(picture[top:bottom, left:right]), frame
    if kind == "padded":
        extra = round(width * dice.uniform(0.04, 0.14))
        colour = dice.choice(((255, 255, 255), (244, 244, 244)))
        wide = cv2.copyMakeBorder(picture, extra, extra, extra, extra, cv2.BORDER_CONSTANT, value=colour)
        frame = (-extra / width, -extra / height, 1 + 2 * extra / width, 1 + 2 * extra / height)
        return wide, frame
    if kind == "watermarked":
        return _marked(picture, mark, dice), whole
    return picture, whole


def _marked(picture: Picture, mark: str, dice: random.Random) -> Picture:
    image = Image.fromarray(picture).convert("RGBA")
    layer = Image.new("RGBA", image.size, (255, 255, 255, 0))
    pen = ImageDraw.Draw(layer)
    width, height = image.size
    ink = (255, 255, 255, 120) if dice.random() < 0.5 else (60, 60, 60, 80)
    place = dice.choice(((0.5, 0.5), (0.5, 0.93), (0.75, 0.95)))
    room = width * (0.7 if place[0] == 0.5 else 0.4)
    pen.text(
        (width * place[0], height * place[1]), mark, font=fitting(mark, "sans", width // 9, room), fill=ink, anchor="mm"
    )
    return np.asarray(Image.alpha_composite(image, layer).convert("RGB"))


def reframed(box: Box, frame: Frame) -> Box:
    """Where a box of the original lies on the repeat."""
    left, top, width, height = frame
    x0, y0, x1, y1 = box
    moved = ((x0 - left) / width, (y0 - top) / height, (x1 - left) / width, (y1 - top) / height)
    clipped = tuple(min(1.0, max(0.0, value)) for value in moved)
    return clipped[0], clipped[1], clipped[2], clipped[3]
