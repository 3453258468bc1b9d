"""How upper garments are cut: measures by leaf, and the body and arm that they are cut for."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from shops.pictures.geometry import Points, flipped, points, smooth
from shops.pictures.tailor import Look

Turn = Callable[[Points], Points]
"""Leaves an outline on its side of the figure, or mirrors it to the other."""


def _same(outline: Points) -> Points:
    return outline


BOTH: tuple[Turn, Turn] = (_same, flipped)
"""For what a garment has on both sides."""


@dataclass(frozen=True)
class Cut:
    """How an upper garment is made; lengths in heads, ranges are drawn from by the look's own chance."""

    length: tuple[float, float] = (3.35, 3.65)  # y of the hem
    ease: float = 0.06  # room beside the body
    waist: float = 0.02  # room at the waist, beside the body
    flare: float = 0.0  # widening of the hem
    sleeve: tuple[float, float] = (1.0, 1.0)  # share of the arm
    sleeve_width: float = 0.36
    necks: tuple[str, ...] = ("crew",)
    opening: str = "none"  # none, buttons, zip, open, double, half
    extras: tuple[str, ...] = ()


# fmt: off
CUTS: dict[str, Cut] = {
    "t_shirt": Cut((3.3, 3.7), 0.09, 0.08, 0.0, (0.26, 0.4), 0.44, ("crew", "vee", "scoop")),
    "polo": Cut((3.4, 3.7), 0.07, 0.07, 0.0, (0.28, 0.36), 0.42, ("collar",), "half"),
    "shirt": Cut((3.5, 3.9), 0.08, 0.07, 0.02, (0.95, 1.0), 0.36, ("collar",), "buttons", ("pocket", "cuffs")),
    "blouse": Cut((3.2, 3.6), 0.06, 0.02, 0.08, (0.5, 1.0), 0.44, ("vee", "bow", "scoop", "collar"), "buttons",
        ("gathers",)),
    "tank_top": Cut((3.2, 3.6), 0.02, 0.02, 0.02, (0.0, 0.0), 0.3, ("straps", "scoop")),
    "tunic": Cut((4.1, 4.5), 0.08, 0.08, 0.14, (0.5, 0.9), 0.42, ("vee", "scoop"), "none", ("gathers",)),
    "sweater": Cut((3.3, 3.7), 0.12, 0.12, -0.03, (1.0, 1.0), 0.44, ("crew", "vee", "turtle"), "none",
        ("hem", "cuffs")),
    "cardigan": Cut((3.4, 4.0), 0.12, 0.12, 0.0, (1.0, 1.0), 0.42, ("vee",), "buttons", ("hem", "cuffs", "pockets")),
    "hoodie": Cut((3.4, 3.7), 0.15, 0.15, -0.04, (1.0, 1.0), 0.46, ("hood",), "none", ("hem", "cuffs", "kangaroo")),
    "sweatshirt": Cut((3.35, 3.65), 0.14, 0.14, -0.04, (1.0, 1.0), 0.46, ("crew",), "none", ("hem", "cuffs")),
    "vest": Cut((3.3, 3.6), 0.06, 0.02, 0.02, (0.0, 0.0), 0.3, ("vee",), "buttons", ("points", "pockets")),
    "jacket": Cut((3.4, 3.8), 0.14, 0.12, 0.02, (1.0, 1.0), 0.44, ("stand", "collar"), "zip", ("pockets", "cuffs")),
    "blazer": Cut((3.75, 4.05), 0.1, 0.04, 0.06, (1.0, 1.0), 0.4, ("lapels",), "buttons", ("flaps",)),
    "denim_jacket": Cut((3.2, 3.45), 0.12, 0.1, -0.02, (1.0, 1.0), 0.42, ("collar",), "buttons",
        ("chest", "cuffs", "hem")),
    "leather_jacket": Cut((3.25, 3.55), 0.1, 0.06, 0.0, (1.0, 1.0), 0.4, ("lapels", "stand"), "zip",
        ("slits", "belt")),
    "down_jacket": Cut((3.5, 4.0), 0.24, 0.24, 0.0, (1.0, 1.0), 0.56, ("hood", "stand"), "zip", ("quilts", "slits")),
    "bomber_jacket": Cut((3.3, 3.5), 0.18, 0.18, -0.05, (1.0, 1.0), 0.5, ("stand",), "zip",
        ("hem", "cuffs", "slits")),
    "coat": Cut((5.0, 5.9), 0.14, 0.1, 0.16, (1.0, 1.0), 0.44, ("lapels",), "buttons", ("flaps",)),
    "trench_coat": Cut((4.9, 5.7), 0.13, 0.04, 0.2, (1.0, 1.0), 0.44, ("lapels",), "double",
        ("belt", "flaps", "cuffs")),
    "parka": Cut((4.2, 4.7), 0.2, 0.16, 0.06, (1.0, 1.0), 0.5, ("furhood",), "zip", ("flaps", "cord", "cuffs")),
    "dress": Cut((2.9, 2.95), 0.03, 0.02, 0.0, (0.0, 0.9), 0.38, ("vee", "scoop", "straps", "crew")),
    "jumpsuit": Cut((2.95, 3.0), 0.05, 0.03, 0.0, (0.0, 0.4), 0.38, ("vee", "collar", "straps"), "none"),
}
# fmt: on

