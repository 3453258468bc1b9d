"""The curves of a simulated year as one SVG."""

from collections.abc import Sequence
from typing import Any

WIDTH, HEIGHT, LEFT, GAP = 720, 150, 70, 40
CURVES = (("bytes", "lake, MB", 1e-6), ("files", "files", 1.0), ("night_s", "night, s", 1.0))


def svg(days: Sequence[Any]) -> str:
    """Three panels over the same nights: size of the lake, number of files, seconds of a night. Each begins at 0."""
    whole = len(CURVES) * (HEIGHT + GAP) + GAP
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {LEFT + WIDTH + 20} {whole}" font-family="sans-serif" '
        'font-size="13"><rect width="100%" height="100%" fill="white"/>'
    ]
    for place, (name, title, scale) in enumerate(CURVES):
        parts.append(_panel([getattr(day, name) * scale for day in days], title, GAP + place * (HEIGHT + GAP)))
    return "\n".join([*parts, "</svg>"]) + "\n"


def _panel(values: list[float], title: str, top: int) -> str:
    most, last = max(values) * 1.1, max(len(values) - 1, 1)
    points = " ".join(
        f"{LEFT + WIDTH * at / last:.1f},{top + HEIGHT - HEIGHT * value / most:.1f}" for at, value in enumerate(values)
    )
    bottom = top + HEIGHT
    ticks = "".join(
        f'<text x="{LEFT + WIDTH * day / last:.0f}" y="{bottom + 16}" text-anchor="middle">{day}</text>'
        for day in range(0, len(values), 60)
    )
    return (
        f'<text x="{LEFT}" y="{top - 8}">{title}</text>'
        f'<path d="M{LEFT} {top}V{bottom}H{LEFT + WIDTH}" fill="none" stroke="#999"/>'
        f'<text x="{LEFT - 8}" y="{top + 12}" text-anchor="end">{most:.4g}</text>'
        f'<text x="{LEFT - 8}" y="{bottom}" text-anchor="end">0</text>{ticks}'
        f'<polyline points="{points}" fill="none" stroke="#1f5f99" stroke-width="1.5"/>'
    )
