"""Cloth as tiles of pixels: a colour, a pattern and a weave."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

TILE_PX = 512
"""Tiles are larger than most garments on a picture, so that the repeat is not seen."""

Colour = tuple[int, int, int]
"""RGB, 0..255."""

COLOURS: dict[str, Colour] = {
    "black": (30, 30, 34),
    "white": (244, 243, 240),
    "grey": (140, 143, 148),
    "navy": (32, 42, 82),
    "blue": (52, 98, 178),
    "light_blue": (152, 190, 226),
    "red": (192, 36, 46),
    "burgundy": (110, 26, 46),
    "pink": (233, 152, 178),
    "orange": (228, 124, 46),
    "yellow": (238, 206, 76),
    "green": (46, 120, 78),
    "khaki": (120, 117, 78),
    "beige": (214, 194, 162),
    "brown": (112, 72, 48),
    "purple": (114, 74, 144),
}

PATTERNS = (
    "plain", "stripes", "pinstripes", "check", "tartan", "dots", "floral", "zigzag", "melange", "camouflage", "print",
)  # fmt: skip


@dataclass(frozen=True)
class Cloth:
    """What a garment is made of. `weave` is one of WEAVES, `scale` the size of its pattern."""

    colour: Colour
    second: Colour
    pattern: str = "plain"
    weave: str = "plain"
    scale: float = 1.0


def _grid() -> tuple[np.ndarray, np.ndarray]:
    y, x = np.mgrid[0:TILE_PX, 0:TILE_PX].astype(np.float32)
    return x, y


@lru_cache(maxsize=32)
def noise(cells_x: int, cells_y: int, seed: int) -> np.ndarray:
    """Smooth noise, (TILE_PX, TILE_PX) float32, mean 0 and deviation 1, of `cells` bumps a side."""
    coarse = np.random.default_rng(seed).standard_normal((cells_y, cells_x)).astype(np.float32)
    wrapped = np.pad(coarse, 2, mode="wrap")  # so that the tile goes on without a seam
    size = round(TILE_PX * (cells_x + 4) / cells_x), round(TILE_PX * (cells_y + 4) / cells_y)
    left, top = round(TILE_PX * 2 / cells_x), round(TILE_PX * 2 / cells_y)
    fine = cv2.resize(wrapped, size, interpolation=cv2.INTER_CUBIC)[top : top + TILE_PX, left : left + TILE_PX]
    return (fine - fine.mean()) / (fine.std() + 1e-6)


def _whole(period: float) -> float:
    """The nearest period that fits the tile an even number of times."""
    return TILE_PX / (2 * max(1, round(TILE_PX / (2 * period))))


def _bands(position: np.ndarray, period: float, share: float) -> np.ndarray:
    """1 on `share` of every `period` pixels, 0 elsewhere, with soft edges of a pixel."""
    period = _whole(period)
    distance = np.abs((position / period) % 1 - 0.5) * period
    return np.clip(share * period / 2 - distance + 0.5, 0, 1)


def _stripes(scale: float) -> np.ndarray:
    return _bands(_grid()[1], 32 * scale, 0.5)


def _pinstripes(scale: float) -> np.ndarray:
    return _bands(_grid()[0], 20 * scale, 0.12)


def _check(scale: float) -> np.ndarray:
    x, y = _grid()
    return 0.5 * _bands(x, 28 * scale, 0.5) + 0.5 * _bands(y, 28 * scale, 0.5)


def _tartan(scale: float) -> np.ndarray:
    x, y = _grid()
    wide = 0.35 * (_bands(x, 64 * scale, 0.45) + _bands(y, 64 * scale, 0.45))
    thin = 0.5 * np.maximum(_bands(x + 32, 64 * scale, 0.07), _bands(y + 32, 64 * scale, 0.07))
    return np.clip(wide + thin, 0, 1)


def _dots(scale: float) -> np.ndarray:
    x, y = _grid()
    period = _whole(26 * scale)
    odd = np.floor(y / period) % 2
    dx, dy = ((x / period + odd / 2) % 1 - 0.5) * period, ((y / period) % 1 - 0.5) * period
    return np.clip(period * 0.24 - np.hypot(dx, dy) + 0.5, 0, 1)


def _floral(scale: float) -> np.ndarray:
    x, y = _grid()
    period = _whole(58 * scale)
    row = np.floor(y / period)
    dx = ((x / period + 0.5 * (row % 2)) % 1 - 0.5) * period + 3 * noise(9, 9, 3)
    dy = ((y / period) % 1 - 0.5) * period + 3 * noise(9, 9, 4)
    angle, radius = np.arctan2(dy, dx), np.hypot(dx, dy)
    petals = period * (0.2 + 0.11 * np.cos(5 * angle + row))
    leaf = np.hypot((dx - period * 0.34) * 1.0, (dy + period * 0.3) * 2.4)
    flower = np.clip(petals - radius + 0.5, 0, 1) - 0.7 * np.clip(period * 0.08 - radius + 0.5, 0, 1)
    return np.clip(flower + 0.55 * np.clip(period * 0.15 - leaf + 0.5, 0, 1), 0, 1)


def _zigzag(scale: float) -> np.ndarray:
    x, y = _grid()
    period = _whole(36 * scale)
    return _bands(y + np.abs((x / period) % 1 - 0.5) * period, 26 * scale, 0.42)


def _melange(scale: float) -> np.ndarray:
    grain = np.random.default_rng(5).random((TILE_PX, TILE_PX), dtype=np.float32)
    return 0.55 * cv2.GaussianBlur(grain, (0, 0), 0.8 * scale, sigmaY=0.6)


def _camouflage(scale: float) -> np.ndarray:
    cells = max(4, int(12 / scale))
    return np.clip(noise(cells, cells, 7) * 8, 0, 1) * 0.55 + np.clip((noise(cells, cells, 8) - 0.6) * 8, 0, 1) * 0.45


def _none(_scale: float) -> np.ndarray:
    return np.zeros((TILE_PX, TILE_PX), dtype=np.float32)


_PATTERN_OF: dict[str, Callable[[float], np.ndarray]] = {
    "plain": _none,
    "print": _none,
    "stripes": _stripes,
    "pinstripes": _pinstripes,
    "check": _check,
    "tartan": _tartan,
    "dots": _dots,
    "floral": _floral,
    "zigzag": _zigzag,
    "melange": _melange,
    "camouflage": _camouflage,
}


@lru_cache(maxsize=40)
def _share_of_second(pattern: str, scale: float) -> np.ndarray:
    """(TILE_PX, TILE_PX) float32: how much of the second colour shows."""
    return _PATTERN_OF[pattern](scale).astype(np.float32)


def _weave_plain() -> np.ndarray:
    grain = np.random.default_rng(11).standard_normal((TILE_PX, TILE_PX)).astype(np.float32)
    return 1 + 0.018 * cv2.GaussianBlur(grain, (0, 0), 0.7)


def _weave_knit() -> np.ndarray:
    x, y = _grid()
    stitch = (
        np.sin(x * 2 * np.pi / _whole(9)) * 0.075
        + np.sin((y + 3 * np.abs((x / _whole(9)) % 1 - 0.5) * 2) * 2 * np.pi / _whole(6)) * 0.05
    )
    return 1 + stitch


def _weave_rib() -> np.ndarray:
    x, _y = _grid()
    return 1 + 0.1 * np.sin(x * 2 * np.pi / _whole(12))


def _weave_denim() -> np.ndarray:
    x, y = _grid()
    grain = np.random.default_rng(13).standard_normal((TILE_PX, TILE_PX)).astype(np.float32)
    return (
        1
        + 0.05 * np.sin((x + 2 * y) * 2 * np.pi / 5)
        + 0.06 * cv2.GaussianBlur(grain, (0, 0), 0.8)
        + 0.05 * noise(5, 3, 14)
    )


def _weave_leather() -> np.ndarray:
    grain = np.random.default_rng(15).standard_normal((TILE_PX, TILE_PX)).astype(np.float32)
    return 1 + 0.1 * cv2.GaussianBlur(grain, (0, 0), 2.2) * 3 + 0.05 * noise(7, 7, 16)


def _weave_fleece() -> np.ndarray:
    grain = np.random.default_rng(17).standard_normal((TILE_PX, TILE_PX)).astype(np.float32)
    return 1 + 0.28 * cv2.GaussianBlur(grain, (0, 0), 1.8)


def _weave_smooth() -> np.ndarray:
    return np.ones((TILE_PX, TILE_PX))


def _weave_lace() -> np.ndarray:
    return 1 - 0.22 * _dots(0.45) + 0.1 * _floral(0.8)


WEAVES: dict[str, Callable[[], np.ndarray]] = {
    "plain": _weave_plain,
    "knit": _weave_knit,
    "rib": _weave_rib,
    "denim": _weave_denim,
    "leather": _weave_leather,
    "fleece": _weave_fleece,
    "lace": _weave_lace,
    "smooth": _weave_smooth,
}


@lru_cache(maxsize=len(WEAVES))
def _relief(weave: str) -> np.ndarray:
    return WEAVES[weave]().astype(np.float32)


def cut_out(cloth: Cloth, light: np.ndarray, place: tuple[int, int]) -> np.ndarray:
    """(H, W, 3) uint8 of the cloth, from `place` of its tile, under `light` ((H, W) float32; 1 is even)."""
    height, width = light.shape
    light = cv2.multiply(light, _window(_relief(cloth.weave), place, height, width))
    if cloth.pattern in {"plain", "print"}:
        return cv2.merge([cv2.convertScaleAbs(light, alpha=value) for value in cloth.colour])
    share = _window(_share_of_second(cloth.pattern, cloth.scale), place, height, width)
    channels = []
    for first, second in zip(cloth.colour, cloth.second, strict=True):
        mixed = cv2.addWeighted(share, float(second - first), share, 0.0, float(first))
        channels.append(cv2.multiply(mixed, light, dtype=cv2.CV_8U))
    return cv2.merge(channels)


def _window(tile: np.ndarray, place: tuple[int, int], height: int, width: int) -> np.ndarray:
    """A piece of the tile, which goes on without end."""
    top, left = place[0] % TILE_PX, place[1] % TILE_PX
    if top + height <= TILE_PX and left + width <= TILE_PX:
        return tile[top : top + height, left : left + width]
    rows, columns = (top + np.arange(height)) % TILE_PX, (left + np.arange(width)) % TILE_PX
    return tile[rows][:, columns]


def shaded(colour: Colour, factor: float) -> Colour:
    """The colour made darker (factor below 1) or lighter (above 1, towards white)."""
    if factor <= 1:
        red, green, blue = (round(value * factor) for value in colour)
    else:
        red, green, blue = (round(255 - (255 - value) / factor) for value in colour)
    return red, green, blue
