"""A dialect for a feed of an unknown form: the element that repeats, and what its places are called and hold."""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import chain
from typing import Literal, NamedTuple

from lxml import etree

from udfs.feeds.forms.dialect import Around, Categories, Dialect, Match, Named, Numbered, Variants
from udfs.feeds.forms.words import by_word, folded, lists
from udfs.feeds.guessing.detect import Found
from udfs.feeds.guessing.guess_fields import fields_of, named_of
from udfs.feeds.guessing.leaves import Leaf, leaves_of
from udfs.feeds.guessing.named_leaves import fields_of_names, named_leaves
from udfs.feeds.guessing.pairs import numbered_of
from udfs.feeds.guessing.typed_prices import PRICES
from udfs.feeds.guessing.variants import apart, fields_within, is_variant, tells_apart, variants_within
from udfs.feeds.markup import loose_tags
from udfs.feeds.markup.cut import OfferTag
from udfs.feeds.markup.outline import Outline, is_within, relative
from udfs.feeds.markup.stream import OfferStream
from udfs.feeds.options import FeedOptions
from udfs.feeds.repairs import Repairs

SAMPLED = 60
"""Elements that are looked into to find the offers."""
LOOKED_INTO = 600
"""Offers that are looked into for their fields: a place may be empty in the first ones."""
MAX_CANDIDATES = 12
WEIGHTS = {
    "id": 2, "title": 3, "price": 3, "url": 2, "pictures": 2,
    "description": 1, "brand": 1, "category_path": 1, "available": 1,
}  # fmt: skip
NEEDED = {"id": "id", "pictures": "picture"}
"""Fields without which no offer is kept, and what they are called."""
PATH_MARKS = ("->", " > ", ">", " » ", " › ", "＞", " | ", "|", " / ", " :: ", "\\")
SIZE_MARKS = (",", ";", "|")
CATEGORY_NAMES = ("category", "категория", "kategori", "kategorie", "cat")
CATEGORY_IDS = ("@id", "id", "@category_id", "@code")
CATEGORY_PARENTS = ("@parentid", "parentid", "@parent_id", "parent_id", "@parent", "parent")
CATEGORY_TITLES = ("name", "title", "@name", "@title")
MARKED = re.compile(r"\D*\d+[.,](?P<fraction>\d+)\D*")
THOUSANDS = 3
"""Digits of a group, which a mark before so many digits parts as often as it parts decimals."""


class _Guess(NamedTuple):
    """A path that may be the offers', in the order of preference."""

    score: float
    repeats: int
    path: str
    fields: dict[str, list[str]]
    named: list[Named]
    numbered: list[Numbered]
    leaves: list[Leaf]

    @property
    def lacks_pictures(self) -> bool:
        """Whether pictures stand elsewhere."""
        return "pictures" not in self.fields

    @property
    def is_weak(self) -> bool:
        """Whether it may as well be a part of an offer, such as a size with its price."""
        return not {"id", "url", "pictures"} & self.fields.keys() or self._is_size

    @property
    def is_complete(self) -> bool:
        """Whether its offers can be kept."""
        return self.fields.keys() >= NEEDED.keys()

    @property
    def _is_size(self) -> bool:
        return by_word("elements").get(folded(self.path.rpartition("/")[2])) == "sizes"


def guess(outline: Outline, sample: bytes, options: FeedOptions) -> Found | None:
    """The dialect that reads most of the feed; None where none holds a title beside an id, a price or an address."""
    inner = [path for path in outline.places if outline.children(path)]
    guesses = _ranked((path for path in inner if outline.places[path].count > 1), outline, sample, options)
    best, passed_over = _complete_one(guesses)
    if best is None or best.is_weak:
        once = (path for path in inner if outline.places[path].count == 1 and "/" in path)
        alone = next(iter(_ranked(once, outline, sample, options)), None)
        if alone and not alone.is_weak and {"price", "pictures"} & alone.fields.keys():
            best, passed_over = alone, None
    if best is None:
        return None
    best = _product_around(best, outline, sample, options) or best
    whole = _look_at(best.path, outline, sample, options, LOOKED_INTO)
    best = whole if _is_offer(whole.fields) or whole.path != best.path else best
    dialect, name = _dialect(best, outline, sample), best.path.rpartition("/")[2]
    reason = f"no known dialect; {best.repeats} or more <{name}> hold {', '.join(best.fields)}"
    return Found(dialect, best.path, f"{reason}; {passed_over}" if passed_over else reason)


