"""Notes for a person: one line each, shown in a night's output and in its report."""

from collections import Counter

import pyarrow.compute as pc

from jobs.answers.fetch_health import host_rows, jumps, pictures_asked
from jobs.engine.night import Night
from jobs.live.catalog import Catalog
from jobs.live.placeholders import suspects
from lake import snapshots

MOST = 5
"""Most lines of one kind. If many hosts jump at once, there is one cause; the report has all of them."""


def notes(night: Night) -> list[str]:
    """A held version, failure codes that jumped, pictures never tried yet, shops without a garment, suspected
    placeholders."""
    jumped = jumps(host_rows(night))
    lines = [*_hold(night), *jumped[:MOST]]
    if len(jumped) > MOST:
        lines.append(f"{len(jumped) - MOST} more failure codes jumped; see Fetching in the report")
    for retailer, asked in sorted(pictures_asked(night).items()):
        if asked.left:
            lines.append(f"{retailer}: {asked.left} of {asked.addresses} picture URLs were never tried; {asked.whole}")
    lines += [
        f"{retailer}: none of its {products} products has a garment in the index; the report says why"
        for retailer, products in sorted(_without_garments(night).items())
    ]
    kept = Counter(suspect.retailer for suspect in suspects(night) if not suspect.turned_away)
    for retailer, count in sorted(kept.items()):
        lines.append(
            f"{retailer}: {count} pictures are on very many products: placeholders? See Fetching in the report"
        )
    return lines


def _hold(night: Night) -> list[str]:
    held = snapshots.hold(night.store)
    if held is None:
        return []
    since = f"{held.since:%Y-%m-%d %H:%M}"
    return [
        f"version {held.version} is held by {held.who} since {since}: {held.why}; `selvedge live VERSION` ends the hold"
    ]


def _without_garments(night: Night) -> dict[str, int]:
    """Live retailers without a single garment, with their number of products."""
    catalog = Catalog.of(night)
    found = set(pc.unique(catalog.chosen_products()["retailer"]).to_pylist())
    return {
        name: count for name, count in Counter(catalog.products["retailer"].to_pylist()).items() if name not in found
    }
