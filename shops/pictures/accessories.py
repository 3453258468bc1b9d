"""Shoes, bags, hats and eyewear, each in heads of its own: a middle near (0, 0) and about one to two heads large."""

import numpy as np

from shops.pictures.fabrics import COLOURS, Cloth, shaded
from shops.pictures.geometry import Points, ellipse, flipped, mirrored, points, rounded, smooth
from shops.pictures.painter import Line, Part, Piece
from shops.pictures.tailor import DARK, METAL, PALE, Garment, Look, seam


def shifted(parts: tuple[Part, ...], dx: float, dy: float) -> tuple[Part, ...]:
    """The same parts elsewhere."""
    step = np.array([dx, dy], dtype=np.float32)
    return tuple(
        Piece(part.outline + step, part.cloth, part.swell, part.creases, part.edge, part.opacity)
        if isinstance(part, Piece)
        else Line(part.spine + step, part.colour, part.width, part.opacity, part.closed, part.stitches)
        for part in parts
    )


def _sole(look: Look) -> Cloth:
    return PALE if look.leaf == "sneakers" and look.cut % 4 else DARK


def _sneaker(look: Look) -> tuple[Part, ...]:
    upper = smooth(
        points(
            (-1.0, 0.28), (-1.02, -0.05), (-0.92, -0.42), (-0.92, -0.42), (-0.66, -0.36), (-0.42, -0.44),
            (-0.42, -0.44), (-0.05, -0.2), (0.45, -0.02), (0.9, 0.08), (1.02, 0.28), (1.02, 0.28),
        )
    )  # fmt: skip
    sole = smooth(
        points(
            (-1.06, 0.24),
            (-1.06, 0.24),
            (0.0, 0.28),
            (1.06, 0.22),
            (1.06, 0.22),
            (1.04, 0.42),
            (0.9, 0.46),
            (-0.98, 0.46),
        )
    )
    toe = smooth(points((0.62, 0.04), (0.92, 0.08), (1.03, 0.27), (1.03, 0.27), (0.55, 0.28)))
    stripe = smooth(points((-0.45, 0.2), (0.0, 0.05), (0.3, -0.1)), closed=False)
    laces = [
        Line(
            points((-0.28 + 0.16 * i, -0.34 + 0.07 * i), (-0.14 + 0.16 * i, -0.16 + 0.07 * i)), PALE.colour, 0.045, 0.95
        )
        for i in range(4)
    ]
    heel = smooth(points((-1.0, 0.26), (-1.02, -0.05), (-0.92, -0.4), (-0.8, -0.1), (-0.78, 0.26)))
    return (
        Piece(upper, look.cloth, 0.3, 0.03), Piece(toe, look.trim, 0.3, 0.0), Piece(heel, look.trim, 0.25, 0.0),
        Line(stripe, COLOURS[look.second], 0.09, 0.9), *laces, Piece(sole, _sole(look), 0.2, 0.0),
    )  # fmt: skip


def _boot(look: Look) -> tuple[Part, ...]:
    tall = 0.7 + 0.25 * (look.cut % 5)
    shaft = smooth(
        points(
            (-0.98, 0.3), (-0.98, -0.2), (-0.96, -tall), (-0.96, -tall), (-0.28, -tall + 0.03), (-0.28, -tall + 0.03),
            (-0.26, -0.35), (0.2, -0.1), (0.8, 0.02), (1.0, 0.3), (1.0, 0.3),
        )
    )  # fmt: skip
    sole = points((-1.02, 0.28), (1.04, 0.28), (1.02, 0.4), (-0.45, 0.4), (-0.48, 0.55), (-1.0, 0.55))
    opening = ellipse((-0.62, -tall + 0.015), (0.34, 0.05))
    crease = smooth(points((-0.3, -0.25), (-0.55, -0.12), (-0.75, -0.18)), closed=False)
    return (
        Piece(shaft, look.cloth, 0.4, 0.06),
        Piece(opening, look.lining, 0.1, 0.0),
        seam(look, crease),
        Piece(sole, DARK, 0.2, 0.0),
    )