def _ranked(paths: Iterable[str], outline: Outline, sample: bytes, options: FeedOptions) -> list[_Guess]:
    """The paths that may be the offers', the best first."""
    candidates = sorted(paths, key=lambda path: (path.count("/"), -outline.places[path].count))[:MAX_CANDIDATES]
    guesses = [_look_at(path, outline, sample, options) for path in candidates]
    return sorted((one for one in guesses if _is_offer(one.fields)), key=lambda one: one[:2], reverse=True)


def _complete_one(guesses: list[_Guess]) -> tuple[_Guess | None, str | None]:
    """The best guess with an id and a picture, and what is said of a better one that lacks them; else the best."""
    best = next(iter(guesses), None)
    if best is None or best.is_complete:
        return best, None
    others = (one for one in guesses if one.is_complete and one.fields.keys() >= best.fields.keys() & {"price"})
    other = next(others, None)
    if other is None:
        return best, None
    lacks = " and no ".join(what for name, what in NEEDED.items() if name not in best.fields)
    return other, f"passed over <{best.path.rpartition('/')[2]}>, which has no {lacks}"


def _product_around(best: _Guess, outline: Outline, sample: bytes, options: FeedOptions) -> _Guess | None:
    """What stands around elements that are variants of it, and shows them or names them; None where they are none."""
    parts = best.path.split("/")
    for depth in (len(parts) - 1, len(parts) - 2):
        path = "/".join(parts[:depth])
        if depth < 2 or not (is_variant(best.path) or (outline.places[path].count > 1 and best.lacks_pictures)):
            continue
        product = _look_at(path, outline, sample, options)
        parted = apart(product.leaves, best.path[len(path) + 1 :])
        if (
            parted
            and {"title", "pictures"} & parted[0].keys()
            and (outline.places[path].count > 1 or "url" in parted[0])
        ):
            return product
    return None


def _look_at(path: str, outline: Outline, sample: bytes, options: FeedOptions, most: int = SAMPLED) -> _Guess:
    elements = elements_of(path, outline, sample, options, most)
    leaves = leaves_of(elements)
    named = named_of(leaves)
    numbered = numbered_of(
        (leaf.source for leaf in leaves), (leaf.source for leaf in leaves if len(leaf.values) > leaf.elements)
    )
    fields = fields_of(leaves, named, numbered)
    if named and not _is_offer(fields):
        told = named_leaves(elements, named)
        fields, leaves = fields_of_names(told) | fields, [*leaves, *told]
    score = sum(WEIGHTS.get(name, 0) / (1 + Leaf(sources[0]).depth) for name, sources in fields.items())
    return _Guess(score, outline.places[path].count, path, fields, named, numbered, leaves)


def elements_of(path: str, outline: Outline, sample: bytes, options: FeedOptions, most: int) -> list[etree._Element]:
    """The first elements of a path in a feed's first bytes."""
    place = outline.places[path]
    stream = OfferStream(OfferTag(place.written, None, place.holds_itself), outline.names, options, Repairs())
    found: list[etree._Element] = []
    for reads in stream.read(sample, place.start, iter(())):
        found += reads.known()
        if len(found) >= most:
            break
    return found[:most]


def _is_offer(fields: dict[str, list[str]]) -> bool:
    return "title" in fields and len({"id", "price", "url", "pictures"} & fields.keys()) >= 1


