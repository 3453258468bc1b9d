"""Pictures that show cloth alone, or a part of a garment so close that the garment cannot be known."""

import random

import cv2
import numpy as np

from shops.pictures.fabrics import Cloth, cut_out, noise
from shops.pictures.painter import Painter, Picture, View
from shops.pictures.tailor import Look
from shops.pictures.wardrobe import cut


def texture(look: Look, dice: random.Random) -> Picture:
    """The look's cloth, filling the picture, under uneven light."""
    side, near = dice.choice((180, 240)), dice.choice((2, 3))
    light = 1 + 0.03 * cv2.resize(noise(4, 3, dice.randrange(100, 108)), (side, side))
    light += 0.03 * cv2.resize(noise(9, 7, dice.randrange(110, 114)), (side, side))
    grain = 0.05 * np.random.default_rng(dice.randrange(1 << 30)).standard_normal((side, side))
    cloth = Cloth(look.cloth.colour, look.cloth.second, look.pattern, look.weave)
    small = cut_out(cloth, (light + grain).astype(np.float32), (dice.randrange(500), dice.randrange(500)))
    return cv2.resize(small, None, fx=near, fy=near, interpolation=cv2.INTER_CUBIC)


CLOSE = {
    "top": ((0.0, 1.9), (0.2, 3.0), (-0.2, 2.5)),
    "outerwear": ((0.0, 2.0), (0.3, 3.0), (-0.2, 2.6)),
    "dress": ((0.0, 2.0), (0.1, 2.9), (0.0, 3.8)),
    "skirt": ((0.0, 3.3), (0.1, 4.2)),
    "trousers": ((0.0, 3.3), (0.3, 3.9)),
    "shorts": ((0.0, 3.3), (0.2, 3.7)),
    "shoes": ((0.5, 0.2), (-0.6, 0.2)),
    "bag": ((0.0, 0.1), (0.4, -0.4)),
    "hat": ((0.0, -0.1), (0.3, 0.0)),
    "eyewear": ((0.37, 0.0), (0.0, -0.1)),
}
"""Where the camera looks, in heads: collars, cuffs, pockets, hems."""


FILLED = 0.5
"""A close-up shows cloth on at least this share, or another place of the garment is tried."""


def close_up(look: Look, dice: random.Random) -> Picture:
    """A part of the garment, so large that it fills the picture."""
    width, height = dice.choice(((480, 640), (540, 540)))
    parts = cut(look, 0.25).flat
    scale = height * (1.5 if look.garment_class in {"hat", "eyewear"} else 0.75) * dice.uniform(0.9, 1.3)
    grey, seed = dice.choice((246, 238, 226)), dice.randrange(1000)
    places = list(CLOSE[look.garment_class])
    dice.shuffle(places)
    for x, y in places:
        painter = Painter(np.full((height, width, 3), grey, dtype=np.uint8), seed)
        painter.lay(parts, View(scale, width / 2 - x * scale, height / 2 - y * scale))
        if cv2.countNonZero(painter.touched) > FILLED * width * height:
            break
    return painter.canvas