def _pump(look: Look) -> tuple[Part, ...]:
    upper = smooth(
        points(
            (-0.95, 0.0), (-0.98, -0.4), (-0.98, -0.4), (-0.8, -0.34), (-0.45, 0.02), (0.1, 0.2), (0.5, 0.2),
            (1.02, 0.42), (1.02, 0.42), (0.5, 0.47), (0.0, 0.4), (-0.5, 0.16),
        )
    )  # fmt: skip
    heel = points((-0.97, -0.1), (-0.7, 0.06), (-0.84, 0.48), (-0.92, 0.48))
    return (
        Piece(heel, look.trim, 0.3, 0.0),
        Piece(upper, look.cloth, 0.35, 0.0),
        Line(points((0.0, 0.43), (0.55, 0.49), (1.0, 0.46)), DARK.colour, 0.035, 0.9),
    )


def _sandal(look: Look) -> tuple[Part, ...]:
    sole = smooth(
        points(
            (-1.0, 0.2),
            (-1.0, 0.2),
            (-0.4, 0.26),
            (0.2, 0.36),
            (1.02, 0.34),
            (1.02, 0.34),
            (1.0, 0.46),
            (-1.0, 0.46),
            (-1.0, 0.46),
        )
    )
    straps = (
        points((0.35, 0.36), (0.5, 0.05), (0.72, -0.02), (0.85, 0.34), (0.7, 0.36), (0.6, 0.16)),
        points((-0.4, 0.28), (-0.3, -0.1), (-0.1, -0.14), (0.1, 0.3), (-0.05, 0.3), (-0.18, 0.06)),
    )
    ankle = Line(
        smooth(points((-0.95, 0.2), (-0.85, -0.3), (-0.4, -0.36), (-0.3, -0.1)), closed=False),
        COLOURS[look.colour],
        0.1,
        1.0,
    )
    return (ankle, *(Piece(smooth(strap), look.cloth, 0.3, 0.0) for strap in straps), Piece(sole, look.trim, 0.2, 0.0))


def _loafer(look: Look) -> tuple[Part, ...]:
    upper = smooth(
        points(
            (-1.0, 0.3),
            (-1.02, 0.0),
            (-0.95, -0.3),
            (-0.95, -0.3),
            (-0.5, -0.12),
            (-0.15, -0.2),
            (-0.15, -0.2),
            (0.5, 0.0),
            (1.0, 0.16),
            (1.02, 0.32),
            (1.02, 0.32),
        )
    )
    strap = smooth(points((-0.05, -0.18), (0.2, -0.1), (0.1, 0.26), (-0.2, 0.26)))
    sole = points((-1.04, 0.28), (1.05, 0.28), (1.02, 0.38), (-0.45, 0.38), (-0.47, 0.47), (-1.02, 0.47))
    return (Piece(upper, look.cloth, 0.35, 0.02), Piece(strap, look.trim, 0.2, 0.0), Piece(sole, DARK, 0.2, 0.0))


_SHOE = {"sneakers": _sneaker, "boots": _boot, "pumps": _pump, "sandals": _sandal, "loafers": _loafer}


def shoes(look: Look) -> Garment:
    """A pair, seen from the side, one a little behind the other."""
    one = _SHOE[look.leaf](look)
    return Garment((*shifted(one, 0.22, -0.3), *shifted(one, -0.12, 0.12)))


def worn_shoes(look: Look, left: tuple[float, float], right: tuple[float, float]) -> Garment:
    """A pair seen from the front on feet whose ankles are at `left` and `right`."""
    parts: list[Part] = []
    for x, y in (left, right):
        side = np.sign(x)
        foot = smooth(
            points(
                (x - 0.13, y - 0.12),
                (x + 0.13, y - 0.12),
                (x + 0.15 + 0.08 * side, y + 0.3),
                (x + 0.05 * side, y + 0.44),
                (x - 0.15 + 0.08 * side, y + 0.3),
            )
        )
        if look.leaf == "boots":
            tall = 0.4 + 0.2 * (look.cut % 5)
            parts.append(Piece(rounded(x - 0.17, y - tall, x + 0.17, y + 0.1, 0.05), look.cloth, 0.35, 0.04))
        parts.append(Piece(foot, look.cloth, 0.3, 0.0))
        sole = smooth(
            points((x - 0.15 + 0.08 * side, y + 0.33), (x + 0.05 * side, y + 0.44), (x + 0.15 + 0.08 * side, y + 0.33)),
            closed=False,
        )
        parts.append(Line(sole, _sole(look).colour, 0.07, 1.0))
        if look.leaf == "sneakers":
            parts += [
                Line(points((x - 0.07, y + dy), (x + 0.07, y + dy)), PALE.colour, 0.03, 0.9) for dy in (0.0, 0.08, 0.16)
            ]
    return Garment(tuple(parts))