# the dialect


def _dialect(best: _Guess, outline: Outline, sample: bytes) -> Dialect:
    separators = {
        "category_path": _levels(*_values_by_source("category_path", best)),
        "sizes": _size_marks(_values("sizes", best), best.named or best.numbered),
        "pictures": [";", ",", "|"],
    }
    variants = _offers_within(best) or _variants(best.leaves, best.fields, best.named)
    return Dialect(
        name="guessed",
        about="Guessed from the feed itself. Save it as a file, correct it, and set that file as the feed's dialect.",
        match=Match(root=[best.path.split("/")[0]]),
        offer="/".join(best.path.split("/")[-2:]),
        fields=best.fields,
        named=best.named,
        numbered=best.numbered,
        categories=_categories(best.path, best.fields, outline),
        around=_around(best.path, best.fields, outline, sample),
        variants=variants,
        separators={name: marks for name, marks in separators.items() if marks},
        prices_in=_currency(best.fields.get("price", [])),
        decimal_mark=_decimal_mark([value for name in PRICES for value in _values(name, best)]),
    )


def _size_marks(sizes: list[str], are_named: Collection[object]) -> list[str]:
    """The marks between sizes; of named values, which are not looked at, those that no size has in it."""
    found = [mark for mark in SIZE_MARKS if any(mark in size for size in sizes)]
    return found or ([", ", ";", "|"] if are_named else [])


def _values(name: str, best: _Guess) -> list[str]:
    return [value for values in _values_by_source(name, best) for value in values]


def _values_by_source(name: str, best: _Guess) -> list[list[str]]:
    sources = best.fields.get(name, ())
    return [leaf.values for source in sources for leaf in best.leaves if leaf.source == source]


def _levels(paths: Sequence[str] = (), *shorter: list[str]) -> list[str]:
    """The marks between the levels of a field's paths; `shorter`: what other places of categories hold.

    A lone slash may belong to a name, unless most paths have one or what follows it is a category elsewhere.
    """
    if marks := [mark for mark in PATH_MARKS if any(mark in path for path in chain(paths, *shorter))]:
        return marks
    slashed = [path for path in paths if "/" in path]
    known = set(chain(*shorter))
    ends = sum(path.rpartition("/")[2].strip() in known for path in slashed)
    return ["/"] if slashed and (len(slashed) > 0.8 * len(paths) or ends > 0.8 * len(slashed)) else []


def _currency(prices: list[str]) -> str | None:
    """The currency that a price's name ends with: `PriceUSD`."""
    word = folded(Leaf(prices[0]).name) if prices else ""
    code = word[-3:].upper()
    is_price = by_word("elements").get(word[:-3]) in ("price", "sale_price")
    return code if is_price and code in lists()["currencies"] else None


def _decimal_mark(amounts: list[str]) -> Literal[".", ",", "auto"]:
    """The only mark in amounts that stands before three digits and, elsewhere, before another number of digits."""
    alone = [marked for amount in amounts if (marked := MARKED.fullmatch(amount.strip()))]
    marks = {mark for amount in amounts for mark in ".," if mark in amount}
    digits = {len(marked["fraction"]) == THOUSANDS for marked in alone}
    if len(marks) > 1 or digits != {True, False} or any(amount.count(mark) > 1 for amount in amounts for mark in marks):
        return "auto"
    return "." if "." in marks else ","


def _offers_within(best: _Guess) -> Variants | None:
    """Variants with ids of their own in products that have none; `fields` become the product's alone."""
    for element in variants_within(best.leaves):
        if parted := apart(best.leaves, element):
            outer, inner = parted
            best.fields.clear()
            best.fields.update(outer)
            return Variants(element=element, fields=inner)
    return None


