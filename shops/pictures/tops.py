"""Tops, outerwear and the upper part of dresses: a body, two sleeves, a neck and what closes it."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from shops.pictures.fabrics import COLOURS, shaded
from shops.pictures.geometry import Points, along, ellipse, flipped, mirrored, points, rounded, smooth, tube
from shops.pictures.painter import Line, Part, Piece
from shops.pictures.tailor import DARK, METAL, PALE, Garment, Look, seam

Turn = Callable[[Points], Points]
"""Leaves an outline on its side of the figure, or mirrors it to the other."""


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


CUTS: dict[str, Cut] = {
    "t_shirt": Cut((3.3, 3.7), 0.09, 0.08, 0.0, (0.26, 0.4), 0.44, ("crew", "vee", "scoop")),
    "polo": Cut((3.4, 3.7), 0.07, 0.07, 0.0, (0.28, 0.36), 0.42, ("collar",), "half"),
    "shirt": Cut((3.5, 3.9), 0.08, 0.07, 0.02, (0.95, 1.0), 0.36, ("collar",), "buttons", ("pocket", "cuffs")),
    "blouse": Cut((3.2, 3.6), 0.06, 0.02, 0.08, (0.5, 1.0), 0.44, ("vee", "bow", "scoop", "collar"), "buttons", ("gathers",)),
    "tank_top": Cut((3.2, 3.6), 0.02, 0.02, 0.02, (0.0, 0.0), 0.3, ("straps", "scoop")),
    "tunic": Cut((4.1, 4.5), 0.08, 0.08, 0.14, (0.5, 0.9), 0.42, ("vee", "scoop"), "none", ("gathers",)),
    "sweater": Cut((3.3, 3.7), 0.12, 0.12, -0.03, (1.0, 1.0), 0.44, ("crew", "vee", "turtle"), "none", ("hem", "cuffs")),
    "cardigan": Cut((3.4, 4.0), 0.12, 0.12, 0.0, (1.0, 1.0), 0.42, ("vee",), "buttons", ("hem", "cuffs", "pockets")),
    "hoodie": Cut((3.4, 3.7), 0.15, 0.15, -0.04, (1.0, 1.0), 0.46, ("hood",), "none", ("hem", "cuffs", "kangaroo")),
    "sweatshirt": Cut((3.35, 3.65), 0.14, 0.14, -0.04, (1.0, 1.0), 0.46, ("crew",), "none", ("hem", "cuffs")),
    "vest": Cut((3.3, 3.6), 0.06, 0.02, 0.02, (0.0, 0.0), 0.3, ("vee",), "buttons", ("points", "pockets")),
    "jacket": Cut((3.4, 3.8), 0.14, 0.12, 0.02, (1.0, 1.0), 0.44, ("stand", "collar"), "zip", ("pockets", "cuffs")),
    "blazer": Cut((3.75, 4.05), 0.1, 0.04, 0.06, (1.0, 1.0), 0.4, ("lapels",), "buttons", ("flaps",)),
    "denim_jacket": Cut((3.2, 3.45), 0.12, 0.1, -0.02, (1.0, 1.0), 0.42, ("collar",), "buttons", ("chest", "cuffs", "hem")),
    "leather_jacket": Cut((3.25, 3.55), 0.1, 0.06, 0.0, (1.0, 1.0), 0.4, ("lapels", "stand"), "zip", ("slits", "belt")),
    "down_jacket": Cut((3.5, 4.0), 0.24, 0.24, 0.0, (1.0, 1.0), 0.56, ("hood", "stand"), "zip", ("quilts", "slits")),
    "bomber_jacket": Cut((3.3, 3.5), 0.18, 0.18, -0.05, (1.0, 1.0), 0.5, ("stand",), "zip", ("hem", "cuffs", "slits")),
    "coat": Cut((5.0, 5.9), 0.14, 0.1, 0.16, (1.0, 1.0), 0.44, ("lapels",), "buttons", ("flaps",)),
    "trench_coat": Cut((4.9, 5.7), 0.13, 0.04, 0.2, (1.0, 1.0), 0.44, ("lapels",), "double", ("belt", "flaps", "cuffs")),
    "parka": Cut((4.2, 4.7), 0.2, 0.16, 0.06, (1.0, 1.0), 0.5, ("furhood",), "zip", ("flaps", "cord", "cuffs")),
    "dress": Cut((2.9, 2.95), 0.03, 0.02, 0.0, (0.0, 0.9), 0.38, ("vee", "scoop", "straps", "crew")),
    "jumpsuit": Cut((2.95, 3.0), 0.05, 0.03, 0.0, (0.0, 0.4), 0.38, ("vee", "collar", "straps"), "none"),
}  # fmt: skip

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
        return _half_width(self.hem, self.waist) + self.cut.flare * max(1.0, (self.hem - 2.85) * 0.6)


def _half_width(y: float, room: float) -> float:
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
    return Body(cut, dice.uniform(*cut.length), dice.uniform(*cut.sleeve), neck, depth, wide, cut.waist + straight)


def body_outline(body: Body) -> Points:
    """The body without sleeves, with the neck cut out of its upper edge."""
    cut, neck_y = body.cut, 1.36
    shoulder_x = 0.7 + cut.ease * 0.7 if body.sleeve else 0.56 + cut.ease * 0.5
    if body.neck == "straps":
        top = [
            (0.0, body.depth),
            (0.2, body.depth - 0.03),
            (body.wide, 1.44),
            (body.wide, 1.44),
            (0.46, 1.46),
            (0.46, 1.46),
        ]
    elif body.neck == "vee" or body.neck == "lapels":
        top = [
            (0.0, body.depth),
            (0.0, body.depth),
            (body.wide, neck_y),
            (body.wide, neck_y),
            (shoulder_x, 1.52),
            (shoulder_x, 1.52),
        ]
    else:
        middle = (body.wide * 0.72, (body.depth * 2 + neck_y) / 3 + 0.02)
        top = [
            (0.0, body.depth),
            middle,
            (body.wide, neck_y),
            (body.wide, neck_y),
            (shoulder_x, 1.52),
            (shoulder_x, 1.52),
        ]
    armpit = (_half_width(2.08, cut.ease), 2.1 + cut.ease * 0.5)
    side = [armpit, armpit, (_half_width(2.85, body.waist), 2.85)] if body.hem > 2.9 else [armpit, armpit]
    half, hem = body.hem_half, body.hem
    if hem > 3.7:
        side.append(((_half_width(2.85, body.waist) + half) / 2 + 0.04, (2.85 + hem) / 2))
    bottom = [(half, hem), (half, hem), (half * 0.5, hem + 0.035), (0.0, hem + 0.045)]
    return smooth(mirrored(points(*top, *side, *bottom)))


def sleeves(look: Look, body: Body, angle: float) -> tuple[Part, ...]:
    """Both sleeves with their cuffs, or nothing where the garment has none."""
    if body.sleeve < 0.1:
        return ()
    spine = along(arm_spine(angle), body.sleeve)
    start, end = body.cut.sleeve_width * 1.12, body.cut.sleeve_width * (0.95 if body.sleeve < 0.5 else 0.68)
    outline = _sleeve_outline(body, spine, (start, end))
    parts: list[Part] = []
    for turn in (lambda shape: shape, flipped):
        parts.append(Piece(turn(outline), look.cloth, 0.32, 0.06))
        elbow = spine[len(spine) // 2]
        fold = points((-0.12, -0.06), (0.02, 0.0), (0.13, -0.03)) + elbow
        if body.sleeve > 0.6:
            parts.append(Line(turn(smooth(fold, closed=False)), look.seam, 0.02, 0.35))
        parts += _cuff(look, body, spine, end, turn)
        if "quilts" in body.cut.extras:
            parts += [_across(look, spine, place, start, turn) for place in (0.25, 0.5, 0.75)]
    return tuple(parts)


def _sleeve_outline(body: Body, spine: Points, widths: tuple[float, float]) -> Points:
    """From the tip of the shoulder along the arm and back to the armpit, closed inside the body."""
    ease = body.cut.ease
    tip, armpit = (0.7 + ease * 0.7, 1.51), (_half_width(2.1, ease), 2.12 + ease * 0.5)
    rest = spine[2:]
    direction = np.gradient(spine, axis=0)[2:]
    across = np.stack([-direction[:, 1], direction[:, 0]], axis=1) / np.linalg.norm(direction, axis=1, keepdims=True)
    half = np.linspace(widths[0], widths[1], len(spine))[2:, None] / 2
    outer, inner = rest - across * half, rest + across * half
    corner = np.repeat(outer[-1:], 2, axis=0), np.repeat(inner[-1:], 2, axis=0)
    start = points((0.5, 1.5), (0.5, 1.5), tip)
    end = points(armpit, armpit, (0.45, 2.0), (0.45, 2.0))
    return smooth(np.concatenate([start, outer[:-1], *corner, inner[:-1][::-1], end]).astype(np.float32))


def _cuff(look: Look, body: Body, spine: Points, width: float, turn: Turn) -> list[Part]:
    direction = (spine[-1] - spine[-2]) / np.linalg.norm(spine[-1] - spine[-2])
    if "cuffs" in body.cut.extras:
        ends = np.stack([spine[-1] - direction * 0.16, spine[-1], spine[-1] + direction * 0.02])
        return [Piece(turn(tube(ends, [width * 1.02, width * 0.94, width * 0.92])), look.trim, 0.25, 0.02)]
    across = np.array([-direction[1], direction[0]]) * width / 2
    hem = np.stack([spine[-1] - direction * 0.07 + across, spine[-1] - direction * 0.07 - across]).astype(np.float32)
    return [Line(turn(smooth(hem, closed=False)), look.seam, 0.014, 0.5, stitches=True)]


def _across(look: Look, spine: Points, place: float, width: float, turn: Turn) -> Part:
    index = int(place * (len(spine) - 1))
    direction = spine[index + 1] - spine[index]
    across = np.array([-direction[1], direction[0]]) / np.linalg.norm(direction) * width * 0.46
    line = np.stack([spine[index] + across, spine[index] + direction * 0.3, spine[index] - across]).astype(np.float32)
    return Line(turn(smooth(line, closed=False)), look.seam, 0.03, 0.5)


def neckline(look: Look, body: Body) -> tuple[tuple[Part, ...], tuple[Part, ...]]:
    """What finishes the neck: the parts in front, and those behind the neck."""
    wide, depth = body.wide, body.depth
    back = Piece(
        smooth(mirrored(points((0, 1.3), (wide, 1.34), (wide, 1.34), (wide * 0.7, depth), (0.0, depth)))),
        look.lining,
        0.2,
        0.0,
    )
    edge = smooth(
        mirrored_line(points((0.0, depth), (wide * 0.72, (depth * 2 + 1.36) / 3 + 0.02), (wide, 1.36))), closed=False
    )
    match body.neck:
        case "crew" | "scoop":
            return (
                Line(edge, look.trim.colour, 0.075, 1.0),
                Line(edge + points((0, 0.05)), look.seam, 0.012, 0.5),
            ), (back,)
        case "vee":
            lines = mirrored_line(points((0.0, depth), (wide, 1.36)))
            return (Line(lines, look.trim.colour, 0.06, 0.9),), (back,)
        case "turtle":
            roll = rounded(-wide - 0.02, 1.1, wide + 0.02, 1.5, 0.1)
            return (Piece(roll, look.trim, 0.4, 0.04), seam(look, points((-wide, 1.28), (0, 1.31), (wide, 1.28)))), ()
        case "collar" | "bow":
            return _collar(look, depth, wide), (back,)
        case "stand":
            return (
                Piece(
                    smooth(
                        mirrored(
                            points(
                                (0.0, 1.22), (wide + 0.02, 1.2), (wide + 0.02, 1.2), (wide + 0.05, 1.42), (0.06, 1.56)
                            )
                        )
                    ),
                    look.trim,
                    0.3,
                    0.0,
                ),
            ), ()
        case "lapels":
            return _lapels(look, depth, wide), (back,)
        case "hood" | "furhood":
            return _hood(look, depth, wide, fur=body.neck == "furhood")
        case _:
            return (), (back,) if body.neck != "straps" else ()


def mirrored_line(right: Points) -> Points:
    """An open line over both halves, from the left end through the middle to the right end."""
    return np.concatenate([flipped(right)[::-1], right[1:]])


def _collar(look: Look, depth: float, wide: float) -> tuple[Part, ...]:
    leaf = points((0.0, depth - 0.02), (wide * 0.95, 1.28), (wide + 0.09, 1.4), (0.34, 1.82), (0.34, 1.82))
    both = [Piece(smooth(turn(leaf)), look.trim, 0.22, 0.0) for turn in (lambda shape: shape, flipped)]
    return tuple(both)


def _lapels(look: Look, depth: float, wide: float) -> tuple[Part, ...]:
    lapel = points(
        (0.0, depth + 0.05),
        (0.0, depth + 0.05),
        (wide + 0.02, 1.4),
        (wide + 0.2, 1.62),
        (0.5, 1.78),
        (0.5, 1.78),
        (0.3, 2.0),
    )
    collar = points(
        (wide * 0.8, 1.24), (wide + 0.06, 1.3), (wide + 0.24, 1.6), (wide + 0.24, 1.6), (0.33, 1.72), (wide * 0.7, 1.5)
    )
    parts: list[Part] = []
    for turn in (flipped, lambda shape: shape):
        parts += [Piece(smooth(turn(lapel)), look.cloth, 0.2, 0.0), Piece(smooth(turn(collar)), look.trim, 0.2, 0.0)]
    return tuple(parts)


def _hood(look: Look, depth: float, wide: float, fur: bool) -> tuple[tuple[Part, ...], tuple[Part, ...]]:
    behind = smooth(mirrored(points((0.0, 0.72), (0.36, 0.86), (0.52, 1.2), (0.46, 1.5), (0.0, 1.6))))
    inside = smooth(mirrored(points((0.0, 0.9), (0.28, 1.02), (0.34, 1.3), (0.22, 1.52), (0.0, depth + 0.06))))
    rim = mirrored_line(points((0.0, depth + 0.08), (0.26, 1.5), (0.36, 1.2)))
    back: tuple[Part, ...] = (Piece(behind, look.cloth, 0.4, 0.04), Piece(inside, look.lining, 0.3, 0.0))
    if fur:
        fluff = Piece(
            smooth(
                mirrored(
                    points(
                        (0.0, 0.66),
                        (0.46, 0.8),
                        (0.6, 1.2),
                        (0.4, 1.6),
                        (0.3, 1.5),
                        (0.4, 1.2),
                        (0.3, 0.95),
                        (0.0, 0.86),
                    )
                )
            ),
            PALE,
            0.3,
            0.12,
            0.2,
        )
        return (Line(smooth(rim, closed=False), PALE.colour, 0.1, 0.9),), (*back, fluff)
    cords = [Line(turn(points((0.1, depth + 0.02), (0.12, depth + 0.4), (0.11, depth + 0.62))), shaded(COLOURS[look.colour], 1.6), 0.03, 0.95)
             for turn in (lambda shape: shape, flipped)]  # fmt: skip
    return (Line(smooth(rim, closed=False), look.trim.colour, 0.1, 1.0), *cords), back


def opening(look: Look, body: Body) -> tuple[Part, ...]:
    """Buttons or a zip down the front."""
    top, bottom = body.depth + 0.02, body.hem + 0.03
    middle = points((0.0, top), (0.0, bottom))
    match body.cut.opening:
        case "buttons" | "half":
            bottom = top + 0.6 if body.cut.opening == "half" else bottom - 0.1
            count = 3 if body.cut.opening == "half" or body.neck == "lapels" else 6
            knob = METAL if look.leaf == "denim_jacket" else (PALE if sum(COLOURS[look.colour]) < 330 else DARK)
            places = np.linspace(top + 0.1, min(bottom, 3.6), count)
            holes = [Piece(ellipse((0.0, float(y)), (0.032, 0.032), 14), knob, 0.3, 0.0) for y in places]
            edges = [seam(look, middle + points((dx, 0)), 0.014) for dx in (-0.07, 0.07)]
            if body.cut.opening == "half":
                edges = [seam(look, points((dx, top), (dx, bottom)), 0.014) for dx in (-0.06, 0.06)]
            return (*edges, *holes)
        case "double":
            holes = [
                Piece(ellipse((x, float(y)), (0.04, 0.04), 14), DARK, 0.3, 0.0)
                for x in (-0.2, 0.2)
                for y in np.linspace(top + 0.15, 3.5, 4)
            ]
            return (seam(look, points((0.26, top - 0.2), (0.28, bottom)), 0.02), *holes)
        case "zip":
            return (
                Line(middle, shaded(COLOURS[look.colour], 0.6), 0.06, 0.8),
                Line(middle, METAL.colour, 0.022, 0.95, stitches=False),
            )
        case _:
            return ()


def extras(look: Look, body: Body) -> tuple[Part, ...]:
    """Pockets, bands, belts, quilting: what the cut names."""
    parts: list[Part] = []
    half, hem, wanted = body.hem_half, body.hem, body.cut.extras
    both = (lambda shape: shape, flipped)
    if "quilts" in wanted:
        for y in np.arange(1.8, hem, 0.3):
            x = _half_width(float(y), body.waist if y > 2.3 else body.cut.ease) - 0.01
            parts.append(
                Line(smooth(points((-x, y - 0.03), (0, y + 0.02), (x, y - 0.03)), closed=False), look.seam, 0.035, 0.55)
            )
    if "hem" in wanted:
        band = mirrored(
            points(
                (0.0, hem - 0.14),
                (half + 0.005, hem - 0.18),
                (half, hem),
                (half * 0.5, hem + 0.035),
                (0.0, hem + 0.045),
            )
        )
        parts.append(Piece(band, look.trim, 0.2, 0.02))
    else:
        parts.append(
            Line(
                smooth(points((-half, hem - 0.07), (0, hem - 0.02), (half, hem - 0.07)), closed=False),
                look.seam,
                0.014,
                0.5,
                stitches=True,
            )
        )
    if "pocket" in wanted and look.cut % 3:
        parts.append(Piece(rounded(0.16, 2.0, 0.46, 2.36, 0.05), look.cloth, 0.08, 0.0, 0.35))
    if "chest" in wanted:
        parts += [
            Piece(turn(points((0.16, 2.0), (0.46, 2.0), (0.46, 2.14), (0.31, 2.2), (0.16, 2.14))), look.trim, 0.1, 0.0)
            for turn in both
        ]
        parts += [seam(look, turn(points((0.2, 2.2), (0.26, hem - 0.2))), stitches=True) for turn in both]
    if "pockets" in wanted:
        parts += [
            Piece(turn(rounded(0.14, hem - 0.72, 0.46, hem - 0.3, 0.05)), look.cloth, 0.08, 0.0, 0.4) for turn in both
        ]
    if "flaps" in wanted:
        y = min(hem - 0.55, 3.45)
        parts += [Piece(turn(rounded(0.2, y, 0.52, y + 0.13, 0.03)), look.trim, 0.1, 0.0) for turn in both]
    if "slits" in wanted:
        parts += [seam(look, turn(points((0.5, 3.0), (0.36, 3.35))), 0.035) for turn in both]
    if "kangaroo" in wanted:
        pouch = mirrored(
            points((0.0, hem - 0.85), (0.3, hem - 0.85), (0.5, hem - 0.4), (0.5, hem - 0.18), (0.0, hem - 0.16))
        )
        parts.append(Piece(pouch, look.cloth, 0.1, 0.0, 0.5))
    if "belt" in wanted:
        y = 2.9
        x = _half_width(y, body.waist) + 0.01
        parts += [
            Piece(rounded(-x, y - 0.08, x, y + 0.08, 0.03), look.trim, 0.2, 0.0),
            Piece(rounded(-0.11, y - 0.1, 0.11, y + 0.1, 0.03), METAL, 0.2, 0.0),
        ]
    if "cord" in wanted:
        x = _half_width(2.9, body.waist)
        parts.append(seam(look, smooth(points((-x, 2.88), (0, 2.95), (x, 2.88)), closed=False), 0.03))
    if "gathers" in wanted:
        parts += [
            Line(
                smooth(points((x, hem - 0.9), (x * 1.1, hem - 0.4), (x * 1.05, hem)), closed=False),
                look.seam,
                0.02,
                0.25,
            )
            for x in (-0.35, -0.12, 0.15, 0.38)
        ]
    return tuple(parts)


def folds(look: Look, body: Body) -> tuple[Part, ...]:
    """Two creases from the armpits and, with a print, what is printed on the chest."""
    creases: list[Part] = []
    for turn in (lambda shape: shape, flipped):
        creases.append(
            Line(turn(smooth(points((0.52, 2.2), (0.36, 2.45), (0.3, 2.75)), closed=False)), look.seam, 0.022, 0.28)
        )
    if look.pattern == "print" and body.neck in {"crew", "vee", "scoop", "hood"}:
        colour = COLOURS[look.second]
        dice = look.dice()
        style = dice.choice(("disc", "bars", "square"))
        if style == "disc":
            creases += [
                Line(ellipse((0, 2.35), (0.26, 0.26)), colour, 0.06, 0.9, closed=True),
                Line(points((-0.2, 2.35), (0.2, 2.35)), colour, 0.1, 0.9),
            ]
        elif style == "bars":
            creases += [
                Line(points((-0.3, y), (0.3 - 0.1 * (i % 2), y)), colour, 0.08, 0.9)
                for i, y in enumerate((2.2, 2.34, 2.48))
            ]
        else:
            creases += [
                Line(rounded(-0.24, 2.1, 0.24, 2.6, 0.02), colour, 0.05, 0.9, closed=True),
                Line(points((-0.2, 2.52), (0, 2.2), (0.2, 2.52)), colour, 0.05, 0.9),
            ]
    return tuple(creases)


def upper(look: Look, angle: float) -> Garment:
    """A top or outer garment with its sleeves at `angle` from the body."""
    body = measured(look)
    front_neck, behind = neckline(look, body)
    main = Piece(body_outline(body), look.cloth, 0.3, 0.06)
    parts = (
        *sleeves(look, body, angle),
        main,
        *folds(look, body),
        *opening(look, body),
        *extras(look, body),
        *front_neck,
    )
    if body.neck == "turtle":
        parts = (*parts[: -len(front_neck)], *front_neck)
    return Garment(parts, behind)