def _handle(half: float, top: float, y: float) -> Points:
    return smooth(
        points((-half, y), (-half * 0.9, top + 0.12), (0.0, top), (half * 0.9, top + 0.12), (half, y)), closed=False
    )


def _tote(look: Look) -> tuple[Part, ...]:
    body = smooth(mirrored(points((0, -0.5), (0.72, -0.5), (0.72, -0.5), (0.66, 0.9), (0.66, 0.9), (0, 0.92))))
    back, front = (Line(_handle(0.36, top, -0.42), look.trim.colour, 0.1, 1.0) for top in (-1.25, -1.12))
    return (
        back,
        Piece(body, look.cloth, 0.25, 0.05),
        front,
        seam(look, points((-0.7, -0.4), (0.7, -0.4)), stitches=True),
    )


def _backpack(look: Look) -> tuple[Part, ...]:
    body = smooth(mirrored(points((0, -0.95), (0.45, -0.88), (0.66, -0.5), (0.7, 0.7), (0.6, 0.9), (0, 0.93))))
    strap = smooth(points((0.5, -0.7), (0.86, -0.2), (0.72, 0.7)), closed=False)
    straps = [Line(side, look.trim.colour, 0.14, 1.0) for side in (strap, flipped(strap))]
    loop = Line(_handle(0.16, -1.18, -0.9), look.trim.colour, 0.08, 1.0)
    pocket = Piece(rounded(-0.5, 0.12, 0.5, 0.76, 0.16), look.trim, 0.25, 0.0)
    arch = smooth(points((-0.55, -0.35), (0.0, -0.75), (0.55, -0.35)), closed=False)
    zips = (Line(arch, DARK.colour, 0.035, 0.8), Line(points((-0.42, 0.26), (0.42, 0.26)), METAL.colour, 0.03, 0.9))
    return (*straps, loop, Piece(body, look.cloth, 0.4, 0.04), pocket, *zips)


def _clutch(look: Look) -> tuple[Part, ...]:
    body = Piece(rounded(-0.95, -0.5, 0.95, 0.5, 0.08), look.cloth, 0.25, 0.02)
    flap = Piece(points((-0.93, -0.49), (0.93, -0.49), (0.0, 0.18)), look.trim, 0.15, 0.0)
    return (body, flap, Piece(ellipse((0, 0.12), (0.07, 0.07)), METAL, 0.4, 0.0))


def _with_flap(look: Look, wide: float, strap: Line) -> tuple[Part, ...]:
    side = wide - 0.14
    body = smooth(
        mirrored(points((0, -0.42), (side, -0.42), (side, -0.42), (wide, 0.72), (wide - 0.05, 0.78), (0, 0.8)))
    )
    flap = smooth(
        mirrored(
            points((0, -0.43), (side + 0.02, -0.43), (side + 0.02, -0.43), (side + 0.06, 0.1), (side, 0.22), (0, 0.28))
        )
    )
    clasp = Piece(rounded(-0.08, 0.16, 0.08, 0.32, 0.03), METAL, 0.3, 0.0)
    return (strap, Piece(body, look.cloth, 0.35, 0.04), Piece(flap, look.trim, 0.2, 0.0), clasp)


def _handbag(look: Look) -> tuple[Part, ...]:
    return _with_flap(look, 0.85, Line(_handle(0.4, -1.05, -0.35), look.trim.colour, 0.1, 1.0))


def _shoulder_bag(look: Look) -> tuple[Part, ...]:
    return _with_flap(look, 0.7, Line(_handle(0.66, -2.0, -0.3), look.trim.colour, 0.05, 1.0))


_BAG = {
    "tote_bag": _tote,
    "backpack": _backpack,
    "clutch": _clutch,
    "handbag": _handbag,
    "shoulder_bag": _shoulder_bag,
}


def bag(look: Look) -> Garment:
    """A tote, handbag, shoulder bag, backpack or clutch, from the front."""
    return Garment(_BAG[look.leaf](look))