FITTED = {"blouse", "blazer", "vest", "dress", "jumpsuit", "trench_coat", "leather_jacket"}
"""Narrow at the waist; the others fall from there to straight."""

SHOULDER = points((0.62, 1.68))[0]
ARM = 2.45
"""Length of an arm to the wrist, in heads."""


def arm_spine(angle: float) -> Points:
    """Shoulder to wrist; `angle` in radians from hanging straight down, with a slight bend at the elbow."""
    elbow = SHOULDER + ARM * 0.52 * np.array([np.sin(angle), np.cos(angle)])
    wrist = elbow + ARM * 0.48 * np.array([np.sin(angle * 0.75), np.cos(angle * 0.75)])
    return smooth(np.stack([SHOULDER, elbow, wrist]).astype(np.float32), closed=False, steps=4)


@dataclass(frozen=True)
class Body:
    """Measures of one upper garment, after the dice have fallen."""

    cut: Cut
    hem: float
    sleeve: float
    neck: str
    depth: float  # y of the neck's lowest point
    wide: float  # half width of the neck
    waist: float  # room at the waist, from fitted to straight

    @property
    def hem_half(self) -> float:
        """Half width of the hem."""
        return half_width(self.hem, self.waist) + self.cut.flare * max(1.0, (self.hem - 2.85) * 0.6)


def half_width(y: float, room: float) -> float:
    """Half width of the body at height y, with room."""
    return float(np.interp(y, [1.5, 2.05, 2.85, 3.6, 5.5], [0.68, 0.58, 0.46, 0.6, 0.62])) + room


def measured(look: Look) -> Body:
    """The measures of the look."""
    cut, dice = CUTS[look.leaf], look.dice()
    neck = dice.choice(cut.necks)
    depth = {"vee": 2.0, "scoop": 1.75, "lapels": 2.3, "straps": 1.95, "bow": 1.6}.get(neck, 1.52) + dice.uniform(
        -0.05, 0.08
    )
    if look.leaf in {"cardigan", "vest"}:
        depth += 0.25
    wide = {"straps": 0.36, "scoop": 0.34, "turtle": 0.22}.get(neck, 0.26)
    straight = dice.uniform(0.0, 0.05) if look.leaf in FITTED else dice.uniform(0.04, 0.16)
    sleeve = dice.uniform(*cut.sleeve) if neck != "straps" else 0.0  # nothing to sew a sleeve to
    return Body(cut, dice.uniform(*cut.length), sleeve, neck, depth, wide, cut.waist + straight)
