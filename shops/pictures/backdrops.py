"""What lies behind a garment: paper, boards, a sheet, a studio, a street."""

import random
from functools import lru_cache

import cv2
import numpy as np

from shops.pictures.fabrics import noise
from shops.pictures.painter import Picture

PLAIN = ("white", "paper", "gradient", "tinted")
TABLES = ("white", "paper", "tinted", "boards", "sheet", "marble")
ROOMS = ("white", "gradient", "studio", "street", "wall")

_TINTS = ((246, 244, 240), (235, 232, 226), (226, 232, 238), (240, 228, 222), (222, 230, 220), (244, 236, 214))


@lru_cache(maxsize=40)
def _painted(kind: str, width: int, height: int, number: int) -> np.ndarray:
    dice = random.Random(f"{kind}/{number}")  # noqa: S311
    return _PAINTED[kind](width, height, dice)


def backdrop(kind: str, width: int, height: int, dice: random.Random) -> Picture:
    """A fresh copy of a backdrop of that kind."""
    return _painted(kind, width, height, dice.randrange(6)).copy()


def _plain(width: int, height: int, colour: tuple[int, ...]) -> Picture:
    return np.full((height, width, 3), colour, dtype=np.uint8)


def _white(width: int, height: int, _dice: random.Random) -> Picture:
    return _plain(width, height, (255, 255, 255))


def _paper(width: int, height: int, dice: random.Random) -> Picture:
    return _lit(_plain(width, height, dice.choice(_TINTS)), dice, 0.03)


def _tinted(width: int, height: int, dice: random.Random) -> Picture:
    colour = tuple(round(base * dice.uniform(0.86, 1.0)) for base in dice.choice(_TINTS))
    return _lit(_plain(width, height, colour), dice, 0.04)


def _gradient(width: int, height: int, dice: random.Random) -> Picture:
    top, bottom = np.array(dice.choice(_TINTS), np.float32), np.array(dice.choice(_TINTS), np.float32) * 0.86
    share = np.linspace(0, 1, height, dtype=np.float32)[:, None, None]
    return np.broadcast_to(top + (bottom - top) * share, (height, width, 3)).astype(np.uint8)


def _lit(picture: np.ndarray, dice: random.Random, depth: float) -> Picture:
    """The picture under light that is stronger in one corner."""
    height, width = picture.shape[:2]
    light = 1 + depth * cv2.resize(noise(3, 3, dice.randrange(40, 48)), (width, height))
    grain = 0.008 * cv2.resize(noise(256, 256, 60), (width, height))
    return np.clip(picture * (light + grain)[..., None], 0, 255).astype(np.uint8)


def _boards(width: int, height: int, dice: random.Random) -> Picture:
    colour = np.array(dice.choice(((178, 138, 98), (208, 178, 142), (120, 88, 64), (226, 218, 206))), np.float32)
    plank = dice.randrange(70, 120)
    grain = cv2.resize(noise(4, 64, 50 + dice.randrange(4)), (height, width))
    grain = cv2.rotate(grain, cv2.ROTATE_90_CLOCKWISE) if grain.shape != (height, width) else grain
    light = 1 + 0.05 * grain
    for index, left in enumerate(range(0, width, plank)):
        light[:, left : left + plank] *= 1 + 0.05 * ((index * 7919) % 5 - 2) / 2
        light[:, left : left + 2] *= 0.62
    return _lit(np.clip(colour * light[..., None], 0, 255), dice, 0.05)


def _sheet(width: int, height: int, dice: random.Random) -> Picture:
    colour = np.array(dice.choice(((236, 234, 230), (206, 212, 222), (222, 206, 196))), np.float32)
    folds = cv2.resize(noise(9, 5, 70 + dice.randrange(5)), (width, height))
    slope = cv2.Sobel(folds, cv2.CV_32F, 1, 1, ksize=5)
    return np.clip(colour * (1 + 0.06 * slope / (slope.std() + 1e-6) * 0.6)[..., None], 0, 255).astype(np.uint8)


def _marble(width: int, height: int, dice: random.Random) -> Picture:
    vein = np.abs(cv2.resize(noise(6, 5, 80 + dice.randrange(4)), (width, height)))
    light = 1 - 0.08 * np.exp(-vein * 9) * cv2.resize(noise(3, 4, 90), (width, height)).clip(0, 1)
    return np.clip(np.array((240, 240, 238), np.float32) * light[..., None], 0, 255).astype(np.uint8)


def _studio(width: int, height: int, dice: random.Random) -> Picture:
    wall = np.array(dice.choice(_TINTS), np.float32) * dice.uniform(0.8, 0.98)
    picture = np.broadcast_to(wall, (height, width, 3)).copy()
    floor = int(height * dice.uniform(0.82, 0.9))
    picture[floor:] *= 0.9
    return _lit(cv2.GaussianBlur(picture, (0, 0), 14), dice, 0.05)


def _wall(width: int, height: int, dice: random.Random) -> Picture:
    picture = _tinted(width, height, dice).astype(np.float32)
    rows, columns = np.arange(height) // 22, np.arange(width)
    offset = (columns[None, :] + 26 * (rows[:, None] % 2)) % 52
    joint = (np.arange(height) % 22 < 2)[:, None] | (offset < 2)
    picture[joint] *= 0.9
    floor = int(height * 0.88)
    picture[floor:] = np.array(dice.choice(((150, 146, 140), (172, 160, 146))), np.float32)
    return _lit(cv2.GaussianBlur(picture, (0, 0), 1.2), dice, 0.06)


def _street(width: int, height: int, dice: random.Random) -> Picture:
    """Houses and a pavement out of focus."""
    picture = np.empty((height, width, 3), dtype=np.float32)
    picture[:] = dice.choice(((206, 218, 230), (222, 222, 220), (226, 214, 200)))
    left = 0
    while left < width:
        house = dice.randrange(width // 6, width // 3)
        grey = dice.randrange(100, 205)
        colour = [grey + dice.randrange(-22, 22) for _ in range(3)]
        top = dice.randrange(0, height // 3)
        picture[top:, left : left + house] = colour
        for y in range(top + 20, int(height * 0.7), 60):
            for x in range(left + 12, left + house - 24, 44):
                picture[y : y + 34, x : x + 22] = np.array(colour) * dice.uniform(0.5, 1.25)
        left += house
    picture[int(height * 0.8) :] = [dice.randrange(120, 170)] * 3
    return _lit(np.clip(cv2.GaussianBlur(picture, (0, 0), width / 45), 0, 255), dice, 0.05)


_PAINTED = {
    "white": _white, "paper": _paper, "tinted": _tinted, "gradient": _gradient, "boards": _boards, "sheet": _sheet,
    "marble": _marble, "studio": _studio, "wall": _wall, "street": _street,
}  # fmt: skip
