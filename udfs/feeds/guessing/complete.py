"""A known dialect, completed by what this feed's offers have under other names that leave no doubt."""

import re
from collections.abc import Iterable, Sequence

from udfs.feeds.forms.dialect import Dialect, Named, Numbered, Sources
from udfs.feeds.forms.words import folded
from udfs.feeds.guessing.detect import Found
from udfs.feeds.guessing.guess import elements_of
from udfs.feeds.guessing.guess_fields import MINOR, NAMED_FIELDS, OF_OTHERS, typed_prices
from udfs.feeds.guessing.ignored import Ignored
from udfs.feeds.guessing.leaves import GENERIC, PART_OF_NAME, Leaf, leaves_of
from udfs.feeds.guessing.pairs import NAME_KEYS, VALUE_KEYS, is_paired, numbered_of, pattern_of
from udfs.feeds.guessing.typed_prices import PRICES, is_price
from udfs.feeds.guessing.variants import is_variant, variants_of
from udfs.feeds.markup.outline import Outline, is_within, relative
from udfs.feeds.markup.taken import Taken
from udfs.feeds.options import FeedOptions

NAMES, VALUES = frozenset(map(folded, NAME_KEYS)), frozenset(map(folded, VALUE_KEYS))
VARIANT = re.compile(r"(?:\w+:)?([^\W\d_]+)[_-]?\d+[_-]?[^\W\d]")
"""A name that begins with a numbered word: `g:variant_1_size`."""
OF_VARIANTS = ("sizes", "colour", "available")
LOOKED_INTO = 60
"""Offers that are looked into for what the names of places do not tell."""


def completed(found: Found, outline: Outline, sample: bytes, options: FeedOptions) -> Found:
    """The dialect with what it lacks for this feed: pairs, variants, and places of fields that it finds nowhere."""
    places = outline.within(found.path)
    dialect = found.dialect
    if dialect.variants is None or dialect.variants.element not in places:
        pairs = _pairs_of_elements(places, Taken(dialect), places, dialect.named)
        if variants := variants_of(found.path, outline, Taken(dialect), pairs):
            dialect = dialect.model_copy(update={"variants": variants})
    dialect = _with_pairs(dialect, places)
    if typed := _typed_prices(dialect, places):
        leaves = leaves_of(elements_of(found.path, outline, sample, options, LOOKED_INTO))
        dialect = _with_prices(dialect, typed, leaves)
    fields: dict[str, Sources] = {**dialect.fields}  # type: ignore[dict-item]
    fields.update(others := _spelled_otherwise(dialect, places))
    words = {} if "available" in others else dialect.words  # which are about the dialect's own places
    return Found(dialect.model_copy(update={"fields": fields, "words": words}), found.path, found.reason)


def _with_pairs(dialect: Dialect, places: list[str]) -> Dialect:
    """The dialect that reads every place of names and values."""
    named = [_as_it_stands(one, places) for one in dialect.named]
    taken = Taken(dialect.model_copy(update={"variants": None}))
    named += _pairs_of_elements((place for place in places if place not in taken), taken, places, dialect.named)
    numbered: list[Numbered] = [
        pair for pair in numbered_of(places, places)
        if not {pair.name, pair.value} & {pattern_of(place) for place in places if place in taken}
    ]  # fmt: skip
    if named == dialect.named and not numbered:
        return dialect
    fields = {name: [*sources] for name, sources in dialect.fields.items()}
    for name, word in NAMED_FIELDS.items():
        if f"param:{word}" not in fields.setdefault(name, []):  # type: ignore[arg-type]
            fields[name].append(f"param:{word}")  # type: ignore[index]
    return dialect.model_copy(update={"named": named, "numbered": [*dialect.numbered, *numbered], "fields": fields})


def _typed_prices(dialect: Dialect, places: list[str]) -> list[Named]:
    """Elements that the dialect reads as prices, with an attribute that may say which price each is."""
    read = Taken(dialect, PRICES)
    return [
        Named(element=element, name=f"@{attribute}")
        for element, mark, attribute in (place.rpartition("@") for place in places)
        if mark
        and attribute in NAMES
        and element in read
        and is_price(element)
        and f"{element}@{attribute}" not in read
    ]


