"""A dialect for a feed of an unknown form: the element that repeats, and what its places are called and hold."""

import re
from collections.abc import Iterable, Sequence

from lxml import etree

from udfs.feeds.cut import OfferTag
from udfs.feeds.detect import Found
from udfs.feeds.dialect import FIELDS, Categories, Dialect, Match, Named, Variants
from udfs.feeds.leaves import PART_OF_NAME, Leaf, leaves_of
from udfs.feeds.options import FeedOptions
from udfs.feeds.outline import Outline
from udfs.feeds.repairs import Repairs
from udfs.feeds.stream import OfferStream

SAMPLED = 60
"""Elements that are looked into."""
MAX_CANDIDATES = 12
WEIGHTS = {
    "id": 2,
    "title": 3,
    "price": 3,
    "url": 2,
    "pictures": 2,
    "description": 1,
    "brand": 1,
    "category_path": 1,
    "available": 1,
}
PATH_MARKS = (" > ", ">", " » ", " › ", "＞", " | ", "|", " / ", " :: ", "->")
PATH = re.compile(r"\w ?[>»›＞|] ?\w")
NAME_KEYS = ("name", "key", "label", "title", "code", "type")
VALUE_KEYS = ("value", "val", "text")


def guess(outline: Outline, sample: bytes, options: FeedOptions) -> Found | None:
    """The dialect that reads most of the feed; None where none holds a title beside an id, a price or an address."""
    best: tuple[float, int, str, dict[str, list[str]], list[Leaf]] | None = None
    for path in _candidates(outline):
        leaves = leaves_of(_elements(path, outline, sample, options))
        fields = _fields(leaves)
        if not _is_offer(fields):
            continue
        score = sum(WEIGHTS.get(name, 0) / (1 + _depth(sources[0])) for name, sources in fields.items())
        if best is None or (score, outline.places[path].count) > best[:2]:
            best = score, outline.places[path].count, path, fields, leaves
    if best is None:
        return None
    _, count, path, fields, leaves = best
    dialect = _dialect(path, fields, leaves, outline)
    name = path.rpartition("/")[2]
    return Found(dialect, path, f"no known form; {count} or more <{name}> hold {', '.join(fields)}")


def _candidates(outline: Outline) -> list[str]:
    """Paths of elements that may be offers: repeated ones that hold something; any where nothing repeats."""
    inner = {path: place for path, place in outline.places.items() if outline.children(path)}
    repeated = {path: place for path, place in inner.items() if place.count > 1} or inner
    return sorted(repeated, key=lambda path: (path.count("/"), -repeated[path].count))[:MAX_CANDIDATES]


def _elements(path: str, outline: Outline, sample: bytes, options: FeedOptions) -> list[etree._Element]:
    place = outline.places[path]
    stream = OfferStream(OfferTag(place.written, None, place.holds_itself), outline.names, options, Repairs())
    found: list[etree._Element] = []
    for reads in stream.read(sample, place.start, iter(())):
        found += reads.known()
        if len(found) >= SAMPLED:
            break
    return found[:SAMPLED]


def _is_offer(fields: dict[str, list[str]]) -> bool:
    return "title" in fields and len({"id", "price", "url", "pictures"} & fields.keys()) >= 1


def _depth(source: str) -> int:
    return Leaf(source).depth


def _fields(leaves: Sequence[Leaf]) -> dict[str, list[str]]:
    """Sources by field, each place used once, the better one first."""
    most = max((leaf.elements for leaf in leaves), default=0)
    left = [leaf for leaf in leaves if leaf.values]
    chosen: dict[str, list[Leaf]] = {}

    def take(name: str, fitting: Iterable[Leaf]) -> None:
        if found := list(fitting):
            chosen[name] = found
            left[:] = [leaf for leaf in left if leaf not in found]

    take("pictures", sorted((leaf for leaf in left if leaf.is_picture), key=_is_minor))
    take("url", _called("url", left, lambda leaf: leaf.is_address))
    for name in ("sale_price", "old_price", "price"):
        take(name, _called(name, left, lambda leaf: leaf.is_amount))
    take("id", _called("id", left, lambda leaf: leaf.distinct > 0.5 and leaf.mean_chars < 200 and not leaf.is_address))
    take("title", _called("title", left, lambda leaf: leaf.is_text and leaf.mean_chars < 500))
    paths = [leaf for leaf in left if leaf.is_text and leaf.share(PATH) > 0.5 and leaf.mean_chars < 300]
    take("category_path", [*paths, *_called("category_path", left, lambda leaf: leaf.is_text and leaf not in paths)])
    take("group", _called("group", left, lambda leaf: len(set(leaf.values)) > 1))
    for name in FIELDS:
        if name not in chosen:
            take(name, _called(name, left, lambda leaf: not leaf.is_picture))
    if "group" in chosen and len(set(chosen["group"][0].values)) < 2:
        del chosen["group"]
    _by_values(chosen, left, most, take)
    ordered = {name: [leaf.source for leaf in chosen[name]] for name in FIELDS if name in chosen}
    return {name: _numbered(sources) if name == "pictures" else sources for name, sources in ordered.items()}


def _by_values(chosen: dict[str, list[Leaf]], left: list[Leaf], most: int, take: object) -> None:
    """What the names did not tell: an address, a path of categories, a title, an id."""
    assert callable(take)
    full = [leaf for leaf in left if leaf.elements > 0.8 * most]
    if "url" not in chosen:
        take("url", [leaf for leaf in full if leaf.is_address][:1])
    if "title" not in chosen:
        texts = [
            leaf for leaf in full if leaf in left and leaf.is_text and leaf.distinct > 0.6 and 8 < leaf.mean_chars < 200
        ]
        take("title", sorted(texts, key=lambda leaf: leaf.mean_chars)[-1:])
    if "id" not in chosen:
        short = [
            leaf
            for leaf in full
            if leaf in left and leaf.distinct > 0.95 and leaf.mean_chars < 40 and leaf.share(re.compile(r"\s")) < 0.1
        ]
        take("id", short[:1])
    if "id" not in chosen and "url" in chosen:
        chosen["id"] = chosen["url"]


