"""Which place of an unknown feed's offers holds which field: by what the places are called, then by what they hold."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from udfs.feeds.forms.dialect import FIELDS, Named, Numbered
from udfs.feeds.forms.words import availability, by_word, folded, spoken
from udfs.feeds.guessing.leaves import LIMIT, PART_OF_NAME, SIGNS, Leaf
from udfs.feeds.guessing.pairs import AT_END, NAME_KEYS, VALUE_KEYS, is_paired, pattern_of
from udfs.feeds.guessing.typed_prices import by_word_for_price, is_price
from udfs.feeds.markup.outline import relative
from udfs.feeds.values.prices import parse_price

PATH = re.compile(r"\w ?[>»›＞|] ?\w")
LEVEL = re.compile(r"[>»›＞|/]|->")
DATE = re.compile(r"^\d{4}-\d\d-\d\d|^\d{1,2}[./]\d{1,2}[./]\d{4}")
NO_LETTERS = re.compile(r"[\W\d_]+")
CURRENCY_CHARS = 6
"""Letters of the longest word for a currency."""
DIGIT, SPACE = re.compile(r"\d"), re.compile(r"\s")
KEY = re.compile(r"^[0-9a-f]{8}-|^\d+$", re.IGNORECASE)
"""A reference in the shop's own system, that says nothing to others."""
TAX = re.compile("vat|tax|tva|iva|dph|mwst|ust|kdv|btw|moms|pvm|ндс|пдв|ддс|afa|φπα")
MAX_TAX = 30
"""Percent; what is called after a tax and never more than this is its rate."""
VALUES = {"value", "worth", "val"}
LABELS = {"label", "name", "title", "key"}
PAIR_IN_TEXT = re.compile(r"^\s*\w[\w ]{0,30}\s*[:=]\s*\w")
"""`Size:M|Colour:red`: names and values, not the levels of a path."""
MODELS = {"model", "modell", "modelo", "modello", "modele", "модель"}
PAGE = re.compile(r"^(?:(?:https?:)?//|www\.)\S", re.IGNORECASE)
MINOR = re.compile(r"add|alt|thumb|small|more|other|galler|extra|\d")
SYMBOL = re.compile(r"icon|pi[ck]togram|badge|flag|swatch")
"""Names of pictures that show a property of the goods, not the goods."""
OF_OTHERS = re.compile(r"logo|banner|watermark|placeholder|avatar|qr_?code|size_?(?:chart|guide|table)")
"""Names of pictures that show nothing of the goods: they are none of the offer's."""
NUMBER_NAME = re.compile(
    r"code|kod|cod|sku|number|nummer|numer|mpn|ref|модель|код|артикул"
    r"|^(?:id|nr|no|key|art)|(?:id|nr|no|num|key|art)$"
)
LETTER = re.compile(r"[^\W\d_]")
"""What names of ids have that no list has."""
FRACTION = re.compile(r"\d[.,]\d\d?$")
LARGENESS = re.compile(
    r"(?P<largest>super_?big|extra_?large|original|zoom)|(?P<large>big|large)|(?P<smallest>thumb(?:nail)?s?)"
    r"|(?P<small>small|preview|medium)|image|img|picture|pic|photo|url|link|src|[_@-]"
)
"""What names say of a picture's size, and what they say of every picture."""
RANKS = {"smallest": -2, "small": -1, "large": 1, "largest": 2}
NAMED_FIELDS = {
    "brand": "brand",
    "gender": "gender",
    "age": "age",
    "colour": "colour",
    "material": "material",
    "sizes": "size",
}
"""Fields that may stand as named values, by what the shared words call them."""
TITLE_CHARS = 200
"""A longer text is a description."""
FULL = 0.8
"""Share of the offers that hold a place for it to be taken by what it holds."""


