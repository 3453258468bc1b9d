"""Tops, outerwear and the upper part of dresses: a body, two sleeves and what finishes them."""

import numpy as np

from shops.pictures.cuts import BOTH, Body, Turn, arm_spine, half_width, measured
from shops.pictures.geometry import Points, along, mirrored, points, smooth, tube
from shops.pictures.painter import Line, Part, Piece
from shops.pictures.tailor import Garment, Look
from shops.pictures.trimmings import extras, folds, neckline, opening


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
    armpit = (half_width(2.08, cut.ease), 2.1 + cut.ease * 0.5)
    side = [armpit, armpit, (half_width(2.85, body.waist), 2.85)] if body.hem > 2.9 else [armpit, armpit]
    half, hem = body.hem_half, body.hem
    if hem > 3.7:
        side.append(((half_width(2.85, body.waist) + half) / 2 + 0.04, (2.85 + hem) / 2))
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
    for turn in BOTH:
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
    tip, armpit = (0.7 + ease * 0.7, 1.51), (half_width(2.1, ease), 2.12 + ease * 0.5)
    rest = spine[2:]
    direction = np.gradient(spine, axis=0)[2:]
    across = np.stack([-direction[:, 1], direction[:, 0]], axis=1) / np.linalg.norm(direction, axis=1, keepdims=True)
    half = np.linspace(widths[0], widths[1], len(spine))[2:, None] / 2
    outer, inner = rest - across * half, rest + across * half
    corner = np.repeat(outer[-1:], 2, axis=0), np.repeat(inner[-1:], 2, axis=0)
    start = points((0.5, 1.6), (0.5, 1.6), tip, tip)
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