def _called(name: str, leaves: Iterable[Leaf], fits: object) -> list[Leaf]:
    """The leaves that go by a name of the field and hold what it should, the commonest name first."""
    assert callable(fits)
    found = [(leaf.depth, called[1], place, leaf) for place, leaf in enumerate(leaves)
             if (called := leaf.role()) and called[0] == name and fits(leaf)]  # fmt: skip
    exact = [one for one in found if one[1] < PART_OF_NAME] or found
    return [leaf for *_, leaf in sorted(exact, key=lambda one: one[:3])]


def _is_minor(leaf: Leaf) -> bool:
    """Whether a picture's place is for further or small ones."""
    return bool(re.search(r"add|alt|thumb|small|more|other|galler|extra|\d", leaf.source.lower())) or leaf.depth > 1


def _numbered(sources: list[str]) -> list[str]:
    """`img1`, `img2`, ... as the one source `img#`."""
    return list(dict.fromkeys(re.sub(r"[-_]?\d+$", "#", source) for source in sources))


def _dialect(path: str, fields: dict[str, list[str]], leaves: Sequence[Leaf], outline: Outline) -> Dialect:
    named = _named(leaves)
    if named:
        for name, word in (
            ("brand", "brand"),
            ("gender", "gender"),
            ("age", "age"),
            ("colour", "colour"),
            ("sizes", "size"),
        ):
            fields.setdefault(name, []).append(f"param:{word}")
    values = {name: [value for leaf in leaves if leaf.source in fields.get(name, ()) for value in leaf.values]
              for name in ("category_path", "sizes")}  # fmt: skip
    levels = [mark for mark in PATH_MARKS if any(mark in value for value in values["category_path"])]
    if not levels and sum("/" in value for value in values["category_path"]) > 0.8 * len(values["category_path"]):
        levels = ["/"]
    separators = {
        "category_path": levels,
        "sizes": [mark for mark in (",", ";", "|") if any(mark in value for value in values["sizes"])],
        "pictures": [";", ",", "|"],
    }
    return Dialect(
        name="guessed",
        about="Guessed from the feed itself; keep it in a file, correct it, and name that file as the feed's dialect.",
        match=Match(root=[path.split("/")[0]]),
        offer="/".join(path.split("/")[-2:]),
        fields=fields,
        named=named,
        categories=_categories(path, fields, outline),
        variants=_variants(leaves, fields),
        separators={name: marks for name, marks in separators.items() if marks},
    )


def _named(leaves: Sequence[Leaf]) -> list[Named]:
    """Elements that come several times an offer with a name and a value each."""
    sources = {leaf.source: leaf for leaf in leaves}
    found: dict[str, Named] = {}
    for leaf in leaves:
        for key in NAME_KEYS:
            for mark in ("@", "/"):
                element, _, last = leaf.source.rpartition(mark)
                if last != key or not element or element in found or len(leaf.values) < 1.5 * leaf.elements:
                    continue
                values = [f"{element}{sign}{value}" for value in VALUE_KEYS for sign in ("@", "/")]
                value = next((value[len(element) :].lstrip("/") for value in values if value in sources), ".")
                if value != "." or element in sources:
                    found[element] = Named(element=element, name=f"@{key}" if mark == "@" else key, value=value)
    return list(found.values())


def _variants(leaves: Sequence[Leaf], fields: dict[str, list[str]]) -> Variants | None:
    """Elements within the offer that each hold a size."""
    for source in fields.get("sizes", []):
        element, mark, last = source.rpartition("/")
        if not mark:
            continue
        within = [leaf for leaf in leaves if leaf.source.startswith(element + "/")]
        prices = [_last(leaf) for leaf in within if leaf.is_amount and _is_called(leaf, "price")]
        stocks = [_last(leaf) for leaf in within if _is_called(leaf, "available")]
        if not (prices or stocks):
            continue
        inside = {
            name: [one for one in sources if not one.startswith(element + "/")] for name, sources in fields.items()
        }
        fields.clear()
        fields.update({name: sources for name, sources in inside.items() if sources})
        return Variants(element=element, fields={"sizes": [last], "price": prices, "available": stocks})
    return None


def _last(leaf: Leaf) -> str:
    return leaf.source.rpartition("/")[2]


def _is_called(leaf: Leaf, name: str) -> bool:
    called = leaf.role()
    return called is not None and called[0] == name


def _categories(path: str, fields: dict[str, list[str]], outline: Outline) -> Categories | None:
    """A list of categories with ids beside the offers, where the offers name such ids."""
    if not {"category_id", "category_path"} & fields.keys():
        return None
    for other in outline.places:
        children = outline.children(other)
        if other.startswith(path) or not other.rpartition("/")[2].endswith(
            ("category", "категория", "kategori", "kategorie", "cat")
        ):
            continue
        identity = next((name for name in ("@id", "id", "@category_id", "@code") if name in children), None)
        if identity:
            parent = next(
                (
                    name
                    for name in ("@parentid", "parentid", "@parent_id", "parent_id", "@parent", "parent")
                    if name in children
                ),
                None,
            )
            name = next((name for name in ("name", "title", "@name", "@title") if name in children), ".")
            if "category_id" not in fields:
                fields["category_id"] = fields["category_path"]
            return Categories(element="/".join(other.split("/")[-2:]), id=identity, parent=parent, name=name)
    return None
