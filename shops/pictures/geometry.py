"""Outlines of garments and limbs, in heads: the figure is 7.8 heads tall, x is 0 on its middle, y grows downwards."""

from collections.abc import Sequence

import numpy as np

Points = np.ndarray
"""(N, 2) float32, x and y in heads."""


def points(*pairs: tuple[float, float]) -> Points:
    """The given corners as an array."""
    return np.array(pairs, dtype=np.float32)


def mirrored(right: Points) -> Points:
    """A closed outline from its right half, listed from the top middle to the bottom middle."""
    left = right[::-1].copy()
    left[:, 0] *= -1
    return np.concatenate([right, left])


def flipped(outline: Points) -> Points:
    """The same outline on the other side of the figure."""
    return outline * np.array([-1, 1], dtype=np.float32)


def smooth(outline: Points, closed: bool = True, steps: int = 6) -> Points:
    """Catmull-Rom curve through the points; a point given twice stays a corner."""
    if closed:
        padded = np.concatenate([outline[-1:], outline, outline[:2]])
    else:
        padded = np.concatenate([outline[:1], outline, outline[-1:]])
    before, start, end, after = padded[:-3], padded[1:-2], padded[2:-1], padded[3:]
    t = np.linspace(0, 1, steps, endpoint=False, dtype=np.float32)[None, :, None]
    before, start, end, after = (p[:, None, :] for p in (before, start, end, after))
    curve = 0.5 * (
        2 * start
        + (end - before) * t
        + (2 * before - 5 * start + 4 * end - after) * t**2
        + (3 * start - before - 3 * end + after) * t**3
    )
    corners = np.all(start == end, axis=2)[:, 0]
    curve[corners] = start[corners]  # between a point and its twin the curve would make a loop
    curve = curve.reshape(-1, 2)
    return curve if closed else np.concatenate([curve, outline[-1:]])


def tube(spine: Points, widths: Sequence[float]) -> Points:
    """The outline of a limb or sleeve: `widths[i]` wide at `spine[i]`, square at both ends."""
    along = np.gradient(spine, axis=0)
    along /= np.maximum(np.linalg.norm(along, axis=1, keepdims=True), 1e-6)
    across = np.stack([-along[:, 1], along[:, 0]], axis=1) * (np.asarray(widths, dtype=np.float32)[:, None] / 2)
    one, other = smooth(spine + across, closed=False), smooth(spine - across, closed=False)
    return np.concatenate([one, other[::-1]]).astype(np.float32)


def ellipse(centre: tuple[float, float], radii: tuple[float, float], corners: int = 40) -> Points:
    """An ellipse as an outline."""
    angle = np.linspace(0, 2 * np.pi, corners, endpoint=False)
    ring = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return (ring * np.array(radii) + np.array(centre)).astype(np.float32)


def rounded(left: float, top: float, right: float, bottom: float, radius: float = 0.1) -> Points:
    """A rectangle with round corners."""
    r = min(radius, (right - left) / 2, (bottom - top) / 2)
    quarter = np.linspace(0, np.pi / 2, 7)
    corners = [(right - r, bottom - r, 0), (left + r, bottom - r, 1), (left + r, top + r, 2), (right - r, top + r, 3)]
    arcs = [
        np.stack([x + r * np.cos(quarter + turn * np.pi / 2), y + r * np.sin(quarter + turn * np.pi / 2)], axis=1)
        for x, y, turn in corners
    ]
    return np.concatenate(arcs).astype(np.float32)


def along(spine: Points, share: float) -> Points:
    """The first `share` (0..1) of a polyline, by length, as at least two points."""
    steps = np.linalg.norm(np.diff(spine, axis=0), axis=1)
    place = np.concatenate([[0], np.cumsum(steps)])
    stops = np.linspace(0, place[-1] * share, 5)
    return np.stack([np.interp(stops, place, spine[:, axis]) for axis in (0, 1)], axis=1).astype(np.float32)
