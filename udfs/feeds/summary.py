"""The result of reading a feed: the counts for the report, the gates and `feeds check`."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

from schemas.rejects import Code
from udfs.feeds.repairs import Repairs

ACCEPTED, REFUSED = "accepted", "refused"
COUNTED_FIELDS = (
    "title", "description", "brand", "price", "old_price", "currency", "available", "gender", "age", "colour",
    "material", "sizes", "category_path", "category_ids", "pictures", "url",
)  # fmt: skip


@dataclass(frozen=True)
class Unread:
    """A place of the offers that is neither read nor ignored: `images/alt`, `@type`, `param=Pattern`."""

    source: str
    share: float
    """Of the offers that were looked into."""
    samples: list[str]
    looks_like: str | None
    """What its values may be: sizes, colours, prices, pictures, ...; None: nothing that a field holds."""


@dataclass(frozen=True)
class ProposedGroups:
    """How offers without a group would be grouped: by which rule, into how many groups of several offers."""

    by: str
    groups: int
    offers: int
    share: float
    """Of the offers without a group that were looked at."""
    samples: list[str]


@dataclass
class FeedSummary:
    """Complete once the feed's batches are exhausted: offers = done + the rejects' sum."""

    status: str = ACCEPTED
    code: Code | None = None
    detail: str | None = None
    """One line for a person: what, where, and who has to act."""
    dialect: str | None = None
    dialect_reason: str | None = None
    dialect_file: str | None = None
    """The dialect as a file; only for a guessed one, to be kept and corrected."""
    encoding: str | None = None
    offers: int = 0
    products: int = 0
    rejects: Counter[str] = field(default_factory=Counter)
    repairs: Repairs = field(default_factory=Repairs)
    filled: dict[str, float] = field(default_factory=dict)
    """For each field, the share of all offers (rejected ones included) that have a value."""
    made_at: datetime | None = None
    categories: Counter[tuple[str, ...]] = field(default_factory=Counter)
    """Offers by category path; the most frequent ones where there are very many."""
    reject_samples: dict[str, list[str]] = field(default_factory=dict)
    """By code, what is said of the first offers that are rejected by it."""
    samples: list[dict[str, object]] = field(default_factory=list)
    """The first offers as they were read."""
    unread: list[Unread] = field(default_factory=list)
    """The parts of the first offers that nobody reads; empty unless asked for."""
    proposed_groups: ProposedGroups | None = None
    """Where offers have no group but look like variants of each other; None unless asked for."""

    @property
    def done(self) -> int:
        """Offers that are not rejected."""
        return self.offers - sum(self.rejects.values())
