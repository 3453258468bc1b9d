"""How each shop's coverage went over the last nights: from the manifests of kept versions and the counts beside them.

A night that changed nothing in the index publishes nothing, so that the line goes on level from one version to the
next, also where rules came or went and the text decides the same without them.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

from jobs.engine.night import Night
from jobs.live.coverage import covered_share_of
from lake import snapshots
from schemas.errors import Stop

NIGHTS = 30
WIDTH, HEIGHT = 90, 20


@dataclass(frozen=True)
class Point:
    """A version: the covered share of the shop's live products, and how many were in the index."""

    night: date
    covered: float | None
    products: int
    mapping: str | None  # digest of the mapping file


@dataclass(frozen=True)
class Trend:
    """The points of one shop by night, the last one of each night, at most `NIGHTS` nights back."""

    points: tuple[Point, ...] = ()
    until: date | None = None

    @property
    def line(self) -> str:
        """Points of a drawing `WIDTH` by `HEIGHT`, the last night at its right; empty where nothing was counted."""
        known = [(point.night, point.covered) for point in self.points if point.covered is not None]
        if not known or self.until is None:
            return ""
        known = [
            (min(known[0][0], self.until - timedelta(days=1)), known[0][1]),
            *known[1:],
            (self.until, known[-1][1]),
        ]
        step, inside = WIDTH / NIGHTS, HEIGHT - 2
        spots = [(WIDTH - step * (self.until - night).days, 1 + inside * (1 - share)) for night, share in known]
        level = [(x, before) for (_, before), (x, _) in pairwise(spots)]  # until the next version nothing moves
        drawn = [spots[0], *(spot for pair in zip(level, spots[1:], strict=True) for spot in pair)]
        return " ".join(f"{x:.1f},{y:.1f}" for x, y in drawn)

    @property
    def said(self) -> str:
        """What changed from the last version but one to the last."""
        if len(self.points) < 2:
            return ""
        before, after = self.points[-2:]
        parts = []
        moved = 100 * ((after.covered or 0) - (before.covered or 0))
        if abs(moved) >= 0.05:
            parts.append(f"{moved:+.1f} points")
        if after.products != before.products:
            parts.append(f"{after.products - before.products:+,} products")
        if after.mapping != before.mapping:
            parts.append("new rules")
        return f"{after.night:%d %b}: {', '.join(parts) or 'nothing'}"


def trends_of(night: Night) -> dict[str, Trend]:
    """By shop. A manifest that cannot be read is left out: `selvedge doctor` says why."""
    first = night.today - timedelta(days=NIGHTS)
    live = snapshots.current(night.store)
    found: dict[str, dict[date, Point]] = {}
    for number in sorted(snapshots.versions(night.store), reverse=True):
        if live is not None and number > live:
            continue  # rolled back
        try:
            manifest = snapshots.manifest(night.store, number)
        except Stop:
            continue
        on = manifest.published_at.date() if manifest.published_at else night.today
        if on < first:
            break
        for name, counts in manifest.counts.items():
            share = covered_share_of(night, manifest, name)
            point = Point(on, share, counts.products, manifest.facts.mappings.get(name))
            found.setdefault(name, {}).setdefault(on, point)
    return {
        name: Trend(tuple(point for _, point in sorted(points.items())), night.today) for name, points in found.items()
    }
