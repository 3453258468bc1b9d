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
    side = dice.choice((400, 480, 560))
    light = 1 + 0.07 * cv2.resize(noise(4, 3, dice.randrange(100, 108)), (side, side))
    light += 0.04 * cv2.resize(noise(9, 7, dice.randrange(110, 114)), (side, side))
    cloth = Cloth(look.cloth.colour, look.cloth.second, look.pattern, look.weave, dice.choice((1.0, 1.5, 2.0)))
    return cut_out(cloth, light.astype(np.float32), (dice.randrange(500), dice.randrange(500)))


CLOSE = {
    "top": ((0.0, 1.6), (0.0, 3.3), (1.1, 3.2)), "outerwear": ((0.0, 1.7), (0.3, 3.2), (1.2, 3.4)),
    "dress": ((0.0, 1.6), (0.2, 2.9)), "skirt": ((0.0, 2.95), (0.3, 4.4)), "trousers": ((0.1, 2.95), (0.35, 7.0)),
    "shorts": ((0.1, 2.95), (0.3, 4.4)), "shoes": ((0.5, 0.2), (-0.6, 0.2)), "bag": ((0.0, 0.1), (0.4, -0.4)),
    "hat": ((0.0, -0.1), (0.3, 0.0)), "eyewear": ((0.37, 0.0), (0.0, -0.1)),
}  # fmt: skip
"""Where the camera looks, in heads: collars, cuffs, pockets, hems."""


def close_up(look: Look, dice: random.Random) -> Picture:
    """A part of the garment, so large that it fills the picture."""
    width, height = dice.choice(((480, 640), (540, 540)))
    x, y = dice.choice(CLOSE[look.garment_class])
    scale = height * (1.5 if look.garment_class in {"hat", "eyewear"} else 0.75) * dice.uniform(0.9, 1.3)
    canvas = np.full((height, width, 3), dice.choice((246, 238, 226)), dtype=np.uint8)
    view = View(scale, width / 2 - x * scale, height / 2 - y * scale)
    painter = Painter(canvas, dice.randrange(1000))
    painter.lay(cut(look, 0.25).flat, view)
    return painter.canvas
