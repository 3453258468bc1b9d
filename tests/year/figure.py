"""The curves of a simulated year as one SVG."""

from collections.abc import Sequence
from typing import Any

WIDTH, HEIGHT, LEFT, GAP = 720, 150, 70, 40
GREY = "#999"
CURVES = (
    ("bytes", "monthly_bytes", "lake, MB (grey: without the versions of months)", 1e-6),
    ("files", "monthly_files", "files (grey: without those of these versions)", 1.0),
    ("cpu_s", None, "CPU of the driver in a night and its vacuum, s", 1.0),
)


def svg(days: Sequence[Any]) -> str:
    """Three panels over the same nights: size of the lake, number of files, seconds of a night. Each begins at 0."""
    tall = len(CURVES) * (HEIGHT + GAP) + GAP
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {LEFT + WIDTH + 20} {tall}" font-family="sans-serif" '
        'font-size="13"><rect width="100%" height="100%" fill="white"/>'
    ]
    for place, (name, monthly, title, scale) in enumerate(CURVES):
        whole = [(day.day, getattr(day, name) * scale) for day in days]
        less = [(day.day, (getattr(day, name) - getattr(day, monthly)) * scale) for day in days] if monthly else []
        parts.append(_panel(whole, less, title, GAP + place * (HEIGHT + GAP)))
    return "\n".join([*parts, "</svg>"]) + "\n"


Curve = list[tuple[int, float]]  # day and value


def _panel(whole: Curve, less: Curve, title: str, top: int) -> str:
    most, last = max(value for _, value in whole) * 1.1, max(whole[-1][0], 1)
    bottom = top + HEIGHT

    def line(curve: Curve, colour: str) -> str:
        points = " ".join(f"{LEFT + WIDTH * at / last:.1f},{bottom - HEIGHT * value / most:.1f}" for at, value in curve)
        return f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.5"/>' if curve else ""

    ticks = "".join(
        f'<text x="{LEFT + WIDTH * day / last:.0f}" y="{bottom + 16}" text-anchor="middle">{day}</text>'
        for day in range(0, last + 1, 60)
    )
    return (
        f'<text x="{LEFT}" y="{top - 8}">{title}</text>'
        f'<path d="M{LEFT} {top}V{bottom}H{LEFT + WIDTH}" fill="none" stroke="{GREY}"/>'
        f'<text x="{LEFT - 8}" y="{top + 12}" text-anchor="end">{most:.4g}</text>'
        f'<text x="{LEFT - 8}" y="{bottom}" text-anchor="end">0</text>{ticks}'
        f"{line(less, GREY)}{line(whole, '#1f5f99')}"
    )
