"""The parts of a feed's offers that nobody reads: no field of the dialect stands there, and it ignores them not."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator

from udfs.feeds.forms.dialect import Dialect
from udfs.feeds.forms.words import by_word, folded
from udfs.feeds.guessing.detect import Found
from udfs.feeds.guessing.guess import elements_of
from udfs.feeds.guessing.ignored import Ignored
from udfs.feeds.guessing.leaves import PART_OF_NAME, Leaf, leaves_of
from udfs.feeds.guessing.named_leaves import named_leaves
from udfs.feeds.markup.outline import Outline
from udfs.feeds.markup.taken import Taken
from udfs.feeds.options import FeedOptions
from udfs.feeds.summary import Unread
from udfs.feeds.values.prices import parse_price
from udfs.feeds.values.sizes import is_colour, is_size

AMOUNTS = {"price", "sale_price", "old_price"}
LOOKED_INTO = 200
"""Offers, from the feed's first on."""
SAMPLES = 3
SAMPLE_CHARS = 60
MOST = 60
"""Parts that are listed; those that look like a field come first."""
MOSTLY = 0.6
LIKE_FIELDS = {
    "sizes": "sizes", "colour": "colours", "material": "materials", "price": "prices", "sale_price": "prices",
    "old_price": "prices", "pictures": "pictures", "group": "groups", "gender": "genders", "age": "ages",
    "brand": "brands", "available": "stock",
}  # fmt: skip
OF_LONG_NAMES = {"sizes", "colour", "material", "price", "sale_price", "old_price"}
"""Fields that a place may be of whose name only holds their word."""


def unread_of(found: Found, outline: Outline, sample: bytes, options: FeedOptions) -> list[Unread]:
    """What the first offers have that is neither read nor ignored; first what looks like a field, then by share."""
    offers = elements_of(found.path, outline, sample, options, LOOKED_INTO)
    taken, ignored = Taken(found.dialect), Ignored(found.dialect)
    leaves = [leaf for leaf in leaves_of(offers) if leaf.source not in taken and leaf.source not in ignored]
    leaves += [leaf for leaf in _unwanted(named_leaves(offers, found.dialect.named), found.dialect)
               if leaf.source not in ignored]  # fmt: skip
    parts = [
        Unread(leaf.source, round(leaf.elements / len(offers), 4), _samples(leaf), _looks_like(leaf)) for leaf in leaves
    ]
    return sorted(parts, key=lambda part: (part.looks_like is None, -part.share, part.source))[:MOST]


def _unwanted(leaves: Iterable[Leaf], dialect: Dialect) -> Iterator[Leaf]:
    """The places of named values that no field wants."""
    wanted = [source for sources in dialect.fields.values() for source in sources if source.startswith("param")]
    wanted += [
        source for sources in (dialect.variants.fields.values() if dialect.variants else ()) for source in sources
    ]
    meanings = {source[6:] for source in wanted if source.startswith("param:")}
    exact = {folded(source[6:]) for source in wanted if source.startswith("param=")}
    for leaf in leaves:
        word = folded(leaf.source[6:].partition(";")[0].partition("(")[0])
        if word not in exact and by_word("named").get(word) not in meanings:
            yield leaf


def _samples(leaf: Leaf) -> list[str]:
    return [value[:SAMPLE_CHARS] for value, _ in Counter(leaf.values).most_common(SAMPLES)]


def _looks_like(leaf: Leaf) -> str | None:
    """What the values look like, `sizes` for one; None for what no field holds."""
    if leaf.is_picture:
        return "pictures"
    if leaf.is_address:
        return None
    name = leaf.source.removeprefix("param=").replace("/", " ") if "=" in leaf.source else leaf.source
    if leaf.is_other_amount and "price" in folded(leaf.source) and leaf.is_amount:
        return LIKE_FIELDS["price"]
    called = Leaf(name).role()
    if called and (called[1] < PART_OF_NAME or called[0] in OF_LONG_NAMES) and called[0] in LIKE_FIELDS:
        return LIKE_FIELDS[called[0]] if called[0] not in AMOUNTS or leaf.is_amount else None
    if _share(leaf, is_colour):
        return "colours"
    if _share(leaf, is_size) and any(char.isalpha() for value in leaf.values for char in value):
        return "sizes"
    if _share(leaf, lambda value: all(parse_price(value)[:2]) and len(value) < 20):
        return "prices"
    return None


def _share(leaf: Leaf, fits: Callable[[str], bool]) -> bool:
    return sum(map(bool, map(fits, leaf.values))) > MOSTLY * len(leaf.values)
