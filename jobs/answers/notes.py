"""What a person should know of a night beside its figures: one line each, in its output and on its page."""

from collections import Counter

import pyarrow.compute as pc

from jobs.answers.fetch_health import host_rows, jumps, pictures_asked
from jobs.engine.night import Night
from jobs.live.catalog import Catalog
from jobs.live.placeholders import suspects
from lake import snapshots

MOST = 5
"""Lines of one kind; what jumps at many hosts at once has one cause, and the page has them all."""


def notes(night: Night) -> list[str]:
    """A held pointer, classes of failure that jumped, pictures that are still to be asked for, shops without a garment,
    suspected placeholders."""
    jumped = jumps(host_rows(night))
    lines = [*_hold(night), *jumped[:MOST]]
    if len(jumped) > MOST:
        lines.append(f"{len(jumped) - MOST} more classes of failure jumped: see Fetching in the report")
    for retailer, asked in sorted(pictures_asked(night).items()):
        if asked.left:
            lines.append(
                f"{retailer}: {asked.left} of {asked.addresses} pictures are still to be asked for; {asked.whole}"
            )
    lines += [
        f"{retailer}: none of its {products} products has a garment in the index; the report says why"
        for retailer, products in sorted(_without_garments(night).items())
    ]
    kept = Counter(suspect.retailer for suspect in suspects(night) if not suspect.turned_away)
    for retailer, count in sorted(kept.items()):
        lines.append(f"{retailer}: {count} pictures stand on very many products; placeholders? See the report")
    return lines


def _hold(night: Night) -> list[str]:
    held = snapshots.hold(night.store)
    if held is None:
        return []
    since = f"{held.since:%Y-%m-%d %H:%M}"
    return [
        f"version {held.version} is held live by {held.who} since {since}: {held.why}; `selvedge live VERSION` ends it"
    ]


def _without_garments(night: Night) -> dict[str, int]:
    """Live retailers of which nothing can be published, and their products."""
    catalog = Catalog.of(night)
    found = set(pc.unique(catalog.chosen_products()["retailer"]).to_pylist())
    return {
        name: count for name, count in Counter(catalog.products["retailer"].to_pylist()).items() if name not in found
    }
