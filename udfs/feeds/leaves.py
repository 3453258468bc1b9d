"""The places of an element that hold values, and what the values look like over a sample of elements."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache

from lxml import etree

from udfs.feeds.html_text import CDATA, plain_text
from udfs.feeds.names import of_tag
from udfs.feeds.prices import parse_price
from udfs.feeds.words import by_word, folded, lists

IMAGE = re.compile(r"\.(jpe?g|png|webp|gif|avif|bmp|tiff?)\b", re.IGNORECASE)
ADDRESS = re.compile(r"(https?:)?//\S+|www\.\S+", re.IGNORECASE)
NUMBERED = re.compile(r"[-_]?\d+$")
GENERIC = {
    "name",
    "title",
    "value",
    "text",
    "url",
    "src",
    "href",
    "amount",
    "label",
    "loc",
    "id",
    "full",
    "original",
    "large",
    "content",
}
"""Names that say what their parent is about: category/name, image/url, price/amount."""
GIVES_MEANING = {
    "brand",
    "category_path",
    "pictures",
    "price",
    "sale_price",
    "old_price",
    "sizes",
    "colour",
    "available",
    "gender",
    "currency",
}
MAX_DEPTH = 4
PART_OF_NAME = 100
"""Rank of a name that only holds a known word."""


@dataclass
class Leaf:
    """One place (`name`, `@id`, `images/image@src`) and the values it holds, in how many of the elements."""

    source: str
    elements: int = 0
    values: list[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The last name of the place, without a number at its end."""
        return NUMBERED.sub("", re.split(r"[/@]", self.source)[-1])

    @property
    def depth(self) -> int:
        """0 for a child or an attribute of the offer."""
        return self.source.count("/") + (self.source.find("@") > 0)

    def role(self) -> tuple[str, int] | None:
        """What the place is called after the shared words, and how common the word is (0: the most common)."""
        parts = [NUMBERED.sub("", part).rpartition(":")[2] for part in re.split(r"[/@]", self.source) if part]
        own = _meaning(parts[-1])
        around = _meaning(parts[-2]) if len(parts) > 1 else None
        if around and around[0] in GIVES_MEANING and (own is None or parts[-1] in GENERIC):
            return ("category_id", around[1]) if parts[-1] == "id" and around[0] == "category_path" else around
        return own

    def share(self, fits: re.Pattern[str]) -> float:
        """Share of the values in which the pattern is found."""
        return sum(bool(fits.search(value)) for value in self.values) / max(len(self.values), 1)

    @property
    def is_picture(self) -> bool:
        """Whether the values are addresses of pictures."""
        called = self.role()
        return self.share(IMAGE) > 0.6 or (called is not None and called[0] == "pictures" and self.is_address)

    @property
    def is_address(self) -> bool:
        """Whether the values are addresses of the web."""
        return sum(ADDRESS.match(value) is not None for value in self.values) > 0.6 * len(self.values)

    @property
    def is_amount(self) -> bool:
        """Whether the values are prices, or numbers that could be."""
        return sum(parse_price(value).amount is not None and len(value) < 40 for value in self.values) > 0.6 * len(
            self.values
        )

    @property
    def is_text(self) -> bool:
        """Whether the values are words."""
        return not self.is_address and sum(any(char.isalpha() for char in value) for value in self.values) > 0.6 * len(
            self.values
        )

    @property
    def distinct(self) -> float:
        """Share of the values that differ from all before them."""
        return len(set(self.values)) / max(len(self.values), 1)

    @property
    def mean_chars(self) -> float:
        """Mean length of the values."""
        return sum(map(len, self.values)) / max(len(self.values), 1)


def leaves_of(elements: Sequence[etree._Element]) -> list[Leaf]:
    """The places of the elements that hold values, in the order in which they come."""
    found: dict[str, Leaf] = {}
    for element in elements:
        seen: set[str] = set()
        for source, value in _values(element, "", 0):
            leaf = found.setdefault(source, Leaf(source))
            leaf.values.append(value)
            leaf.elements += source not in seen
            seen.add(source)
    return list(found.values())


def _values(element: etree._Element, path: str, depth: int) -> list[tuple[str, str]]:
    values = [(f"{path}@{of_tag(str(name))}", str(value).strip()) for name, value in element.items()]
    text = (element.text or "").strip()
    if text and path:
        values.append((path, text))
    if depth < MAX_DEPTH:
        for child in element:
            name = of_tag(child.tag)
            values += _values(child, f"{path}/{name}" if path else name, depth + 1)
    return [(source, plain_text(CDATA.sub(r"\1", value[:2_000]))) for source, value in values if value]


def _meaning(name: str) -> tuple[str, int] | None:
    """Role and rank of a name; a name that only holds a known word (`SatisFiyati2`) ranks last."""
    word = folded(name)
    meaning = by_word("elements").get(word)
    if meaning:
        return meaning, _ranks()[meaning].get(word, 99)
    return next(
        ((role, PART_OF_NAME) for known, role in by_word("elements").items() if len(known) >= 5 and known in word), None
    )


@cache
def _ranks() -> dict[str, dict[str, int]]:
    return {
        role: {folded(word): rank for rank, word in reversed(list(enumerate(words)))}
        for role, words in lists()["elements"].items()
    }
