"""Names and values that stand in places of their own: `attribute_1_name` beside `attribute_1_value`."""

import re
from collections.abc import Iterable

from udfs.feeds.forms.dialect import Numbered
from udfs.feeds.forms.words import folded

NAME_KEYS = (
    "name", "key", "label", "title", "code", "type", "kind", "tanim", "attribute-id", "nazwa", "nazev", "název",
    "nazov", "názov", "naziv", "nombre", "nome", "nom", "naam", "bezeichnung", "bez", "название",
    "наименование", "назва",
)  # fmt: skip
VALUE_KEYS = (
    "value", "val", "text", "deger", "wartosc", "wartość", "hodnota", "vrednost", "vrijednost", "valor", "valore",
    "valeur", "wert", "amount", "waarde", "ertek", "érték", "значение", "значення",
)  # fmt: skip
PAIRED = (
    "attribute", "attr", "param", "parameter", "option", "spec", "specification", "property", "prop", "feature",
    "characteristic", "detail", "field", "filter", "eigenschaft", "merkmal", "atrybut", "cecha", "vlastnost",
    "caracteristica", "caratteristica", "caracteristique", "ozellik", "характеристика", "свойство", "параметр",
)  # fmt: skip
"""What elements with a name and a value are called."""
NUMBER = re.compile(r"\d+")
AT_END = re.compile(r"[-_]?\d+$")
PLACE = re.compile(r"(?P<around>.*[/@]|)(?P<name>[^/@]+)")

Key = tuple[str, str, str]
"""What a name and its value have in common: the place around them, their number, the rest of their names."""


def numbered_of(sources: Iterable[str], repeated: Iterable[str] = ()) -> list[Numbered]:
    """The pairs among places of one offer. `repeated`: places that come several times, which need no number."""
    names: dict[Key, str] = {}
    values: dict[Key, str] = {}
    alone: dict[Key, str] = {}
    several = frozenset(repeated)
    for source in sources:
        place = PLACE.fullmatch(source)
        if place is None:
            continue
        number = NUMBER.search(place["name"])
        if number is None and source not in several:
            continue
        word = folded(NUMBER.sub("", place["name"].rpartition(":")[2]))
        common = place["around"], number[0] if number else ""
        if (stem := _stem(word, NAME_KEYS)) is not None:
            names.setdefault((*common, stem), source)
        elif (stem := _stem(word, VALUE_KEYS)) is not None:
            values.setdefault((*common, stem), source)
        elif number:
            alone.setdefault((*common, word), source)
    found = {}
    for key, value in values.items():
        name = names.get(key) or alone.get(key) if key[1] else names.get(key) if key[2] in PAIRED else None
        if name is not None:
            pair = Numbered(name=pattern_of(name), value=pattern_of(value))
            found[pair.name, pair.value] = pair
    return list(found.values())


def is_paired(name: str) -> bool:
    """Whether an element's name says that it is one of many with a name and a value: `param`, `g:product_detail`."""
    word = folded(AT_END.sub("", name.rpartition(":")[2]))
    return any(word in (known, known + "s") or (len(known) > 5 and word.endswith(known)) for known in PAIRED)


def _stem(word: str, keys: tuple[str, ...]) -> str | None:
    """The rest of a name that ends with one of the keys, be it in the plural: `attribute_value(s)`."""
    for key in map(folded, keys):
        for ending in (key, key + "s"):
            if word.endswith(ending):
                return word.removesuffix(ending)
    return None


def pattern_of(source: str) -> str:
    """`attribute_1_name` -> `attribute_#_name`, `specs/spec_name_1` -> `specs/spec_name#`."""
    start = max(source.rfind("/"), source.rfind("@")) + 1
    around, name = source[:start], source[start:]
    return around + (AT_END.sub("#", name) if AT_END.search(name) else NUMBER.sub("#", name, count=1))
