"""Wanted pictures: a garment flat, on a hanger, or several worn by a figure."""

import random
from dataclasses import dataclass

import cv2
import numpy as np

from shops.pictures.accessories import worn_shoes
from shops.pictures.backdrops import PLAIN, ROOMS, TABLES, backdrop
from shops.pictures.figure import ANKLES, Figure
from shops.pictures.geometry import points, smooth
from shops.pictures.painter import Box, Line, Painter, Part, Picture, Piece, View, box_of
from shops.pictures.tailor import METAL, Garment, Look
from shops.pictures.wardrobe import cut

SIZES = ((480, 640), (540, 720), (600, 600), (448, 640))
"""Width and height of a picture in pixels."""

DRESSING_ORDER = ("shoes", "trousers", "shorts", "skirt", "dress", "top", "outerwear", "bag", "eyewear", "hat")
"""From the skin outwards."""


@dataclass(frozen=True)
class Seen:
    """A garment on a picture."""

    look: Look
    box: Box


@dataclass(frozen=True)
class Scene:
    """A finished picture with what can be seen on it."""

    picture: Picture
    seen: tuple[Seen, ...]


def _fitted(parts: tuple[Part, ...], width: int, height: int, share: float, turn: float = 0.0) -> View:
    """The view in which the parts, turned by `turn` radians, fill `share` of the picture, in its middle."""
    outlines = [part.outline if isinstance(part, Piece) else part.spine for part in parts]
    turned = View(1.0, 0.0, 0.0, turn).pixels(np.concatenate(outlines))
    low, high = turned.min(0), turned.max(0)
    extent = np.maximum(high - low, 0.1)
    scale = float(share * min(width / extent[0], height / extent[1]))
    middle = (low + high) / 2 * scale
    return View(scale, width / 2 - float(middle[0]), height / 2 - float(middle[1]), turn)


def laid_flat(look: Look, dice: random.Random) -> Scene:
    """The garment alone on a table or on white."""
    width, height = dice.choice(SIZES)
    kind = dice.choice(TABLES) if dice.random() < 0.6 else "white"
    painter = Painter(backdrop(kind, width, height, dice), dice.randrange(1 << 20))
    parts = cut(look, dice.uniform(0.2, 0.75)).flat
    turn = dice.uniform(-0.14, 0.14) if dice.random() < 0.3 else 0.0
    view = _fitted(parts, width, height, dice.uniform(0.72, 0.9), turn)
    painter.shadow(parts, view, 0.08 if kind == "white" else 0.14, 0.22 if kind == "white" else 0.4)
    painter.lay(parts, view)
    return Scene(painter.canvas, _seen(painter, look))


def on_hanger(look: Look, dice: random.Random) -> Scene:
    """The garment on a hanger before a wall."""
    width, height = dice.choice(SIZES)
    painter = Painter(backdrop(dice.choice((*PLAIN, "wall")), width, height, dice), dice.randrange(1 << 20))
    garment = cut(look, 0.12)
    hook = smooth(points((0, 1.36), (0.0, 1.16), (0.12, 1.06), (0.06, 0.92), (-0.07, 0.98)), closed=False)
    hanger: tuple[Part, ...] = (
        Line(hook, METAL.colour, 0.05, 1.0),
        Line(points((-0.62, 1.58), (0, 1.36), (0.62, 1.58)), (150, 112, 76), 0.09, 1.0),
    )
    if look.garment_class in {"skirt", "trousers", "shorts"}:
        hanger = _clips()
    view = _fitted((*hanger, *garment.flat), width, height, dice.uniform(0.76, 0.92))
    painter.shadow(garment.flat, view, 0.22, 0.3)
    painter.lay(garment.behind, view)
    painter.lay(hanger, view)
    painter.forget()
    painter.lay(garment.flat if look.garment_class in {"skirt", "trousers", "shorts"} else garment.front, view)
    return Scene(painter.canvas, _seen(painter, look))


def _clips() -> tuple[Part, ...]:
    hook = smooth(points((0, 2.62), (0.0, 2.46), (0.12, 2.36), (0.06, 2.22), (-0.07, 2.28)), closed=False)
    bar = points((-0.42, 2.62), (0.42, 2.62))
    clips = [Line(points((x, 2.6), (x, 2.9)), METAL.colour, 0.09, 1.0) for x in (-0.34, 0.34)]
    return (Line(hook, METAL.colour, 0.05, 1.0), Line(bar, METAL.colour, 0.06, 1.0), *clips)


def _seen(painter: Painter, look: Look) -> tuple[Seen, ...]:
    box = box_of(painter.touched)
    return (Seen(look, box),) if box else ()


