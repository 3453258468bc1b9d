"""A dialect: which element is an offer and where each of its fields stands; a YAML file, checked, never code."""

import re
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal, get_args

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from schemas.errors import WrongInput

FieldName = Literal[
    "id", "group", "title", "description", "brand", "price", "sale_price", "old_price",
    "sale_dates", "sale_from", "sale_until", "currency", "available",
    "gender", "age", "colour", "material", "sizes", "category_id", "category_path", "pictures", "url",
]  # fmt: skip
FIELDS: tuple[str, ...] = get_args(FieldName)
IN_HTML = "img:"
"""A source of pictures: the images in another source's HTML."""
Sources = list[str]
"""Where a value may stand, tried in order: `name`, `imgs/main@url`, `@id`, `.` (the offer's own text),
`image#` (image1, image2, ...), `param:colour` (a named value that the shared words call a colour), `param=Weight` (by
its exact name), `"{vendor} {model}"` (joined by what stands between the first two)."""


class Part(BaseModel):
    """Unknown keys are errors, so that a slip of the pen is found."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Match(Part):
    """When a feed is of this dialect: all that is given must hold."""

    root: list[str] = []
    """Names of the root element; empty: any."""
    offer: list[str] = []
    """Ends of the path of the repeated element, such as `offers/offer`; empty: as in `offer`."""
    has: list[str] = []
    """Children or attributes that the offers have; `a|b` is one or the other."""
    lacks: list[str] = []
    """Children or attributes that none of the offers may have."""
    mark: str | None = None
    """A regular expression found in the feed's first 256 KiB."""

    @field_validator("mark")
    @classmethod
    def _is_pattern(cls, mark: str | None) -> str | None:
        return mark and _compiled(mark).pattern


class Glossary(Part):
    """Elements in the feed's head that tell what the names of named values stand for, and within them their values.

    `<Свойство><Ид>7</Ид><Наименование>Цвет</Наименование>...<Справочник><ИдЗначения>1</ИдЗначения><Значение>синий...`;
    `a|b` is one or the other.
    """

    element: str
    id: str
    name: str
    value: str
    value_id: str
    value_name: str


class Named(Part):
    """Elements that carry a name and a value: `<param name="Colour">red</param>`.

    The value is the element's text (`.`), an attribute (`@value`), children (`value`), an attribute of children
    (`value@name`), or children of children (`values/value`); `a|b` is the first that is there.
    """

    element: str
    name: str = "@name"
    value: str = "."
    glossary: Glossary | None = None


class Numbered(Part):
    """Names and values in places of their own, told apart by the number `#`: `spec_#_name` and `spec_#_value`.

    Without a number, the first name belongs to the first value, and so on.
    """

    name: str
    value: str


class Categories(Part):
    """The list of categories before the offers. Without `parent` the nearest category around is the parent.

    `a|b` is one or the other.
    """

    element: str
    id: str = "@id"
    parent: str | None = None
    name: str = "."


class Around(Part):
    """Elements around the offers that are their categories: `<category name="Coats"><product>...`; `a|b` is either."""

    element: str
    name: str = "@name|name"


VariantField = Literal[
    "id", "price", "sale_price", "old_price", "currency", "sizes", "colour", "material", "available", "pictures", "url"
]


class Variants(Part):
    """Elements inside an offer that each stand for a size or a colour of it.

    With an `id` each is an offer of its own, which has all else from the offer around it; without, the offer has the
    sizes and colours of all, and the lowest price. `pictures`, `url` and `material` need an `id`.
    """

    element: str
    fields: dict[VariantField, Sources]
    counts_stock: bool = False
    """Numbers are quantities in stock, whatever the dialect's words say of them."""

    @property
    def are_offers(self) -> bool:
        """Whether each is an offer of its own."""
        return "id" in self.fields


class Joined(Part):
    """Elements elsewhere in the feed that complete an offer; `key` holds its id, up to `until` where given."""

    element: str
    key: str
    until: str | None = None
    fields: dict[Literal["price", "currency", "available"], Sources]