def fields_of(
    leaves: Sequence[Leaf], named: Sequence[Named], numbered: Sequence[Numbered] = ()
) -> dict[str, list[str]]:
    """Sources by field, each place used once, the better one first."""
    elements = tuple(part.element + mark for part in named for mark in "/@")
    paired = {place for pair in numbered for place in (pair.name, pair.value)}
    kept = [
        leaf
        for leaf in leaves
        if (not f"{leaf.source}/".startswith(elements) or _is_currency(leaf))
        and not paired.intersection((leaf.source, pattern_of(leaf.source)))
    ]
    choice = _Choice([leaf for leaf in kept if not _is_label(leaf, kept)])
    choice.by_names()
    choice.by_values()
    chosen = choice.chosen
    fields = {name: [leaf.source for leaf in chosen[name]] for name in FIELDS if name in chosen}
    for name in {"pictures", "available"} & fields.keys():
        fields[name] = _with_numbers(fields[name], leaves)
    for name, sources in typed_prices(leaves, named).items():
        fields[name] = [*sources, *fields.get(name, [])]
    for name, word in NAMED_FIELDS.items() if named or numbered else ():
        fields.setdefault(name, []).append(f"param:{word}")
    return fields


def _with_numbers(sources: Sequence[str], leaves: Sequence[Leaf]) -> list[str]:
    """The sources, those of one name with any number as one, `image#`, unless such a name holds something else too."""
    others = {AT_END.sub("#", leaf.source) for leaf in leaves if leaf.source not in sources}
    patterns = [(source, AT_END.sub("#", source)) for source in sources]
    return list(dict.fromkeys(source if pattern in others else pattern for source, pattern in patterns))


def _is_label(leaf: Leaf, leaves: Sequence[Leaf]) -> bool:
    """Whether a place says what a field is called, beside its value: `size/label`, `size/value`."""
    element, mark, own = _split(leaf.source)
    called = leaf.role() if mark and own in LABELS else None
    beside = [other for other in leaves if called and _split(other.source)[0] == element]
    roles = [other.role() for other in beside if _split(other.source)[2] in VALUES]
    return any(role is not None and called is not None and role[0] == called[0] for role in roles)


def typed_prices(leaves: Sequence[Leaf], named: Sequence[Named]) -> dict[str, list[str]]:
    """The prices among the named values, by field."""
    places = {
        f"{part.element}{'' if part.name[0] == '@' else '/'}{part.name}" for part in named if is_price(part.element)
    }
    return by_word_for_price(word for leaf in leaves if leaf.source in places for word in leaf.values)


def _is_currency(leaf: Leaf) -> bool:
    called = leaf.role()
    return called is not None and called[0] == "currency"


def named_of(leaves: Sequence[Leaf]) -> list[Named]:
    """Elements with a name and a value each that come several times an offer, or that say so and name a field."""
    held = {leaf.source: leaf for leaf in leaves}
    found: dict[str, Named] = {}
    for leaf in leaves:
        element, mark, key = _split(leaf.source)
        about = next((word for word in NAME_KEYS if key.endswith(word)), None)
        if about is None or not element or element in found:
            continue
        if len(leaf.values) < 1.5 * leaf.elements and not _names_fields(element, leaf):
            continue
        prefix = key.removesuffix(about)  # <VariantName>Size</VariantName><VariantValue>36</VariantValue>
        values = [f"{element}{sign}{prefix}{value}" for value in VALUE_KEYS for sign in "@/"]
        values = [value for value in values if value in held] or _listed_values(element, held)
        values = values or ([] if prefix else [element])
        values = [value for value in values if value in held and not _is_link(held[value])]
        if is_price(element) and not by_word_for_price(leaf.values):
            continue  # <price code="EUR">
        if values:  # some exports write <val> here and <value> there
            name = mark.strip("/") + key
            alike = [value for value in values if ("@" in value) == ("@" in values[0])]
            within = [relative(value, element) or "." for value in alike]
            found[element] = Named(element=element, name=name, value="|".join(within))
    return list(found.values())


def _listed_values(element: str, held: Iterable[str]) -> list[str]:
    """The values of an element that stand in a list of their own: `option/values/value`."""
    known = {folded(value) + ending for value in VALUE_KEYS for ending in ("", "s")}
    found = []
    for source in held:
        parts = source[len(element) + 1 :].split("/") if source.startswith(element + "/") else []
        if len(parts) == 2 and all(folded(part) in known for part in parts):
            found.append(source)
    return found[:1]


def _is_link(leaf: Leaf) -> bool:
    return leaf.is_address or leaf.is_picture


def _names_fields(element: str, names: Leaf) -> bool:
    """Whether an element is called one of many, and its names are those of fields: `<attribute name="size"/>`."""
    return is_paired(element.rpartition("/")[2]) and any(folded(name) in by_word("named") for name in names.values)


