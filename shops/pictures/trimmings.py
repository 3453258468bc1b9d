"""What finishes an upper garment: its neck, what closes it, pockets, belts, creases and prints."""

from collections.abc import Callable

import numpy as np

from shops.pictures.cuts import BOTH, Body, half_width
from shops.pictures.fabrics import COLOURS, shaded
from shops.pictures.geometry import Points, ellipse, flipped, mirrored, points, rounded, smooth
from shops.pictures.painter import Line, Part, Piece
from shops.pictures.tailor import DARK, METAL, PALE, Look, seam


def neckline(look: Look, body: Body) -> tuple[tuple[Part, ...], tuple[Part, ...]]:
    """What finishes the neck: the parts in front, and those behind the neck."""
    wide, depth = body.wide, body.depth
    behind = points((0, 1.3), (wide, 1.34), (wide, 1.34), (wide * 0.7, depth), (0.0, depth))
    back = (Piece(smooth(mirrored(behind)), look.lining, 0.2, 0.0),)
    match body.neck:
        case "crew" | "scoop":
            return _ribbed(look, depth, wide), back
        case "vee":
            edge = mirrored_line(points((0.0, depth), (wide, 1.36)))
            return (Line(edge, look.trim.colour, 0.06, 0.9),), back
        case "turtle":
            roll = rounded(-wide - 0.02, 1.1, wide + 0.02, 1.5, 0.1)
            return (Piece(roll, look.trim, 0.4, 0.04), seam(look, points((-wide, 1.28), (0, 1.31), (wide, 1.28)))), ()
        case "collar" | "bow":
            return _collar(look, depth, wide), back
        case "stand":
            right = points((0.0, 1.22), (wide + 0.02, 1.2), (wide + 0.02, 1.2), (wide + 0.05, 1.42), (0.06, 1.56))
            return (Piece(smooth(mirrored(right)), look.trim, 0.3, 0.0),), ()
        case "lapels":
            return _lapels(look, depth, wide), back
        case "hood" | "furhood":
            return _hood(look, depth, fur=body.neck == "furhood")
        case _:
            return (), ()


def _ribbed(look: Look, depth: float, wide: float) -> tuple[Part, ...]:
    right = points((0.0, depth), (wide * 0.72, (depth * 2 + 1.36) / 3 + 0.02), (wide, 1.36))
    edge = smooth(mirrored_line(right), closed=False)
    return (Line(edge, look.trim.colour, 0.075, 1.0), Line(edge + points((0, 0.05)), look.seam, 0.012, 0.5))


def mirrored_line(right: Points) -> Points:
    """An open line over both halves, from the left end through the middle to the right end."""
    return np.concatenate([flipped(right)[::-1], right[1:]])


def _collar(look: Look, depth: float, wide: float) -> tuple[Part, ...]:
    leaf = points((0.0, depth - 0.02), (wide * 0.95, 1.28), (wide + 0.09, 1.4), (0.34, 1.82), (0.34, 1.82))
    return tuple(Piece(smooth(turn(leaf)), look.trim, 0.22, 0.0) for turn in BOTH)


def _lapels(look: Look, depth: float, wide: float) -> tuple[Part, ...]:
    lapel = points(
        (0.0, depth + 0.05), (0.0, depth + 0.05), (wide + 0.02, 1.4), (wide + 0.2, 1.62), (0.5, 1.78), (0.5, 1.78),
        (0.3, 2.0),
    )  # fmt: skip
    collar = points(
        (wide * 0.8, 1.24), (wide + 0.06, 1.3), (wide + 0.24, 1.6), (wide + 0.24, 1.6), (0.33, 1.72), (wide * 0.7, 1.5)
    )  # fmt: skip
    parts: list[Part] = []
    for turn in BOTH:
        parts += [Piece(smooth(turn(lapel)), look.cloth, 0.2, 0.0), Piece(smooth(turn(collar)), look.trim, 0.2, 0.0)]
    return tuple(parts)