def worn(looks: tuple[Look, ...], dice: random.Random, whole: bool = False) -> Scene:
    """The garments together on a figure; boxes are of what the figure shows of each.

    The first look is what the picture is taken for: unless the figure is to be `whole`, the rest may be cut off.
    """
    width, height = dice.choice(SIZES[:2])
    painter = Painter(backdrop(dice.choice(ROOMS), width, height, dice), dice.randrange(1 << 20))
    figure = Figure.drawn(dice)
    view = _framed(looks[0], width, height, dice, whole or dice.random() < 0.55)
    painter.pool((0.0, 7.7), (0.9, 0.12), view)
    ordered = sorted(looks, key=lambda look: DRESSING_ORDER.index(look.garment_class))
    made = [(look, *_dressed(look, figure)) for look in ordered]
    painter.lay(figure.back(), view)
    for _look, garment, place in made:
        painter.lay(garment.behind, place.of(view))
    painter.lay(figure.body(), view)
    painter.lay(figure.arms(), view)
    laid: list[tuple[Look, np.ndarray]] = []
    headless = [entry for entry in made if entry[0].garment_class not in {"eyewear", "hat"}]
    _put_on(painter, headless, view, laid)
    painter.lay(figure.head(), view)
    for look, garment, place in made:  # collars lie over the neck
        if look.garment_class in {"top", "outerwear", "dress"}:
            painter.lay(_collar(garment), place.of(view))
    _put_on(painter, [entry for entry in made if entry[0].garment_class in {"eyewear", "hat"}], view, laid)
    return Scene(painter.canvas, _visible(laid))


FRAMES = {
    "top": (0.3, 4.4), "outerwear": (0.2, 5.2), "hat": (-0.7, 2.4), "eyewear": (-0.3, 2.2), "bag": (1.2, 6.4),
    "trousers": (2.2, 7.9), "shorts": (1.6, 6.2), "skirt": (2.0, 7.9), "dress": (0.2, 7.4), "shoes": (4.6, 7.95),
}  # fmt: skip
"""From which height to which, in heads, a picture shows the figure when it is taken for a garment of that class."""


def _framed(look: Look, width: int, height: int, dice: random.Random, whole: bool) -> View:
    top, bottom = (dice.uniform(-1.2, -0.75), 7.95) if whole else FRAMES[look.garment_class]
    scale = height / (bottom - top)
    return View(scale, width * dice.uniform(0.45, 0.55), -top * scale)


SHOWN = 0.25
"""A garment of which less than this share is left uncovered counts as not seen."""


def _visible(laid: list[tuple[Look, np.ndarray]]) -> tuple[Seen, ...]:
    """The garments with the boxes of what no later garment covers; `laid` holds their (H, W) masks in drawing order."""
    seen = []
    covered = np.zeros_like(laid[0][1])
    for look, mask in reversed(laid):
        bare = cv2.subtract(mask, covered)
        box = box_of(bare)
        if box and cv2.countNonZero(bare) > SHOWN * cv2.countNonZero(mask):
            seen.append(Seen(look, box))
        np.maximum(covered, mask, out=covered)
    return tuple(reversed(seen))


@dataclass(frozen=True)
class _Place:
    x: float = 0.0
    y: float = 0.0
    scale: float = 1.0
    turn: float = 0.0

    def of(self, view: View) -> View:
        return view.moved(self.x, self.y, self.scale, self.turn)


def _dressed(look: Look, figure: Figure) -> tuple[Garment, _Place]:
    """The garment as the figure wears it, and where it hangs."""
    match look.garment_class:
        case "shoes":
            return worn_shoes(look, *ANKLES), _Place()
        case "hat":
            return cut(look), _Place(0.0, 0.3, 0.95)
        case "eyewear":
            return cut(look), _Place(0.0, 0.54, 0.44)
        case "bag":
            x, y = figure.hands()
            drop = {"tote_bag": 1.15, "handbag": 1.0, "shoulder_bag": 0.8}.get(look.leaf, 0.45)
            scale = 0.62
            return cut(look), _Place(x + 0.06, y + drop * scale, scale)
        case _:
            return cut(look, figure.angle), _Place()


def _put_on(
    painter: Painter, made: list[tuple[Look, Garment, _Place]], view: View, laid: list[tuple[Look, np.ndarray]]
) -> None:
    for look, garment, place in made:
        painter.forget()
        painter.lay(garment.front, place.of(view))
        laid.append((look, painter.touched.copy()))


def _collar(garment: Garment) -> tuple[Part, ...]:
    """Collars and stands: the small parts at the neck, which close over the neck again after the head is drawn."""
    return tuple(
        part
        for part in garment.front
        if isinstance(part, Piece)
        and float(part.outline[:, 1].max()) < 1.95
        and abs(float(part.outline[:, 0].mean())) < 0.45
    )