def _split(source: str) -> tuple[str, str, str]:
    """`a/b@c` -> `a/b`, `@`, `c`."""
    at = max(source.rfind("/"), source.rfind("@"))
    return source[: max(at, 0)], source[at : at + 1] if at >= 0 else "", source[at + 1 :]


class _Choice:
    """Places that are left, and those that are chosen."""

    def __init__(self, leaves: Sequence[Leaf]) -> None:
        self.left = [leaf for leaf in leaves if leaf.values]
        self.chosen: dict[str, list[Leaf]] = {}
        self._most = max((leaf.elements for leaf in leaves), default=0)

    def take(self, name: str, fitting: Iterable[Leaf]) -> None:
        """Choose the places for a field, if there are any."""
        if found := list(fitting):
            self.chosen[name] = found
            self.left = [leaf for leaf in self.left if leaf not in found]

    def called(self, name: str, fits: Callable[[Leaf], bool]) -> list[Leaf]:
        """The places that go by a name of the field and hold what it should, the commonest name first."""
        found = [(leaf.depth, called[1], place, leaf) for place, leaf in enumerate(self.left)
                 if (called := leaf.role()) and called[0] == name and fits(leaf)
                 and not (name == "id" and self._is_price_again(leaf))]  # fmt: skip
        exact = [one for one in found if one[1] < PART_OF_NAME] or found
        return [leaf for *_, leaf in sorted(exact, key=lambda one: one[:3])]

    def by_names(self) -> None:
        """What the names tell, where the values do not belie them."""
        pictures = [leaf for leaf in self.left if leaf.is_picture]
        own = [leaf for leaf in pictures if not (leaf.is_aside or _is_of_others(leaf))]
        shown = [leaf for leaf in own if not SYMBOL.search(leaf.source.lower())]
        self.take("pictures", sorted(_largest(shown or own), key=_is_minor))
        self.left = [leaf for leaf in self.left if leaf not in pictures]
        pages = self.called("url", _is_page)
        self.take("url", [leaf for leaf in pages if not _is_constant(leaf)])
        for name in ("sale_price", "old_price", "price"):
            self.take(name, self.called(name, lambda leaf: leaf.is_amount and not _is_rate(leaf)))
        self.take("id", self.called("id", lambda leaf: _is_identity(leaf)))
        self.take("title", self.called("title", lambda leaf: leaf.is_text and leaf.mean_chars < 500 and _tells(leaf)))
        self.take("category_path", self._paths())
        self.take("group", self.called("group", lambda leaf: len(set(leaf.values)) > 1))
        for name in FIELDS:
            if name not in self.chosen and name not in ("url", "group"):
                fits = LOOSELY.get(name, lambda leaf: True)
                self.take(name, [leaf for leaf in self.called(name, fits) if not leaf.is_picture])

    def by_values(self) -> None:
        """What the names did not tell: an address, an id; and a title for what has a price or a picture."""
        full = [leaf for leaf in self.left if leaf.elements > FULL * self._most and not leaf.is_aside]
        if "url" not in self.chosen:
            pages = [leaf for leaf in full if _is_page(leaf) and leaf.is_varied and not _is_constant(leaf)]
            self.take("url", pages[:1])
        if "id" not in self.chosen:
            codes = [leaf for leaf in full if leaf in self.left and leaf.depth == 0 and _is_code(leaf)]
            telling = [leaf for leaf in codes if NUMBER_NAME.search(leaf.name) or leaf.share(LETTER) > 0.5]
            # a bare number may count anything
            self.take("id", [leaf for leaf in telling if not self._is_price_again(leaf)][:1])
        if "old_price" not in self.chosen:
            self.take("old_price", [leaf for leaf in self.left if self._is_old_price(leaf)][:1])
        if "title" not in self.chosen and {"price", "pictures"} & self.chosen.keys():
            self._title([leaf for leaf in full if leaf in self.left and _may_be_title(leaf)])
        if "brand" not in self.chosen:
            self.take("brand", [leaf for leaf in self.left if _is_brand_key(leaf)][:1])
        if "group" not in self.chosen:
            self.take("group", [leaf for leaf in self.left if self._is_parent(leaf)][:1])
        if "price" not in self.chosen and "old_price" in self.chosen:  # the regular one, beside that of sales alone
            self.chosen["price"] = self.chosen.pop("old_price")
        if not {"id", "url"} & self.chosen.keys():  # a model that comes once, as in OpenCart's exports
            self.take("id", [leaf for leaf in full if leaf in self.left and leaf.name in MODELS and _is_identity(leaf)])
        self._complete_ids()

    def _paths(self) -> list[Leaf]:
        """Places of categories, those with whole paths first."""
        paths = [
            leaf for leaf in self.left
            if leaf.is_text and leaf.share(PATH) > 0.5 and leaf.mean_chars < 300
            and ((called := leaf.role()) or leaf.elements > FULL * self._most)
            and (called is None or called[0] == "category_path")
            and not (called is None and leaf.share(PAIR_IN_TEXT) > 0.5)
        ]  # fmt: skip
        found = [*paths, *self.called("category_path", lambda leaf: leaf.is_text and leaf not in paths)]
        return sorted(found, key=lambda leaf: -round(leaf.mean_matches(LEVEL), 1))

    def _title(self, texts: list[Leaf]) -> None:
        """The brand with a model, else the longest text that is no description and tells offers apart, else any."""
        models = [leaf for leaf in texts if leaf.depth == 0 and leaf.name in MODELS and leaf.is_varied]
        telling = [leaf for leaf in texts if leaf.distinct > 0.6 and 8 < leaf.mean_chars < TITLE_CHARS]
        if models and (brand := self.chosen.get("brand")):
            self.take("title", models[:1])
            self.chosen["title"] = [replace(models[0], source=f"{{{brand[0].source}}} {{{models[0].source}}}")]
        elif telling:
            self.take("title", [max(telling, key=lambda leaf: leaf.mean_chars)])
        elif (described := self.chosen.get("description")) and described[0].mean_chars < TITLE_CHARS:
            self.chosen["title"] = described[:1]
        else:
            self.take(
                "title", sorted((leaf for leaf in texts if leaf.distinct > 0.3), key=lambda leaf: -leaf.distinct)[:1]
            )

    def _is_old_price(self, leaf: Leaf) -> bool:
        """Whether a place called only a value holds, in the same offers, what is never less than the price."""
        prices = self.chosen.get("price", [])[:1]
        if (
            not prices
            or leaf.depth != prices[0].depth
            or leaf.name not in VALUES
            or len(leaf.values) != len(prices[0].values)
        ):
            return False
        if len(leaf.values) != len(prices[0].values):
            return False
        pairs = [(parse_price(one).amount or 0, parse_price(other).amount or 0)
                 for one, other in zip(leaf.values, prices[0].values, strict=True)]  # fmt: skip
        return all(one >= other for one, other in pairs) and any(one > other for one, other in pairs)

    def _is_parent(self, leaf: Leaf) -> bool:
        """Whether a place called a parent holds ids or article numbers of other offers."""
        held = set(leaf.values)
        others = [*self.chosen.get("id", []), *(other for other in self.left if other is not leaf)]
        return folded(leaf.name) == "parent" and any(_is_identity(one) and held <= set(one.values) for one in others)

    def _is_price_again(self, leaf: Leaf) -> bool:
        """Whether an id is only the price once more."""
        prices = [one for name in ("price", "sale_price", "old_price") for one in self.chosen.get(name, [])]
        return any(leaf.values == price.values for price in prices)

    def _complete_ids(self) -> None:
        """The address stands for an id that some offers or all lack."""
        ids, addresses = self.chosen.get("id", []), self.chosen.get("url", [])
        if max((leaf.elements for leaf in ids), default=0) < max((leaf.elements for leaf in addresses), default=0):
            self.chosen["id"] = [*ids, *addresses]


