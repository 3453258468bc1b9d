"""A retailer's spec: `mappings/<retailer>/retailer.yaml`.

A retailer sends one file (`feed`) or several (`feeds`). `Retailer.files` is both as a list: whatever asks for, judges,
reads or keeps a feed knows a `FeedFile` alone, of which a retailer with one file has one without a name.
"""

import codecs
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator, model_validator

from schemas.errors import WrongInput
from schemas.yaml_lines import errors_of_model, read_model

NAME = re.compile(r"[a-z0-9-]{1,40}")
SPEC_FILE = "retailer.yaml"
MAPPING_FILE = "categories.xml"
DIALECT_SUFFIX = ".yaml"
"""A dialect with this suffix is a file in the retailer's folder; `Feed.dialect` of a spec then holds its full path."""

Source = Literal["mapping", "text", "image"]
Placed = TypeVar("Placed", bound="Feed")

FileKind = Literal["part", "prices"]
PART: FileKind = "part"
PRICES: FileKind = "prices"
MOST_FILES = 100
"""Files of one retailer: a spec with more is a list that a program went wrong over."""

_NEVER_OPENED = tuple(
    ip_network(text)
    for text in (
        "169.254.0.0/16",  # link-local: cloud metadata answers here
        "fe80::/10",
        "fd00:ec2::/32",  # metadata over IPv6
        "::ffff:169.254.0.0/112",  # the same as IPv4-mapped
    )
)


