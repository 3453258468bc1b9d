"""Skirts, trousers, shorts, dresses and jumpsuits."""

import numpy as np

from shops.pictures.cuts import measured
from shops.pictures.geometry import Points, flipped, mirrored, points, rounded, smooth
from shops.pictures.painter import Line, Part, Piece
from shops.pictures.tailor import METAL, Garment, Look, seam
from shops.pictures.tops import body_outline, sleeves
from shops.pictures.trimmings import folds, neckline

WAIST = 2.82
"""Height of a waistband, in heads."""


def waistband(look: Look, half: float) -> tuple[Part, ...]:
    """A band round the waist with a button, and loops for a belt."""
    band = smooth(
        mirrored(
            points(
                (0, WAIST - 0.02),
                (half, WAIST - 0.04),
                (half, WAIST - 0.04),
                (half + 0.03, WAIST + 0.13),
                (half + 0.03, WAIST + 0.13),
                (0, WAIST + 0.15),
            )
        )
    )
    return (
        Piece(band, look.trim, 0.15, 0.0),
        Piece(rounded(-0.025, WAIST + 0.04, 0.025, WAIST + 0.09, 0.025), METAL, 0.2, 0.0),
    )


def _skirt_outline(hem: float, half: float, shape: str, top: float = WAIST) -> Points:
    if shape == "pencil":
        half = min(half, 0.54)
    hip = 0.62 if shape == "pencil" else min(half, 0.62 + 0.18 * (half - 0.62))
    wave = [
        (half * share, hem + 0.05 + (0.035 if index % 2 else -0.02)) for index, share in enumerate((0.75, 0.5, 0.25))
    ]
    return smooth(
        mirrored(
            points(
                (0, top),
                (0.44, top - 0.02),
                (0.44, top - 0.02),
                (hip, 3.5),
                (half, hem),
                (half, hem),
                *wave,
                (0, hem + 0.05),
            )
        )
    )


def _pleats(
    look: Look, hem: float, half: float, count: int, opacity: float = 0.35, top: float = WAIST
) -> tuple[Part, ...]:
    places = np.linspace(-1, 1, count + 2)[1:-1]
    middle = (top + hem) / 2
    spines = [points((0.4 * p, top + 0.16), (0.6 * p, middle), (half * p * 0.98, hem + 0.03)) for p in places]
    return tuple(Line(smooth(spine, closed=False), look.seam, 0.024, opacity) for spine in spines)


def _skirt_measures(look: Look) -> tuple[str, float, float, int]:
    dice = look.dice()
    shape = dice.choice(("pencil", "a-line", "pleated", "flared"))
    hem = dice.uniform(4.7, 5.4) if shape == "pencil" else dice.uniform(4.5, 6.6)
    half = {"pencil": 0.54, "a-line": 0.9, "pleated": 1.0, "flared": 1.2}[shape] + 0.08 * (hem - 5)
    return shape, hem, half, {"pencil": 0, "a-line": 3, "pleated": 13, "flared": 6}[shape]


def skirt(look: Look) -> Garment:
    """A pencil, A-line, pleated or flared skirt."""
    shape, hem, half, pleats = _skirt_measures(look)
    main = Piece(_skirt_outline(hem, half, shape), look.cloth, 0.3, 0.09)
    hem_line = seam(
        look,
        smooth(points((-half * 0.98, hem - 0.06), (0, hem - 0.01), (half * 0.98, hem - 0.06)), closed=False),
        0.014,
        stitches=True,
    )
    return Garment(
        (main, *_pleats(look, hem, half, pleats, 0.55 if shape == "pleated" else 0.3), hem_line, *waistband(look, 0.44))
    )


def legs(
    look: Look, hem: float, knee: float, ankle: float, spread: float = 0.0, top: float = WAIST
) -> tuple[Part, ...]:
    """Two trouser legs from the waist to `hem`; `knee` and `ankle` are half widths of a leg there."""
    parts: list[Part] = []
    centre_knee, centre_hem = 0.32 + spread * 0.5, 0.34 + spread
    knee_y = min(5.6, (4.2 + hem) / 2)
    right = points(
        (0.0, top), (0.44, top - 0.02), (0.44, top - 0.02), (0.63, 3.55),
        (centre_knee + knee, knee_y), (centre_hem + ankle, hem), (centre_hem + ankle, hem),
        (centre_hem - ankle, hem + 0.02), (centre_hem - ankle, hem + 0.02), (centre_knee - knee, knee_y),
        (0.015, 4.05), (0.015, 4.05), (0.0, 3.4), (0.0, top),
    )  # fmt: skip
    for turn in (flipped, lambda shape: shape):
        parts.append(Piece(smooth(turn(right)), look.cloth, 0.34, 0.05))
        crease = points((0.34, 4.0), (centre_knee + 0.02, knee_y), (centre_hem, hem - 0.05))
        parts.append(Line(turn(smooth(crease, closed=False)), look.seam, 0.02, 0.22))
        parts.append(
            Line(turn(smooth(points((0.5, 3.6), (0.28, 3.85), (0.05, 4.0)), closed=False)), look.seam, 0.022, 0.3)
        )
        hem_line = points((centre_hem - ankle, hem - 0.06), (centre_hem + ankle, hem - 0.08))
        parts.append(Line(turn(smooth(hem_line, closed=False)), look.seam, 0.014, 0.5, stitches=True))
    return tuple(parts)


