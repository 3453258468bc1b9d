"""The places of an element that hold values, and what the values look like over a sample of elements."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache

from lxml import etree

from udfs.feeds.forms.element_names import of_tag
from udfs.feeds.forms.words import by_word, folded, lists
from udfs.feeds.guessing.pairs import PAIRED
from udfs.feeds.values.html_text import plain_text, without_marks
from udfs.feeds.values.prices import parse_price

IMAGE = re.compile(r"\.(jpe?g|png|webp|gif|avif|bmp|tiff?)\b", re.IGNORECASE)
ADDRESS = re.compile(r"([a-z][a-z0-9+.-]*:)?//\S+|www\.\S+", re.IGNORECASE)
NUMBERED = re.compile(r"[-_]?\d+$")
SIGNS = re.compile(r"[-_.]+")
GENERIC = {
    "name", "title", "value", "text", "url", "src", "href", "amount", "label", "loc", "full", "original", "large",
    "content",
    "ad", "adi", "nazwa", "nom", "nombre", "nome", "naam", "navn", "namn", "naziv", "название", "наименование", "назва",
}  # fmt: skip
"""Names that say what their parent is about: category/name, image/url, price/amount."""
GIVES_MEANING = {
    "brand", "category_path", "pictures", "price", "sale_price", "old_price", "sizes", "colour", "material",
    "available", "gender", "currency",
}  # fmt: skip
OF_LISTS = "item"
"""What those call every element of a list who write lists as XML: colors/item/name."""
IN_LANGUAGES = {"title", "description"}
"""Fields that some exports hold once a language: name/language."""
MAX_DEPTH = 5
MAX_SOURCE_CHARS = 400
"""A longer path is none that a shop chose."""
KNOWN_NAMES = 16_384
"""Names whose meaning is kept."""
PART_OF_NAME = 1_000
"""Rank of a name that only holds a known word."""
LEAST_HELD = 5
"""Letters of a word that is looked for inside longer names."""
OF_OFFERS = (
    "product",
    "produkt",
    "produit",
    "producto",
    "item",
    "offer",
    "article",
    "artikel",
    "variant",
    "urun",
    "goods",
    "prod",
)
"""What names begin with that say once more what they are of: `ProductColor`; the rest is the name."""
LIMIT = re.compile(r"^(?:min|max|step)|(?:min|max)(?:imum|imal)?$|per(?:unit|pack|box)$")
"""What names begin or end with that limit something: `StockMin`, `step-quantity`, `QuantityPerUnit`."""
SAYS_LITTLE = {*OF_OFFERS, "group", "model", "style"}
"""Words that are a field's name alone, and mean nothing inside a longer one."""


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
        names = [NUMBERED.sub("", part).rpartition(":")[2] for part in re.split(r"[/@]", self.source) if part]
        if not names or any(map(_aside, names[:-1])):
            return None
        *around, own = names
        around = [name for name in around if name != OF_LISTS]
        return _role(own, around[-1], "@" in self.source) if around else _meaning(own)

    @property
    def is_aside(self) -> bool:
        """Whether the place is about something beside the offer: keywords, delivery, a seller."""
        return any(map(_aside, re.split(r"[/@]", self.source)))

    @property
    def is_other_amount(self) -> bool:
        """Whether the place says by how much a price is lower, or a price in cents: `discount/price`, `price_cents`."""
        return "other_amounts" in map(_aside, re.split(r"[/@]", self.source))

    @property
    def is_varied(self) -> bool:
        """Whether the values tell offers apart; of two elements nothing is known."""
        return self.elements < 3 or len(set(self.values)) > 1

    def share(self, fits: re.Pattern[str]) -> float:
        """Share of the values in which the pattern is found."""
        return sum(bool(fits.search(value)) for value in self.values) / max(len(self.values), 1)

    def mean_matches(self, sought: re.Pattern[str]) -> float:
        """How many times a value holds the pattern, on average."""
        return sum(len(sought.findall(value)) for value in self.values) / max(len(self.values), 1)

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
    if len(path) > MAX_SOURCE_CHARS:
        return []
    values = [(f"{path}@{of_tag(str(name))}", str(value).strip()) for name, value in element.items()]
    values = [one for one in values if len(one[0]) <= MAX_SOURCE_CHARS]
    text = (element.text or "").strip()
    if text:
        values.append((path or ".", text))
    if depth < MAX_DEPTH:
        for child in element:
            name = of_tag(child.tag)
            values += _values(child, f"{path}/{name}" if path else name, depth + 1)
    return [(source, plain_text(without_marks(value[:2_000]))) for source, value in values if value]


