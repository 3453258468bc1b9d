"""Elements inside an offer that each stand for a size or a colour of it, by what they and their parts are called."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from udfs.feeds.forms.dialect import Named, Variants
from udfs.feeds.forms.words import folded
from udfs.feeds.guessing.guess_fields import fields_of, named_of
from udfs.feeds.guessing.leaves import PART_OF_NAME, Leaf
from udfs.feeds.guessing.pairs import AT_END
from udfs.feeds.markup.outline import Outline, is_within, relative
from udfs.feeds.markup.taken import Taken

CALLED = (
    "variant", "variation", "sku", "combination", "modification", "child", "option", "offervariant", "productvariant",
    "wariant", "varianta", "variante", "varyant", "variacao", "variacion", "вариант", "варіант", "модификация",
    "バリエーション",
)  # fmt: skip
"""What shops call an element that is one of several forms of the goods."""
FIELDS = ("sizes", "colour", "material", "price", "sale_price", "old_price", "currency", "available")
NAMED = {"sizes": "size", "colour": "colour", "material": "material"}
KEYS = ("slug", "handle", "permalink", "url_key", "urlkey")
"""What stands for a product in addresses, and so for the group of its variants."""


def variants_of(path: str, outline: Outline, taken: Taken, pairs: Sequence[Named]) -> Variants | None:
    """The variants of the offers at a path; None where nothing that the dialect does not read looks so.

    `pairs`: the named values of the offers that the dialect does not read.
    """
    for other in sorted(outline.places, key=lambda place: -place.count("/")):  # each <variant>, not all <variants>
        if other.startswith(path + "/") and (is_variant(other) or _is_size(other, outline)):
            element = other[len(path) + 1 :]
            within = outline.within(other)
            read = [place for place in within if f"{element}/{place}".replace("/@", "@") in taken]
            fields = fields_within(element, within, pairs)
            if not read and tells_apart(fields):
                return Variants(element=element, fields=fields, counts_stock=True)
    return None


def _is_size(path: str, outline: Outline) -> bool:
    """Whether an element goes by a name of sizes and is one of them, not all: `sizes/size`."""
    inside = [place.count for other, place in outline.places.items() if other.startswith(path + "/")]
    return _is_called_size(path) and max(inside, default=0) <= outline.places[path].count


def _is_called_size(element: str) -> bool:
    called = Leaf(element.rpartition("/")[2]).role()
    return called is not None and called[0] == "sizes" and called[1] < PART_OF_NAME


def is_variant(path: str) -> bool:
    """Whether an element goes by a name of variants: `variants/variant`, `g:variants`."""
    word = folded(AT_END.sub("", path.rpartition("/")[2].rpartition(":")[2]))
    return any(word in (known, known + "s") or word.endswith(known) for known in CALLED)


def variants_within(leaves: Sequence[Leaf]) -> list[str]:
    """The elements that go by a name of variants, and hold more than one place."""
    held: dict[str, int] = {}
    for leaf in leaves:
        parts = re.split(r"[/@]", leaf.source)[:-1]
        for depth in range(1, len(parts) + 1):
            element = "/".join(parts[:depth])
            held[element] = held.get(element, 0) + 1
    elements = [element for element, places in held.items() if places > 1 and is_variant(element)]
    return sorted(elements, key=lambda element: -element.count("/"))


def apart(leaves: Sequence[Leaf], element: str) -> tuple[dict[str, list[str]], dict[str, list[str]]] | None:
    """The fields of a product, and those of the variants in it; None where the product has an id, or they have none."""
    within = [leaf for leaf in leaves if is_within(leaf.source, element)]
    inside = [replace(leaf, source=relative(leaf.source, element)) for leaf in within]
    outside = [leaf for leaf in leaves if leaf not in within]
    if any((called := leaf.role()) and leaf.depth == 0 and called[0] == "id" for leaf in outside):
        return None
    inner, outer = fields_of(inside, named_of(inside)), fields_of(outside, named_of(outside))
    inner = {name: sources for name, sources in inner.items() if name in FIELDS or name in ("id", "pictures", "url")}
    ids = [source for source in inner.get("id", []) if (called := Leaf(source).role()) and called[0] == "id"]
    if not ids or not tells_apart(inner) or "title" not in outer:
        return None
    group = [leaf.source for leaf in outside if leaf.name in KEYS] + outer.get("url", []) + outer["title"]
    outer = {name: sources for name, sources in outer.items() if name not in ("id", "sizes")}
    return {**outer, "id": group[:1], "group": outer.get("group", group)}, {**inner, "id": ids}


def fields_within(element: str, within: Sequence[str], pairs: Sequence[Named]) -> dict[str, list[str]]:
    """The places of a variant by field; a title stands for its size and its colour, `36 / white`, a size for itself.

    `within`: the places in the variants' element, from there; `pairs`: the named values of the offers.
    """
    named = tuple(pair.element for pair in pairs if pair.element.startswith(element + "/"))
    own = element.rpartition("/")[2] if _is_called_size(element) else ""
    ranked: dict[str, list[tuple[int, int, int, str]]] = {}
    for at, place in enumerate(within):
        if f"{element}/{place}".startswith(named):
            continue
        leaf = Leaf(f"{own}/{place}".replace("/@", "@") if own else place)
        if called := leaf.role():
            ranked.setdefault(called[0], []).append((leaf.depth, called[1], at, place))
    found = {name: _best(ranked[name]) for name in FIELDS if name in ranked}
    if "sizes" not in found and "title" in ranked:
        found["sizes"] = _best(ranked["title"])
    if own:
        found.setdefault("sizes", ["."])
    for name, word in NAMED.items() if named else ():
        found[name] = [*found.get(name, []), f"param:{word}"]
    return found


def tells_apart(fields: dict[str, list[str]]) -> bool:
    """Whether the fields are those of a variant: a size or a colour beside what it costs or whether it can be had."""
    return bool({"sizes", "colour"} & fields.keys() and {"price", "sale_price", "available"} & fields.keys())


def _best(ranked: Iterable[tuple[int, int, int, str]]) -> list[str]:
    return [place for *_, place in sorted(ranked)]