def _front(look: Look) -> tuple[Part, ...]:
    """Fly and pockets."""
    fly = seam(look, smooth(points((0.0, WAIST + 0.15), (0.0, 3.7)), closed=False), 0.02)
    curve = seam(
        look, smooth(points((0.13, WAIST + 0.15), (0.13, 3.3), (0.0, 3.6)), closed=False), 0.014, stitches=True
    )
    pockets = [
        seam(look, smooth(turn(points((0.28, WAIST + 0.15), (0.34, 3.15), (0.58, 3.28))), closed=False), 0.02)
        for turn in (lambda s: s, flipped)
    ]
    return (fly, curve, *pockets)


def trousers(look: Look) -> Garment:
    """Trousers, jeans, leggings or joggers."""
    dice = look.dice()
    hem = dice.uniform(7.05, 7.35)
    style = {"leggings": "skinny", "joggers": "jogger"}.get(look.leaf) or dice.choice(
        ("slim", "straight", "wide", "flared", "cropped")
    )
    knee, ankle = {"skinny": (0.2, 0.14), "slim": (0.24, 0.18), "straight": (0.28, 0.25), "wide": (0.36, 0.42),
                   "flared": (0.25, 0.4), "cropped": (0.28, 0.26), "jogger": (0.3, 0.22)}[style]  # fmt: skip
    spread = {"wide": 0.16, "flared": 0.14, "straight": 0.04}.get(style, 0.0)
    hem = hem - 0.6 if style == "cropped" else hem
    parts = legs(look, hem, knee, ankle, spread)
    if style == "jogger":
        bands = [
            Piece(
                turn(rounded(0.34 + spread - 0.2, hem - 0.14, 0.34 + spread + 0.2, hem + 0.06, 0.04)),
                look.trim,
                0.2,
                0.0,
            )
            for turn in (lambda s: s, flipped)
        ]
        return Garment((*parts, *bands, *waistband(look, 0.45)))
    front = () if look.leaf == "leggings" else _front(look)
    return Garment((*parts, *front, *waistband(look, 0.44)))


def shorts(look: Look) -> Garment:
    """Shorts, from hot pants to bermudas."""
    dice = look.dice()
    hem = dice.uniform(4.45, 5.3)
    room = dice.uniform(0.31, 0.38)
    return Garment((*legs(look, hem, room, room, 0.06), *_front(look), *waistband(look, 0.45)))


def dress(look: Look, angle: float) -> Garment:
    """A dress: bodice, sleeves and a skirt sewn together at the waist."""
    body = measured(look)
    front_neck, behind = neckline(look, body)
    _shape, hem, half, pleats = _skirt_measures(look)
    lower = Piece(_skirt_outline(hem, half, _shape, 2.86), look.cloth, 0.3, 0.08)
    bodice = Piece(body_outline(body), look.cloth, 0.28, 0.04)
    waist = seam(look, smooth(points((-0.47, 2.9), (0, 2.95), (0.47, 2.9)), closed=False), 0.03)
    sash: tuple[Part, ...] = (
        (Piece(rounded(-0.49, 2.82, 0.49, 2.98, 0.03), look.trim, 0.2, 0.0),) if look.cut % 3 == 0 else ()
    )
    parts = (
        *sleeves(look, body, angle),
        lower,
        *_pleats(look, hem, half, pleats, 0.3, 2.8),
        bodice,
        *folds(look, body),
        waist,
        *sash,
    )
    return Garment((*parts, *front_neck), behind)


def jumpsuit(look: Look, angle: float) -> Garment:
    """A one-piece with trouser legs."""
    body = measured(look)
    front_neck, behind = neckline(look, body)
    bodice = Piece(body_outline(body), look.cloth, 0.28, 0.04)
    lower = legs(look, 7.0, 0.33, 0.33, 0.1, 2.86)
    belt = Piece(rounded(-0.49, 2.84, 0.49, 2.99, 0.03), look.trim, 0.2, 0.0)
    return Garment((*sleeves(look, body, angle), *lower, bodice, *folds(look, body), belt, *front_neck), behind)