def _largest(pictures: Sequence[Leaf]) -> list[Leaf]:
    """The pictures without those that others show larger: as many in a place of the same name but for its size."""
    kinds = [(LARGENESS.sub("", leaf.source.lower()), leaf.elements, len(leaf.values)) for leaf in pictures]
    ranks = [_largeness(leaf) for leaf in pictures]
    most: dict[tuple[str, int, int], int] = {}
    for kind, rank in zip(kinds, ranks, strict=True):
        most[kind] = max(rank, most.get(kind, rank))
    return [leaf for leaf, kind, rank in zip(pictures, kinds, ranks, strict=True) if rank == most[kind]]


def _largeness(leaf: Leaf) -> int:
    """How large the name says that the pictures are; 0 where it says nothing."""
    said = (found.lastgroup for found in LARGENESS.finditer(leaf.source.lower()))
    return sum(RANKS.get(word or "", 0) for word in said)


def _tells(leaf: Leaf) -> bool:
    """Whether a text may tell offers apart: all have the same one only where it plainly goes by the name."""
    called = leaf.role()
    return leaf.is_varied or (leaf.depth == 0 and called is not None and called[1] < PART_OF_NAME)


def _has_digits(leaf: Leaf) -> bool:
    return leaf.share(DIGIT) > 0