@lru_cache(maxsize=KNOWN_NAMES)
def _role(own: str, parent: str, is_attribute: bool) -> tuple[str, int] | None:
    """The role of a name under another one: of both together (retail, price), of its own, or of the parent's."""
    one = parent.removesuffix("s") if len(own) > 1 else parent  # prices/gross, but not sizes@s
    for both in (own + parent, parent + own, own + one, one + own):
        if found := _exact(both):
            return found
    meaning, around = _meaning(own), _meaning(parent)
    if around is None or around[0] not in GIVES_MEANING | IN_LANGUAGES:
        return meaning
    if own in ("id", "slug") or (meaning is None and (_is_id_of(folded(own)) or folded(own) in by_word("ignored"))):
        return None  # size/width
    if around[0] == "pictures" and own not in GENERIC and (meaning is None or meaning[0] not in ("pictures", "url")):
        return None  # a picture's own size, type or title
    if own in GENERIC and around[0] in GIVES_MEANING:
        return around
    return around if meaning is None and not is_attribute else meaning


@lru_cache(maxsize=KNOWN_NAMES)
def _meaning(name: str) -> tuple[str, int] | None:
    """Role and rank of a name; one that only holds a known word (`SatisFiyati2`, `internal-id`) ranks last.

    A limit, or what the shop pays itself, comes even after those.
    """
    if found := _exact(name):
        return found
    found = _by_part(name)
    return (found[0], PART_OF_NAME + 1) if found and _is_lesser(folded(name)) else found


def _is_lesser(word: str) -> bool:
    return bool(LIMIT.search(word)) or any(other in word for other in by_word("lesser"))


def _exact(name: str) -> tuple[str, int] | None:
    word = folded(name)
    meaning = by_word("elements").get(word)
    return (meaning, _ranks()[meaning].get(word, PART_OF_NAME - 1)) if meaning else None


def _by_part(name: str) -> tuple[str, int] | None:
    if _aside(name):
        return None
    parts = [part for part in SIGNS.split(name) if part]
    if len(parts) > 2 and parts[0] in OF_OFFERS:
        return _meaning("_".join(parts[1:]))
    if len(parts) > 1:
        first, last = (parts[-1], parts[0]) if parts[0] == "id" else (parts[0], parts[-1])
        if last == "id" and _meaning(first):
            return None  # of a brand, a category: not of the offer
        if last == "group" and first in PAIRED:
            return None  # attribute_group: the name of an attribute
        if found := _role(last, first, is_attribute=True) or _exact(first):
            return _which_price(found[0], name), PART_OF_NAME
    word = folded(name)
    if _is_id_of(word):
        return None  # the same, written in one
    for prefix in OF_OFFERS:
        if word.startswith(prefix) and (found := _exact(word[len(prefix) :])):
            return found[0], PART_OF_NAME
    held = [known for known in by_word("elements") if len(known) >= LEAST_HELD and known in word]
    held = [known for known in held if known not in SAYS_LITTLE]
    return (_which_price(by_word("elements")[max(held, key=len)], name), PART_OF_NAME) if held else None


def _which_price(role: str, name: str) -> str:
    """The role; of a price by what its name says beside the word for a price: `previous` of `previousPrice`."""
    if role != "price":
        return role
    word, said = folded(name), by_word("prices")
    known = max((one for one, meaning in by_word("elements").items() if meaning == "price" and one in word), key=len)
    rest = word.replace(known, "", 1)
    bare = next((rest[len(prefix) :] for prefix in OF_OFFERS if rest.startswith(prefix)), rest)
    return said.get(bare) or said.get(rest) or role


def _is_id_of(word: str) -> bool:
    """Whether a name is the id of something else that has a name: `manufacturerid`."""
    return word.endswith("id") and _exact(word[:-2]) is not None


@lru_cache(maxsize=KNOWN_NAMES)
def _aside(name: str) -> str | None:
    """What a name is about that is beside the offer itself; None for a name of a field."""
    word = folded(name)
    if word in by_word("elements"):
        return None
    return next((meaning for other, meaning in by_word("aside").items() if other in word), None)


@cache
def _ranks() -> dict[str, dict[str, int]]:
    return {
        role: {folded(word): rank for rank, word in reversed(list(enumerate(words)))}
        for role, words in lists()["elements"].items()
    }
