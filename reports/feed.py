"""The page of `feeds check`: what would be read from a feed, with its pictures."""

from dataclasses import dataclass
from typing import Any

from reports.environment import render_page


@dataclass(frozen=True)
class Fault:
    """One kind of reject or repair: its count, its meaning, and some examples with their lines."""

    kind: str
    count: int
    meaning: str
    some: tuple[str, ...] = ()


@dataclass(frozen=True)
class FeedFacts:
    """The result of `feeds check`. `filled` holds shares of the offers, `samples` rows of the offers table."""

    source: str
    status: str
    reason: str
    dialect: str
    encoding: str
    offers: int
    products: int
    rejects: tuple[Fault, ...]
    repairs: tuple[Fault, ...]
    filled: dict[str, float]
    categories: dict[str, int]
    samples: tuple[dict[str, Any], ...]
    unread: tuple[Any, ...]
    """Parts of the offers that are not read: `source`, `share`, `samples`, `looks_like`."""
    dialect_file: str | None
    kept: str  # how to save a guessed dialect for the retailer


def render_feed(facts: FeedFacts) -> str:
    """The HTML of a feed's page. Texts of the shop are escaped; the browser loads the pictures from the shop."""
    return render_page("feed.html.j2", feed=facts)