def _is_price(leaf: Leaf) -> bool:
    return _has_digits(leaf) and not _is_rate(leaf)


def _is_rate(leaf: Leaf) -> bool:
    """Whether the values are the rate of a tax: `<price><gross>9900</gross><vat>27</vat></price>`."""
    amounts = [parse_price(value).amount for value in leaf.values if TAX.fullmatch(folded(leaf.name))]
    return bool(amounts) and all(amount is None or amount <= MAX_TAX for amount in amounts)


def _is_given(leaf: Leaf) -> bool:
    """Whether some value is more than the zero of an empty column."""
    return any(value.strip("0., ") for value in leaf.values)


def _is_words(leaf: Leaf) -> bool:
    """Whether the values are words, and no number of an article, as some call a material."""
    return leaf.is_text and not leaf.is_address


def _is_limit(leaf: Leaf) -> bool:
    """Whether the name says how many are sold at once, not how many there are."""
    return bool(LIMIT.search(folded(leaf.name)))


LOOSELY: dict[str, Callable[[Leaf], bool]] = {
    "id": lambda leaf: leaf.is_varied,
    "title": _tells,
    "description": _tells,
    "price": _is_price,
    "sale_price": _is_price,
    "old_price": _is_price,
    "material": _is_words,
    "sizes": _is_given,
    "category_path": lambda leaf: not leaf.is_address,
    "available": lambda leaf: not _is_limit(leaf),
}
"""What is asked at least of places that go by a field's name but do not look like it."""


def _may_be_title(leaf: Leaf) -> bool:
    """Whether the values are words of a title, not dates, not amounts with their currencies, not yes and no."""
    others = sum(_is_money(value) or spoken(value) in availability() for value in leaf.values)
    return leaf.is_text and leaf.share(DATE) < 0.5 and others < 0.5 * len(leaf.values)


def _is_money(value: str) -> bool:
    """Whether a value is an amount with its currency and nothing else."""
    return len(NO_LETTERS.sub("", value)) <= CURRENCY_CHARS and parse_price(value).currency is not None


def _is_brand_key(leaf: Leaf) -> bool:
    """Whether a brand's id is the brand's name, as some marketplaces have it."""
    word = folded(leaf.name)
    names_brand = word.endswith("id") and by_word("elements").get(word[:-2]) == "brand"
    return names_brand and leaf.is_text and leaf.share(KEY) == 0


def _is_page(leaf: Leaf) -> bool:
    """Whether the values are addresses that a browser opens, not an app."""
    return leaf.share(PAGE) > 0.6


def _is_constant(leaf: Leaf) -> bool:
    """Whether every offer says the same: the shop's first page."""
    return leaf.elements > 1 and len(set(leaf.values)) == 1


def _is_of_others(leaf: Leaf) -> bool:
    """Whether a picture is a logo or a banner, or of the brand, the category or the seller: `brand/image`."""
    if OF_OTHERS.search(leaf.source.lower()):
        return True
    *around, own = re.split(r"[/@]", leaf.source.lower())
    parts = [*around, *SIGNS.split(own)[:-1]]
    return any(by_word("elements").get(folded(part)) in ("brand", "category_path") for part in parts)


def _is_identity(leaf: Leaf) -> bool:
    return leaf.distinct > 0.5 and leaf.mean_chars < 200 and not leaf.is_address


def _is_code(leaf: Leaf) -> bool:
    is_short = leaf.mean_chars < 40 and leaf.share(SPACE) < 0.1 and leaf.share(FRACTION) < 0.5
    return is_short and leaf.distinct > 0.95 and leaf.share(DIGIT) > 0.5


def _is_minor(leaf: Leaf) -> bool:
    """Whether a picture's place is for further or small ones."""
    return bool(MINOR.search(leaf.source.lower())) or leaf.depth > 1