def _variants(leaves: Sequence[Leaf], fields: dict[str, list[str]], named: Sequence[Named]) -> Variants | None:
    """Elements within the offer that each hold a size or a colour; their places are taken out of `fields`."""
    for element, size in _may_be_variants(leaves, fields):
        within = [leaf for leaf in leaves if is_within(leaf.source, element)]
        if any(leaf.is_picture for leaf in within):  # a variant is read for its size, colour, price and stock alone
            continue
        held = [relative(leaf.source, element) for leaf in within if _holds_what_it_says(leaf)]
        found = fields_within(element, held, named)
        if size is not None:
            found["sizes"] = [size]
        if not tells_apart(found):
            continue
        inside = {
            name: [one for one in sources if one != element and not is_within(one, element)]
            for name, sources in fields.items()
        }
        if "id" in fields and not inside["id"]:
            continue  # the offer has no id but those of its sizes
        fields.clear()
        fields.update({name: sources for name, sources in inside.items() if sources})
        return Variants(element=element, fields=found)
    return None


def _may_be_variants(leaves: Sequence[Leaf], fields: dict[str, list[str]]) -> Iterator[tuple[str, str | None]]:
    """Elements that may be variants, each with the place of its size: those of sizes, then those called variants."""
    for source in fields.get("sizes", []):
        if any(leaf.source.startswith(source + "@") for leaf in leaves):  # <size stock="3">M</size>
            yield source, "."
        element, mark, _ = source.replace("@", "/@").rpartition("/")
        if mark and ":" not in source:
            yield element, relative(source, element)
    for element in variants_within(leaves):
        yield element, None


def _holds_what_it_says(leaf: Leaf) -> bool:
    """Whether a place called a price holds amounts."""
    called = leaf.role()
    return called is None or called[0] not in PRICES or leaf.is_amount


def _categories(path: str, fields: dict[str, list[str]], outline: Outline) -> Categories | None:
    """A list of categories with ids beside the offers, where the offers name such ids."""
    if not {"category_id", "category_path"} & fields.keys():
        return None
    for other in outline.places:
        children = outline.children(other)
        identity = next((name for name in CATEGORY_IDS if name in children), None)
        if identity is None or other.startswith(path) or not other.rpartition("/")[2].endswith(CATEGORY_NAMES):
            continue
        parent = next((name for name in CATEGORY_PARENTS if name in children), None)
        name = next((name for name in CATEGORY_TITLES if name in children), ".")
        if "category_id" not in fields:
            fields["category_id"] = fields["category_path"]
        return Categories(element="/".join(other.split("/")[-2:]), id=identity, parent=parent, name=name)
    return None


def _around(path: str, fields: dict[str, list[str]], outline: Outline, sample: bytes) -> Around | None:
    """The elements around the offers that are called a category and have a name, where the offers name none."""
    if {"category_id", "category_path"} & fields.keys():
        return None
    parts = path.split("/")
    above = {part: outline.children("/".join(parts[: depth + 1])) for depth, part in enumerate(parts[1:-1], 1)}
    above = {part: children for part, children in above.items() if _is_category(part)}
    names = [name for name in CATEGORY_TITLES if any(name in children for children in above.values())]
    if any("@id" in children for children in above.values()) and _have_words(sample, above.keys()):
        names.append("@id")
    return Around(element="|".join(above), name="|".join(names)) if names else None


def _is_category(name: str) -> bool:
    return by_word("elements").get(folded(name)) == "category_path" or name.endswith(CATEGORY_NAMES)


def _have_words(sample: bytes, elements: Collection[str]) -> bool:
    """Whether the ids of some elements are words, and so names."""
    starts = (token for token in loose_tags.tokens(sample) if token.kind == loose_tags.START)
    given = [loose_tags.attributes(token.inside) for token in starts if loose_tags.local(token.name) in elements]
    ids = [value for every in given for name, value in every if loose_tags.local(name) == "id"]
    return sum(value[:1].isalpha() for value in ids) > 0.5 * len(ids)
