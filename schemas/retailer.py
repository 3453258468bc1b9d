"""A retailer's spec: `mappings/<retailer>/retailer.yaml`."""

import codecs
import re
from collections.abc import Iterator
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator

from schemas.errors import WrongInput
from schemas.yaml_lines import errors_of_model, read_model

NAME = re.compile(r"[a-z0-9-]{1,40}")
SPEC_FILE = "retailer.yaml"
MAPPING_FILE = "categories.xml"
DIALECT_SUFFIX = ".yaml"
"""A dialect that ends so is a file in the retailer's folder; `Feed.dialect` is then its whole path."""

Source = Literal["mapping", "text", "image"]

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
    """Text that a pattern fits as a whole; else `words` say what it should be."""

    def checked(text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise ValueError(words)
        return text

    return AfterValidator(checked)


Language = Annotated[str, _form("[a-z]{2}", "must be the two letters of a language, such as ru")]
DialectName = Annotated[
    str, _form(r"[a-z0-9][a-z0-9_-]*(\.yaml)?", "must be auto, a dialect's name, or a file beside this one: acme.yaml")
]
SecretName = Annotated[
    str, _form("SELVEDGE_FEED_[A-Z0-9_]+", "must name a variable that begins with SELVEDGE_FEED_, in capitals")
]
Days = Annotated[float, Field(gt=0, le=3650)]
Share = Annotated[float, Field(ge=0, le=1)]
Percent = Annotated[float, Field(ge=0, le=100)]


class Strict(BaseModel):
    """A part of a file: no unknown names, and not changed once read."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Drop(Strict):
    """A drop is refused where it is beyond both bounds."""

    percent: Percent
    absolute: int = Field(ge=0)

    def judge(self, before: int, now: int) -> tuple[float, bool]:
        """How many percent are gone, and whether that is allowed."""
        lost = max(before - now, 0)
        percent = 100.0 * lost / before if before else 0.0
        return percent, percent <= self.percent or lost <= self.absolute


class Feed(Strict):
    """Where the feed is and how it is read."""

    url: str = Field(description="http(s), s3, or a path below the configured feeds folder")
    dialect: DialectName = Field("auto", description="auto, a name, or a dialect file")
    encoding: str | None = Field(None, description="overrides what the feed declares")
    auth_env: SecretName | None = Field(None, description="variable holding the secret")

    @field_validator("url")
    @classmethod
    def _known_source(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https", "s3", ""):
            raise ValueError("must be an http(s) or s3 address, or a path below the feeds folder")
        if parts.scheme and not parts.hostname:
            raise ValueError("names no host")
        if parts.username or parts.password:
            raise ValueError("holds a password: name a variable in auth_env instead")
        if not parts.scheme and (url.startswith("/") or ".." in Path(url).parts or not url):
            raise ValueError("a path must lead below the feeds folder")
        return url

    @field_validator("encoding")
    @classmethod
    def _known_encoding(cls, encoding: str | None) -> str | None:
        try:
            return encoding and codecs.lookup(encoding).name
        except LookupError:
            raise ValueError(f"no such encoding: {encoding}") from None


POLITE_RATE = 4.0  # requests per second to one host
POLITE_CONNECTIONS = 2  # to one host at a time


class Images(Strict):
    """How the shop's pictures may be fetched."""

    rate: float = Field(POLITE_RATE, gt=0, le=100, description="requests a second to one host")
    connections: int = Field(POLITE_CONNECTIONS, ge=1, le=32, description="to one host at a time")
    max_per_product: int = Field(8, ge=1, le=50)
    placeholder_products: int = Field(20, ge=1, description="a picture on more products is suspected as a placeholder")
    allow_private_hosts: tuple[IPv4Network | IPv6Network, ...] = Field((), description="private networks to be opened")
    contract: str | None = Field(None, min_length=1, description="who allowed us to pass by robots rules, and when")

    @field_validator("allow_private_hosts")
    @classmethod
    def _never_link_local(cls, networks: tuple[IPv4Network | IPv6Network, ...]) -> Any:
        for network in networks:
            if any(network.version == closed.version and network.overlaps(closed) for closed in _NEVER_OPENED):
                raise ValueError(f"{network} holds link-local addresses, which are never opened")
        return networks


class FeedGates(Strict):
    """What keeps a retailer at its last good feed. Ages are days; shares, 0 to 1, are of the offers."""

    size_drop: Drop = Drop(percent=50, absolute=10_000)  # bytes
    offer_drop: Drop = Drop(percent=30, absolute=50)
    max_age: Days | None = Field(None, description="a feed that states an older date is refused; null: never")
    withdraw_after: Days | None = Field(14, description="rows held for longer are withdrawn; null: never")
    no_picture: Share = 0.5
    no_price: Share = 0.5
    no_category: Share = 1.0
    orphan_category: Share = Field(0.5, description="in a category that the feed does not list")
    category_cycles: int = Field(0, ge=0, description="categories that are their own ancestors")
    changed_ids: Share = Field(0.2, description="of the ids known from the last feed, with a title of something else")


class Retailer(Strict):
    """One retailer. `name` and `folder` come from where the file lies."""

    name: str = ""
    folder: Path = Path()
    enabled: bool = Field(True, description="false withdraws the retailer's rows in the next night")
    language: Language
    feed: Feed
    images: Images = Images()
    gates: FeedGates = FeedGates()
    category_order: tuple[Source, ...] = Field(("mapping", "text", "image"), min_length=1)

    @field_validator("category_order")
    @classmethod
    def _each_once(cls, order: tuple[Source, ...]) -> tuple[Source, ...]:
        if len(set(order)) < len(order):
            raise ValueError("names a source twice")
        return order

    @property
    def mapping(self) -> Path | None:
        """The mapping file; None where the retailer has none, which is a normal case."""
        path = self.folder / MAPPING_FILE
        return path if path.is_file() else None


class _Spec(Retailer):
    """The file itself, which may not name what its folder says."""

    name: Literal[""] = ""
    folder: Literal[""] = ""  # type: ignore[assignment]


def read_retailers(mappings: Path) -> list[Retailer]:
    """Every retailer below a mappings folder, by name. Raises WrongInput with file and line for the first error."""
    return [read_retailer(folder) for folder in retailer_folders(mappings)]


def read_retailer(folder: Path) -> Retailer:
    """The retailer of one folder. Raises WrongInput with file and line."""
    if not NAME.fullmatch(folder.name):
        raise _wrong_name(folder)
    spec = read_model(folder / SPEC_FILE, _Spec)
    feed = spec.feed
    if feed.dialect.endswith(DIALECT_SUFFIX):
        feed = feed.model_copy(update={"dialect": str(folder / feed.dialect)})
    return Retailer.model_construct(**{**dict(spec), "name": folder.name, "folder": folder, "feed": feed})


def errors_of_retailer(folder: Path) -> list[WrongInput]:
    """Everything that is wrong with the spec of one folder."""
    if not NAME.fullmatch(folder.name):
        return [_wrong_name(folder)]
    return errors_of_model(folder / SPEC_FILE, _Spec)


def _wrong_name(folder: Path) -> WrongInput:
    return WrongInput(folder, None, "a retailer's name is 1 to 40 of a-z, 0-9 and -")


def retailer_folders(mappings: Path) -> Iterator[Path]:
    """The folders of all retailers, by name."""
    if not mappings.is_dir():
        raise WrongInput(mappings, None, "is no folder")
    return (path for path in sorted(mappings.iterdir()) if path.is_dir() and not path.name.startswith((".", "_")))