def _cap(look: Look) -> tuple[Part, ...]:
    crown = smooth(mirrored(points((0, -0.6), (0.3, -0.53), (0.43, -0.25), (0.42, 0.0), (0.42, 0.0), (0, 0.03))))
    peak = smooth(
        points(
            (-0.4, -0.03),
            (-0.4, -0.03),
            (0.0, -0.1),
            (0.4, -0.03),
            (0.4, -0.03),
            (0.44, 0.1),
            (0.0, 0.22),
            (-0.44, 0.1),
        )
    )
    seams = [seam(look, smooth(points((0, -0.6), (x, -0.3), (x * 1.15, -0.02)), closed=False)) for x in (-0.2, 0.2)]
    knob = Piece(ellipse((0, -0.6), (0.045, 0.03)), look.trim, 0.2, 0.0)
    return (Piece(crown, look.cloth, 0.35, 0.02), *seams, knob, Piece(peak, look.trim, 0.3, 0.0))


def _knit_cap(look: Look) -> tuple[Part, ...]:
    dome = smooth(mirrored(points((0, -0.66), (0.26, -0.58), (0.42, -0.3), (0.43, -0.05), (0, -0.03))))
    band = mirrored(points((0, -0.14), (0.44, -0.17), (0.44, -0.17), (0.45, 0.06), (0.45, 0.06), (0, 0.09)))
    bobble = (Piece(ellipse((0, -0.76), (0.15, 0.15)), look.trim, 0.3, 0.12),) if look.cut % 2 else ()
    return (*bobble, Piece(dome, look.cloth, 0.35, 0.04), Piece(smooth(band), look.trim, 0.25, 0.02))


def _brimmed(look: Look) -> tuple[Part, ...]:
    brim = ellipse((0, -0.02), (0.75 + 0.12 * (look.cut % 4), 0.17))
    crown = mirrored(points((0, -0.56), (0.22, -0.6), (0.34, -0.5), (0.4, -0.06), (0.4, -0.06), (0, 0.03)))
    ribbon = mirrored(points((0, -0.12), (0.385, -0.2), (0.385, -0.2), (0.4, -0.06), (0.4, -0.06), (0, 0.03)))
    band = Piece(smooth(ribbon), Cloth(COLOURS[look.second], (0, 0, 0)), 0.2, 0.0)
    return (Piece(brim, look.trim, 0.35, 0.03), Piece(smooth(crown), look.cloth, 0.35, 0.03), band)


_HAT = {"cap": _cap, "knit_cap": _knit_cap, "hat": _brimmed}


def hat(look: Look) -> Garment:
    """A cap, a brimmed hat or a knit cap; its lower edge is at y = 0 and a head is 0.7 wide."""
    return Garment(_HAT[look.leaf](look))


def eyewear(look: Look) -> Garment:
    """Glasses from the front, 1.5 heads wide; a face scales them to a half of that."""
    frame = COLOURS[look.colour]
    dice = look.dice()
    lens_colour = dice.choice(((40, 44, 50), (70, 50, 36), (58, 74, 96)))
    shape = dice.choice(("round", "square", "cat", "aviator"))
    outlines = {
        "round": ellipse((0.37, 0), (0.3, 0.28)),
        "square": rounded(0.07, -0.22, 0.68, 0.22, 0.09),
        "cat": smooth(points((0.08, -0.1), (0.4, -0.2), (0.74, -0.32), (0.68, 0.05), (0.4, 0.24), (0.14, 0.18))),
        "aviator": smooth(points((0.07, -0.2), (0.4, -0.26), (0.7, -0.2), (0.66, 0.12), (0.4, 0.32), (0.16, 0.18))),
    }
    parts: list[Part] = []
    for turn in (flipped, lambda s: s):
        lens = turn(outlines[shape])
        parts.append(Line(turn(points((0.66, -0.14), (0.76, -0.14), (0.72, -0.02))), frame, 0.06, 1.0))
        parts.append(Piece(lens, Cloth(lens_colour, shaded(lens_colour, 1.4)), 0.15, 0.0, 0.0, 0.92))
        parts.append(Line(lens, frame, 0.065, 1.0, closed=True))
        parts.append(Line(turn(points((0.24, 0.06), (0.38, -0.12))), (235, 238, 242), 0.035, 0.5))
    bridge = Line(smooth(points((-0.1, -0.08), (0.0, -0.13), (0.1, -0.08)), closed=False), frame, 0.06, 1.0)
    return Garment((*parts, bridge))
