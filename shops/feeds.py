"""Feeds of sample shops, written as a stream: YML and Google Merchant RSS."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, Protocol

from lxml import etree

Dialect = Literal["yml", "google"]
DIALECTS: tuple[Dialect, ...] = ("yml", "google")
GOOGLE = "http://base.google.com/ns/1.0"


@dataclass(frozen=True)
class Category:
    """A node of the shop's own category tree; `path` are the names from the root down to it."""

    id: int
    parent: int | None
    path: tuple[str, ...]


@dataclass(frozen=True)
class Shop:
    """The head of a feed."""

    name: str
    url: str
    currency: str
    made_at: datetime
    categories: Sequence[Category]


@dataclass(frozen=True)
class Offer:
    """One offer as the shop states it. Empty strings are left out of the feed."""

    offer_id: str
    group: str
    title: str
    description: str
    brand: str
    price: str
    old_price: str
    available: bool
    gender: str
    colour: str
    size: str
    category: Category
    pictures: tuple[str, ...]
    url: str


class Feed(Protocol):
    """An open feed."""

    def write(self, offer: Offer) -> None:
        """Adds an offer."""


@contextmanager
def writing(path: Path, dialect: Dialect, shop: Shop, names: dict[str, str]) -> Iterator[Feed]:
    """Opens a feed at `path` for offers; memory stays flat. `names` are the words of YML's params: colour, size, gender."""
    with etree.xmlfile(str(path), encoding="utf-8") as file:
        file.write_declaration()
        opened = _yml(file, shop, names) if dialect == "yml" else _google(file, shop)
        with opened as feed:
            yield feed


def child(parent: etree._Element, tag: str, text: str, **attributes: str) -> None:
    """Adds `<tag>text</tag>` where there is a text."""
    if text:
        etree.SubElement(parent, tag, attributes).text = text


class _Yml:
    def __init__(self, file: Any, currency: str, names: dict[str, str]) -> None:
        self._file, self._currency, self._names = file, currency, names

    def write(self, offer: Offer) -> None:
        """Adds an `<offer>`."""
        attributes = {"id": offer.offer_id} if offer.offer_id else {}
        attributes |= {"available": str(offer.available).lower(), "group_id": offer.group}
        element = etree.Element("offer", attributes)
        child(element, "url", offer.url)
        child(element, "price", offer.price)
        child(element, "oldprice", offer.old_price)
        child(element, "currencyId", self._currency)
        child(element, "categoryId", str(offer.category.id))
        for picture in offer.pictures:
            child(element, "picture", picture)
        child(element, "name", offer.title)
        child(element, "vendor", offer.brand)
        child(element, "description", offer.description)
        for key, value in (("colour", offer.colour), ("size", offer.size), ("gender", offer.gender)):
            child(element, "param", value, name=self._names[key])
        self._file.write(element)
        self._file.write("\n")


@contextmanager
def _yml(file: Any, shop: Shop, names: dict[str, str]) -> Iterator[Feed]:
    with file.element("yml_catalog", date=shop.made_at.strftime("%Y-%m-%d %H:%M")), file.element("shop"):
        for tag, text in (("name", shop.name), ("company", shop.name), ("url", shop.url)):
            with file.element(tag):
                file.write(text)
        with file.element("currencies"):
            file.write(etree.Element("currency", id=shop.currency, rate="1"))
        with file.element("categories"):
            for category in shop.categories:
                attributes = {"id": str(category.id)}
                attributes |= {"parentId": str(category.parent)} if category.parent else {}
                element = etree.Element("category", attributes)
                element.text = category.path[-1]
                file.write(element)
        file.write("\n")
        with file.element("offers"):
            file.write("\n")
            yield _Yml(file, shop.currency, names)


class _Google:
    def __init__(self, file: Any, currency: str) -> None:
        self._file, self._currency = file, currency

    def write(self, offer: Offer) -> None:
        """Adds an `<item>`."""
        element = etree.Element("item", nsmap={"g": GOOGLE})
        child(element, _g("id"), offer.offer_id)
        child(element, "title", offer.title)
        child(element, "description", offer.description)
        child(element, "link", offer.url)
        for place, picture in enumerate(offer.pictures):
            child(element, _g("image_link" if place == 0 else "additional_image_link"), picture)
        price, sale = (offer.old_price, offer.price) if offer.old_price else (offer.price, "")
        child(element, _g("price"), f"{price} {self._currency}".strip())
        child(element, _g("sale_price"), f"{sale} {self._currency}" if sale else "")
        child(element, _g("availability"), "in_stock" if offer.available else "out_of_stock")
        child(element, _g("item_group_id"), offer.group)
        child(element, _g("product_type"), " > ".join(offer.category.path))
        for tag, text in (
            ("brand", offer.brand),
            ("color", offer.colour),
            ("size", offer.size),
            ("gender", offer.gender),
        ):
            child(element, _g(tag), text)
        child(element, _g("condition"), "new")
        self._file.write(element)
        self._file.write("\n")


def _g(tag: str) -> str:
    return f"{{{GOOGLE}}}{tag}"


@contextmanager
def _google(file: Any, shop: Shop) -> Iterator[Feed]:
    with file.element("rss", nsmap={"g": GOOGLE}, version="2.0"), file.element("channel"):
        for tag, text in (("title", shop.name), ("link", shop.url), ("description", shop.name), ("lastBuildDate", shop.made_at.strftime("%a, %d %b %Y %H:%M:%S +0000"))):  # fmt: skip
            with file.element(tag):
                file.write(text)
        file.write("\n")
        yield _Google(file, shop.currency)