def _hood(look: Look, depth: float, fur: bool) -> tuple[tuple[Part, ...], tuple[Part, ...]]:
    behind = smooth(mirrored(points((0.0, 0.72), (0.36, 0.86), (0.52, 1.2), (0.46, 1.5), (0.0, 1.6))))
    inside = smooth(mirrored(points((0.0, 0.9), (0.28, 1.02), (0.34, 1.3), (0.22, 1.52), (0.0, depth + 0.06))))
    rim = smooth(mirrored_line(points((0.0, depth + 0.08), (0.26, 1.5), (0.36, 1.2))), closed=False)
    back: tuple[Part, ...] = (Piece(behind, look.cloth, 0.4, 0.04), Piece(inside, look.lining, 0.3, 0.0))
    if fur:
        ring = points(
            (0.0, 0.66), (0.46, 0.8), (0.6, 1.2), (0.4, 1.6), (0.3, 1.5), (0.4, 1.2), (0.3, 0.95), (0.0, 0.86)
        )  # fmt: skip
        fluff = Piece(smooth(mirrored(ring)), PALE, 0.3, 0.12, 0.2)
        return (Line(rim, PALE.colour, 0.1, 0.9),), (*back, fluff)
    cord = points((0.1, depth + 0.02), (0.12, depth + 0.4), (0.11, depth + 0.62))
    cords = [Line(turn(cord), shaded(COLOURS[look.colour], 1.6), 0.03, 0.95) for turn in BOTH]
    return (Line(rim, look.trim.colour, 0.1, 1.0), *cords), back


def opening(look: Look, body: Body) -> tuple[Part, ...]:
    """Buttons or a zip down the front."""
    top, bottom = body.depth + 0.02, body.hem + 0.03
    match body.cut.opening:
        case "buttons":
            count = 3 if body.neck == "lapels" else 6
            return _buttons(look, top, bottom - 0.1, count)
        case "half":
            return _buttons(look, top, top + 0.6, 3)
        case "double":
            places = [(x, float(y)) for x in (-0.2, 0.2) for y in np.linspace(top + 0.15, 3.5, 4)]
            buttons = [Piece(ellipse(place, (0.04, 0.04), 14), DARK, 0.3, 0.0) for place in places]
            return (seam(look, points((0.26, top - 0.2), (0.28, bottom)), 0.02), *buttons)
        case "zip":
            middle = points((0.0, top), (0.0, bottom))
            return (Line(middle, shaded(COLOURS[look.colour], 0.6), 0.06, 0.8), Line(middle, METAL.colour, 0.022, 0.95))
        case _:
            return ()


def _buttons(look: Look, top: float, bottom: float, count: int) -> tuple[Part, ...]:
    knob = METAL if look.leaf == "denim_jacket" else (PALE if sum(COLOURS[look.colour]) < 330 else DARK)
    places = np.linspace(top + 0.1, min(bottom, 3.6), count)
    buttons = [Piece(ellipse((0.0, float(y)), (0.032, 0.032), 14), knob, 0.3, 0.0) for y in places]
    edges = [seam(look, points((x, top), (x, bottom)), 0.014) for x in (-0.07, 0.07)]
    return (*edges, *buttons)


def extras(look: Look, body: Body) -> tuple[Part, ...]:
    """Pockets, bands, belts, quilting: what the cut names, and a sewn hem where it names no band."""
    wanted = [_EXTRAS[name] for name in body.cut.extras if name in _EXTRAS]
    parts = [part for made in wanted for part in made(look, body)]
    return tuple(parts) if "hem" in body.cut.extras else (*parts, *_sewn_hem(look, body))


def _quilts(look: Look, body: Body) -> list[Part]:
    parts: list[Part] = []
    for y in np.arange(1.8, body.hem, 0.3):
        x = half_width(float(y), body.waist if y > 2.3 else body.cut.ease) - 0.01
        spine = smooth(points((-x, y - 0.03), (0, y + 0.02), (x, y - 0.03)), closed=False)
        parts.append(Line(spine, look.seam, 0.035, 0.55))
    return parts


def _hem_band(look: Look, body: Body) -> list[Part]:
    half, hem = body.hem_half, body.hem
    right = points(
        (0.0, hem - 0.14), (half + 0.005, hem - 0.18), (half, hem), (half * 0.5, hem + 0.035), (0.0, hem + 0.045)
    )
    return [Piece(mirrored(right), look.trim, 0.2, 0.02)]


def _sewn_hem(look: Look, body: Body) -> list[Part]:
    half, hem = body.hem_half, body.hem
    spine = smooth(points((-half, hem - 0.07), (0, hem - 0.02), (half, hem - 0.07)), closed=False)
    return [Line(spine, look.seam, 0.014, 0.5, stitches=True)]


def _breast_pocket(look: Look, _body: Body) -> list[Part]:
    return [Piece(rounded(0.16, 2.0, 0.46, 2.36, 0.05), look.cloth, 0.08, 0.0, 0.35)] if look.cut % 3 else []


