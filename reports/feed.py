"""The page of one feed: what would be read of it, with the pictures that it names."""

from dataclasses import dataclass
from typing import Any

from reports.environment import render_page


@dataclass(frozen=True)
class Fault:
    """One kind of reject or repair: how often, what it means, and some of them with their lines."""

    kind: str
    count: int
    meaning: str
    some: tuple[str, ...] = ()


@dataclass(frozen=True)
class FeedFacts:
    """What `feeds check` found. `filled` is shares of the offers; `samples` are rows of the offers table."""

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
    dialect_file: str | None
    kept: str  # how a guessed dialect becomes the retailer's own


def render_feed(facts: FeedFacts) -> str:
    """HTML of a feed. What came from the shop is escaped; the browser asks the shop for its pictures."""
    return render_page("feed.html.j2", feed=facts)