def _with_prices(dialect: Dialect, typed: list[Named], leaves: Sequence[Leaf]) -> Dialect:
    """The dialect that reads prices by the words that stand at them, where these tell them apart."""
    prices = typed_prices(leaves, typed)
    if not prices:
        return dialect
    fields = {**dialect.fields}
    for name, sources in prices.items():
        fields[name] = [*sources, *fields.get(name, [])]  # type: ignore[index, call-overload]
    return dialect.model_copy(update={"named": [*dialect.named, *typed], "fields": fields})


def _as_it_stands(named: Named, places: list[str]) -> Named:
    """A named value whose name or value has another name in this feed."""
    within = [relative(place, named.element) for place in places if is_within(place, named.element)]
    if not within:
        return named
    found = {"name": named.name, "value": named.value}
    for part, keys in (("name", NAMES), ("value", VALUES)):
        known = found[part].split("|")
        if "." not in known and not {one.partition("@")[0] or one for one in known} & {*within}:
            other = [place for place in within if _ends_with(place, keys) and place not in found.values()]
            found[part] = "|".join([*known, *other[:1]])
    if found["value"] == named.value != "." and found["name"] != named.name:
        found["value"] += "|."  # <param name="Size">M</param> where the name has always been an element
    return Named(element=named.element, **found, glossary=named.glossary)


def _pairs_of_elements(unread: Iterable[str], taken: Taken, places: list[str], known: Sequence[Named]) -> list[Named]:
    """Elements whose name says that they hold a name and a value, and that do."""
    elements = {one.element for one in known}
    found: dict[str, Named] = {}
    for place in unread:
        element = place[: max(place.rfind("/"), place.rfind("@"), 0)]
        if (
            not element
            or element in found
            or element in elements
            or not is_paired(element.rpartition("/")[2])
            or element in taken
        ):
            continue
        within = [relative(other, element) for other in places if is_within(other, element)]
        names = [other for other in within if _ends_with(other, NAMES)]
        values = [other for other in within if _ends_with(other, VALUES)] or ["."]
        if names and (values != ["."] or names[0][0] == "@"):
            found[element] = Named(element=element, name=names[0], value=values[0])
    return list(found.values())


def _spelled_otherwise(dialect: Dialect, places: list[str]) -> dict[str, Sources]:
    """Places of fields that the dialect finds nowhere in this feed, by names that mean nothing else."""
    taken = Taken(dialect)
    ranked: dict[str, list[tuple[int, str]]] = {}
    ignored = Ignored(dialect)
    for place in places:
        leaf = Leaf(place)
        called = leaf.role() if place not in taken else None
        if called and _is_plainly(called, place) and (called[0] == "id" or not ignored.by_dialect(place)):
            ranked.setdefault(called[0], []).append((called[1], place))
    found: dict[str, Sources] = {}
    for name, every in ranked.items():
        others = [one for one in every if not any(other.startswith(one[1] + "/") for _, other in every)]  # no lists
        sources = dialect.fields.get(name, [])  # type: ignore[call-overload]
        own = Taken(dialect, [name])
        held = [place for place in places if place in own and not any(is_within(other, place) for _, other in others)]
        main = [place for _, place in sorted(others) if not MINOR.search(place.lower())]
        if name == "pictures" and main and all(MINOR.search(place.lower()) for place in held):
            found[name] = [*main[:1], *sources]
        elif not held:
            found[name] = [*sources, *dict.fromkeys(pattern_of(place) for _, place in sorted(others))]
    return found


def _is_plainly(called: tuple[str, int], place: str) -> bool:
    """Whether a place means a field without a doubt: by its own name, and by those of all elements around it.

    `sizes/size`, `images/image/url`; within a list of a field's own name, a part of a name will do, as it does where
    the rest names a variant by its number.
    """
    *around, own = (name for name in re.split(r"[/@]", place) if name)
    lists = [Leaf(name).role() for name in around]
    is_own = not lists or own in GENERIC or (Leaf(own).role() is not None and not OF_OTHERS.search(own))
    is_listed = bool(lists) and all(one is not None and one[1] < PART_OF_NAME for one in lists)
    is_of_one = all(one is not None and one[0] == called[0] for one in lists)
    is_of_variant = called[0] in OF_VARIANTS and (found := VARIANT.match(own)) is not None and is_variant(found[1])
    return is_own and is_of_one and (called[1] < PART_OF_NAME or is_listed or (not lists and is_of_variant))


def _ends_with(place: str, keys: frozenset[str]) -> bool:
    """Whether a child's or an attribute's name is, or ends with, one of some words."""
    word = folded(place.rpartition(":")[2].lstrip("@"))
    return "/" not in place and any(word.endswith(key) for key in keys)