def _chest_pockets(look: Look, body: Body) -> list[Part]:
    flap = points((0.16, 2.0), (0.46, 2.0), (0.46, 2.14), (0.31, 2.2), (0.16, 2.14))
    dart = points((0.2, 2.2), (0.26, body.hem - 0.2))
    return [
        part
        for turn in BOTH
        for part in (Piece(turn(flap), look.trim, 0.1, 0.0), seam(look, turn(dart), stitches=True))
    ]


def _pockets(look: Look, body: Body) -> list[Part]:
    pocket = rounded(0.14, body.hem - 0.72, 0.46, body.hem - 0.3, 0.05)
    return [Piece(turn(pocket), look.cloth, 0.08, 0.0, 0.4) for turn in BOTH]


def _flaps(look: Look, body: Body) -> list[Part]:
    y = min(body.hem - 0.55, 3.45)
    return [Piece(turn(rounded(0.2, y, 0.52, y + 0.13, 0.03)), look.trim, 0.1, 0.0) for turn in BOTH]


def _slits(look: Look, _body: Body) -> list[Part]:
    return [seam(look, turn(points((0.5, 3.0), (0.36, 3.35))), 0.035) for turn in BOTH]


def _kangaroo(look: Look, body: Body) -> list[Part]:
    hem = body.hem
    right = points((0.0, hem - 0.85), (0.3, hem - 0.85), (0.5, hem - 0.4), (0.5, hem - 0.18), (0.0, hem - 0.16))
    return [Piece(mirrored(right), look.cloth, 0.1, 0.0, 0.5)]


def _belt(look: Look, body: Body) -> list[Part]:
    y = 2.9
    x = half_width(y, body.waist) + 0.01
    band = Piece(rounded(-x, y - 0.08, x, y + 0.08, 0.03), look.trim, 0.2, 0.0)
    return [band, Piece(rounded(-0.11, y - 0.1, 0.11, y + 0.1, 0.03), METAL, 0.2, 0.0)]


def _cord(look: Look, body: Body) -> list[Part]:
    x = half_width(2.9, body.waist)
    return [seam(look, smooth(points((-x, 2.88), (0, 2.95), (x, 2.88)), closed=False), 0.03)]


def _gathers(look: Look, body: Body) -> list[Part]:
    hem = body.hem
    spines = [points((x, hem - 0.9), (x * 1.1, hem - 0.4), (x * 1.05, hem)) for x in (-0.35, -0.12, 0.15, 0.38)]
    return [Line(smooth(spine, closed=False), look.seam, 0.02, 0.25) for spine in spines]


_EXTRAS: dict[str, Callable[[Look, Body], list[Part]]] = {
    "quilts": _quilts,
    "hem": _hem_band,
    "pocket": _breast_pocket,
    "chest": _chest_pockets,
    "pockets": _pockets,
    "flaps": _flaps,
    "slits": _slits,
    "kangaroo": _kangaroo,
    "belt": _belt,
    "cord": _cord,
    "gathers": _gathers,
}


def folds(look: Look, body: Body) -> tuple[Part, ...]:
    """Two creases from the armpits and, with a print, what is printed on the chest."""
    crease = smooth(points((0.52, 2.2), (0.36, 2.45), (0.3, 2.75)), closed=False)
    creases = [Line(turn(crease), look.seam, 0.022, 0.28) for turn in BOTH]
    printed = look.pattern == "print" and body.neck in {"crew", "vee", "scoop", "hood"}
    return (*creases, *_printed(look)) if printed else tuple(creases)


def _printed(look: Look) -> tuple[Part, ...]:
    colour = COLOURS[look.second]
    match look.dice().choice(("disc", "bars", "square")):
        case "disc":
            ring = Line(ellipse((0, 2.35), (0.26, 0.26)), colour, 0.06, 0.9, closed=True)
            return (ring, Line(points((-0.2, 2.35), (0.2, 2.35)), colour, 0.1, 0.9))
        case "bars":
            ends = [((-0.3, y), (0.3 - 0.1 * (row % 2), y)) for row, y in enumerate((2.2, 2.34, 2.48))]
            return tuple(Line(points(*pair), colour, 0.08, 0.9) for pair in ends)
        case _:
            frame = Line(rounded(-0.24, 2.1, 0.24, 2.6, 0.02), colour, 0.05, 0.9, closed=True)
            return (frame, Line(points((-0.2, 2.52), (0, 2.2), (0.2, 2.52)), colour, 0.05, 0.9))