class Dialect(Part):
    """One dialect file."""

    name: str = Field(pattern=r"^[a-z0-9-]{1,40}$")
    about: str = ""
    extends: str | None = None
    match: Match = Match()
    offer: str = ""
    """The repeated element: its name, or the end of its path."""
    fields: dict[FieldName, Sources] = {}
    named: list[Named] = []
    numbered: list[Numbered] = []
    ignored: list[str] = []
    """Places that hold nothing for us, with all within them: `shipping`, `@type`, `param=Guarantee`."""
    categories: Categories | None = None
    around: Around | None = None
    variants: Variants | None = None
    joined: Joined | None = None
    extract: dict[Literal["sizes", "colour", "dropped"], str] = {}
    """Field: regular expression with a group `value` over the title; what it matches is taken out of the title."""
    separators: dict[Literal["pictures", "sizes", "category_path"], list[str]] = {}
    words: dict[Literal["available", "unavailable", "unknown"], list[str]] = {}
    """Words for availability that this dialect alone uses."""
    defaults: dict[Literal["currency", "brand", "gender", "age"], str] = {}
    currency_by_domain: dict[str, str] = {}
    """Top-level domain -> currency, where it is another than the country's own."""
    prices_in: str | None = None
    """The currency that the names of the elements say: `PriceUSD`."""
    decimal_mark: Literal[".", ",", "auto"] = "auto"
    currency: Sources = []
    """The feed's own currency, in its head."""
    made_at: Sources = []
    base_url: Sources = []

    @field_validator("extract")
    @classmethod
    def _are_patterns(cls, extract: dict[str, str]) -> dict[str, str]:
        if any("value" not in _compiled(pattern).groupindex for pattern in extract.values()):
            raise ValueError("a pattern needs a group (?P<value>...)")
        return extract

    def to_yaml(self) -> str:
        """The dialect as a file that can be kept and corrected."""
        return yaml.safe_dump(self.model_dump(exclude_defaults=True), allow_unicode=True, sort_keys=False, width=120)


def _compiled(pattern: str) -> re.Pattern[str]:
    try:
        return re.compile(pattern)
    except re.error as error:
        raise ValueError(f"{pattern!r} is not a valid regular expression: {error}") from None


class DialectError(WrongInput):
    """A dialect that is unknown, or its file cannot be used."""


def load(path: Path) -> Dialect:
    """The dialect in a file, completed by the one that it extends; raises `DialectError` with file and line."""
    return _read(path.read_text(encoding="utf-8"), str(path))


@cache
def builtin(name: str) -> Dialect:
    """A dialect that comes with the program; raises `DialectError` that lists the known ones."""
    if name not in builtin_names():
        raise DialectError("dialect", None, _unknown(name))
    return _read((files("udfs.feeds.forms") / "dialects" / f"{name}.yaml").read_text(encoding="utf-8"), f"{name}.yaml")


def of_setting(setting: str, content: str | None = None) -> Dialect | None:
    """The dialect that a spec names, or the file that it gives (`content`, where it was read); None for `auto`."""
    if setting == "auto":
        return None
    if not setting.endswith((".yaml", ".yml")):
        return builtin(setting)
    if content is not None:
        return _read(content, setting)
    try:
        return load(Path(setting))
    except OSError as error:
        raise DialectError(setting, None, f"cannot be read: {error.strerror}") from None


def _unknown(name: str) -> str:
    return f"there is no dialect {name!r}; known dialects: {', '.join(builtin_names())}"


@cache
def builtin_names() -> tuple[str, ...]:
    """Names of the dialects that come with the program, sorted."""
    folder = files("udfs.feeds.forms") / "dialects"
    return tuple(sorted(entry.name[:-5] for entry in folder.iterdir() if entry.name.endswith(".yaml")))


def _read(text: str, file: str) -> Dialect:
    try:
        content = yaml.load(text, yaml.CSafeLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise DialectError(file, mark.line + 1 if mark else 1, getattr(error, "problem", str(error))) from None
    if not isinstance(content, dict):
        raise DialectError(file, 1, "a dialect file must consist of lines of the form `key: value`")
    extends = content.get("extends")
    if isinstance(extends, str):
        if extends not in builtin_names():
            raise DialectError(file, _line(text, ["extends"]), f"extends: {_unknown(extends)}")
        content = _merged(builtin(extends).model_dump(exclude_defaults=True), content)
    try:
        dialect = Dialect.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        where = [str(part) for part in first["loc"]]
        raise DialectError(file, _line(text, where), f"{'.'.join(where)}: {first['msg']}") from None
    if not dialect.offer or "id" not in dialect.fields:
        raise DialectError(file, 1, "a dialect must name its `offer` element and at least the field `id`")
    return dialect


def _merged(parent: dict[str, Any], child: dict[str, Any]) -> dict[str, Any]:
    """The child over its parent; `fields` field by field, `ignored` together, all else as a whole."""
    fields = {**parent.get("fields", {}), **(child.get("fields") or {})}
    ignored = [*parent.get("ignored", []), *(child.get("ignored") or [])]
    return {**parent, **child, "fields": fields, "ignored": ignored}


def _line(text: str, where: list[str]) -> int:
    """1-based line of the deepest key of `where` that the text has."""
    node, line = yaml.compose(text, yaml.CSafeLoader), 1
    for part in where:
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                if key.value == part:
                    node, line = value, key.start_mark.line + 1
                    break
        elif isinstance(node, yaml.SequenceNode) and part.isdigit() and int(part) < len(node.value):
            node = node.value[int(part)]
            line = node.start_mark.line + 1
    return line