def _form(pattern: str, words: str) -> AfterValidator:
    """Accepts a text that matches the whole pattern; otherwise `words` is the error message."""

    def checked(text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise ValueError(words)
        return text

    return AfterValidator(checked)


Language = Annotated[str, _form("[a-z]{2}", "must be a two-letter language code, such as ru")]
DialectName = Annotated[
    str,
    _form(
        r"[a-z0-9][a-z0-9_-]*(\.yaml)?",
        "must be auto, the name of a dialect, or a file beside this one such as acme.yaml",
    ),
]
SecretName = Annotated[
    str, _form("SELVEDGE_FEED_[A-Z0-9_]+", "must name a variable in capitals that begins with SELVEDGE_FEED_")
]
FileName = Annotated[str, _form(NAME.pattern, "must be 1 to 40 characters out of a-z, 0-9 and -")]
Days = Annotated[float, Field(gt=0, le=3650)]
Share = Annotated[float, Field(ge=0, le=1)]
Percent = Annotated[float, Field(ge=0, le=100)]


class Strict(BaseModel):
    """A part of a file. Unknown names are refused, and values cannot change after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True)


FEW = 10
"""Changes of so many rows are never judged by their share, however small the catalog is."""


def scaled(absolute: int, percent: float, before: int) -> float:
    """An absolute bound, lowered for a small catalog to `percent` of its rows, but not below FEW."""
    return min(absolute, max(FEW, percent / 100.0 * before))


class Drop(Strict):
    """How much may go missing. The gate fails if both bounds are exceeded, or if everything is gone.

    The absolute bound scales with a small catalog.
    """

    percent: Percent
    absolute: int = Field(ge=0)

    def judge(self, before: int, now: int) -> tuple[float, bool]:
        """The percentage that is missing, and whether that is allowed."""
        lost = max(before - now, 0)
        percent = 100.0 * lost / before if before else 0.0
        few = lost <= scaled(self.absolute, self.percent, before) and lost < before
        return percent, percent <= self.percent or few


class Feed(Strict):
    """Where the feed is, and how to read it."""

    url: str = Field(description="http(s) or s3 address, or a path inside feeds.folder")
    dialect: DialectName = Field("auto", description="auto, the name of a dialect, or a dialect file")
    encoding: str | None = Field(None, description="overrides what the feed declares")
    groups: Literal["given", "id", "link", "title"] = Field(
        "given",
        description="what joins variants without a group: nothing, or id, link or title but for size, colour",
    )
    auth_env: SecretName | None = Field(None, description="environment variable that holds the secret")

    @field_validator("url")
    @classmethod
    def _known_source(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https", "s3", ""):
            raise ValueError("must be an http(s) or s3 address, or a path inside the feeds folder")
        if parts.scheme and not parts.hostname:
            raise ValueError("names no host")
        if parts.username or parts.password:
            raise ValueError("must not contain a user name or password: name an environment variable in auth_env")
        if not parts.scheme and (url.startswith("/") or ".." in Path(url).parts or not url):
            raise ValueError("a path must stay inside the feeds folder")
        return url

    @field_validator("encoding")
    @classmethod
    def _known_encoding(cls, encoding: str | None) -> str | None:
        try:
            return encoding and codecs.lookup(encoding).name
        except LookupError:
            raise ValueError(f"unknown encoding {encoding}") from None


POLITE_RATE = 4.0  # requests per second per host
POLITE_CONNECTIONS = 2  # simultaneous, per host


class Images(Strict):
    """How the shop's pictures may be fetched: rate limits, and which networks are allowed."""

    rate: float = Field(POLITE_RATE, gt=0, le=100, description="rate limit: requests per second per host")
    connections: int = Field(POLITE_CONNECTIONS, ge=1, le=32, description="simultaneous connections per host")
    max_per_product: int = Field(8, ge=1, le=50)
    placeholder_products: int = Field(20, ge=1, description="a picture on more products than this may be a placeholder")
    allow_private_hosts: tuple[IPv4Network | IPv6Network, ...] = Field(
        (), description="private networks that may be accessed"
    )
    contract: str | None = Field(None, min_length=1, description="who allowed us to ignore robots rules, and when")

    @field_validator("allow_private_hosts")
    @classmethod
    def _never_link_local(cls, networks: tuple[IPv4Network | IPv6Network, ...]) -> Any:
        for network in networks:
            if any(network.version == closed.version and network.overlaps(closed) for closed in _NEVER_OPENED):
                raise ValueError(f"{network} includes link-local addresses, which are never allowed")
        return networks


class FeedGates(Strict):
    """Gates that a new feed must pass; if one fails, the last good feed stays live. Ages are in days, shares (0 to 1)
    are shares of the offers."""

    size_drop: Drop = Drop(percent=50, absolute=10_000)  # bytes
    offer_drop: Drop = Drop(percent=30, absolute=50)
    max_age: Days | None = Field(None, description="a feed whose own date is older than this is refused; null: never")
    withdraw_after: Days | None = Field(14, description="rows held for longer than this leave the index; null: never")
    no_picture: Share = 0.5
    no_price: Share = 0.5
    no_category: Share = 1.0
    orphan_category: Share = Field(0.5, description="offers in a category that the feed does not list")
    category_cycles: int = Field(0, ge=0, description="categories that are their own ancestors")
    changed_ids: Share = Field(0.2, description="ids of the last feed that now have an unrelated title")
    reject_jump: Share = Field(0.2, description="offers that one reject code takes beyond its share of the last feed")


class NamedFeed(Feed):
    """One of the several files of a retailer."""

    name: FileName
    kind: FileKind = Field(PART, description="part of the catalog, or prices and stock of offers that parts hold")
    gates: FeedGates = Field(FeedGates(), description="what differs from the retailer's own gates")


@dataclass(frozen=True)
class FeedFile:
    """One file of a retailer, with all that its spec says of it."""

    retailer: "Retailer"
    feed: Feed
    gates: FeedGates
    part: str | None = None  # its name in `feeds`; none where it is the retailer's only feed
    kind: FileKind = PART

    @property
    def name(self) -> str:
        """The retailer's name."""
        return self.retailer.name

    @property
    def title(self) -> str:
        """How a person names it: `acme`, or `acme/prices`."""
        return title_of(self.name, self.part)

    @property
    def dialect_file(self) -> str | None:
        """Content of the file that `feed.dialect` names."""
        return self.retailer.dialect_files.get(self.feed.dialect)


def title_of(retailer: str, part: str | None) -> str:
    """The name of a retailer's file for a person."""
    return retailer if part is None else f"{retailer}/{part}"


class Retailer(Strict):
    """One retailer. `name` and `folder` come from the location of the file, `dialect_files` from beside it."""

    name: str = ""
    folder: Path = Path()
    dialect_files: Mapping[str, str] = {}  # content of the files that its feeds name as their dialects, by path
    enabled: bool = Field(True, description="false: the retailer's rows leave the index in the next night")
    language: Language
    feed: Feed | None = None
    feeds: tuple[NamedFeed, ...] | None = None
    images: Images = Images()
    gates: FeedGates = FeedGates()
    category_order: tuple[Source, ...] = Field(("mapping", "text", "image"), min_length=1)

    @field_validator("category_order")
    @classmethod
    def _each_once(cls, order: tuple[Source, ...]) -> tuple[Source, ...]:
        if len(set(order)) < len(order):
            raise ValueError("names a source twice")
        return order

    @field_validator("feeds")
    @classmethod
    def _told_apart(cls, feeds: tuple[NamedFeed, ...] | None) -> Any:
        names = [feed.name for feed in feeds or ()]
        if feeds is not None and not 0 < len(names) <= MOST_FILES:
            raise ValueError(f"lists {len(names)} files; from 1 to {MOST_FILES} are allowed")
        if twice := next((name for name in names if names.count(name) > 1), None):
            raise ValueError(f"names {twice} twice")
        if feeds and all(feed.kind == PRICES for feed in feeds):
            raise ValueError("needs a file that is a part of the catalog: prices alone complete nothing")
        return feeds

    @model_validator(mode="after")
    def _one_way(self) -> "Retailer":
        if self.feed is None and self.feeds is None:
            raise ValueError("feed: is missing")
        if self.feed is not None and self.feeds is not None:
            raise ValueError("feed and feeds: say one of them: a feed, or the list of files that it comes in")
        return self

    @property
    def files(self) -> tuple[FeedFile, ...]:
        """Its files in the order of the spec: the one called `feed`, or those of `feeds`."""
        if self.feed is not None:
            return (FeedFile(self, self.feed, self.gates),)
        return tuple(
            FeedFile(self, feed, self.gates.model_copy(update=_stated(feed.gates)), feed.name, feed.kind)
            for feed in self.feeds or ()
        )

    @property
    def mapping(self) -> Path | None:
        """The mapping file; None if the retailer has none, which is allowed."""
        path = self.folder / MAPPING_FILE
        return path if path.is_file() else None


class _Spec(Retailer):
    """The file itself. It must not set what comes from its location."""

    name: Literal[""] = ""
    folder: Literal[""] = ""  # type: ignore[assignment]
    dialect_files: None = None  # type: ignore[assignment]


def _stated(gates: FeedGates) -> dict[str, Any]:
    return {name: getattr(gates, name) for name in gates.model_fields_set}


def read_retailer(folder: Path) -> Retailer:
    """The retailer of one folder, each of its files read once. Raises WrongInput with file and line."""
    if not NAME.fullmatch(folder.name):
        raise _wrong_name(folder)
    spec = read_model(folder / SPEC_FILE, _Spec)
    texts: dict[str, str] = {}

    def placed(feed: Placed) -> Placed:
        if not feed.dialect.endswith(DIALECT_SUFFIX):
            return feed
        path = folder / feed.dialect
        if str(path) not in texts:
            texts[str(path)] = _text_of(path)
        return feed.model_copy(update={"dialect": str(path)})

    found: dict[str, Any] = {
        "feed": spec.feed and placed(spec.feed),
        "feeds": spec.feeds and tuple(map(placed, spec.feeds)),
    }
    found |= {"name": folder.name, "folder": folder, "dialect_files": texts}
    return Retailer.model_construct(**dict(spec) | found)


def _text_of(path: Path) -> str:
    try:
        return path.read_bytes().decode()
    except OSError as error:
        raise WrongInput(path, None, f"cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise WrongInput(path, None, f"is not UTF-8: {error}") from None


def errors_of_retailer(folder: Path) -> list[WrongInput]:
    """All errors in the spec of one folder."""
    if not NAME.fullmatch(folder.name):
        return [_wrong_name(folder)]
    return errors_of_model(folder / SPEC_FILE, _Spec)


def _wrong_name(folder: Path) -> WrongInput:
    return WrongInput(folder, None, "the name of a retailer's folder must be 1 to 40 characters out of a-z, 0-9 and -")


def retailer_folders(mappings: Path) -> Iterator[Path]:
    """The folders of all retailers, by name."""
    if not mappings.is_dir():
        raise WrongInput(mappings, None, "is not a folder")
    return (path for path in sorted(mappings.iterdir()) if path.is_dir() and not path.name.startswith((".", "_")))
