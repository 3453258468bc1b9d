"""Feeds of sample shops, written as a stream: YML and Google Merchant RSS."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from pathlib import Path
from typing import Any, Literal, Protocol

from lxml import etree

Dialect = Literal["yml", "google"]
DIALECTS: tuple[Dialect, ...] = ("yml", "google")
GOOGLE = "http://base.google.com/ns/1.0"


_NOT_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 cannot hold."""


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
    currencies: Sequence[str]
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
    currency: str  # ISO 4217
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
    """Opens a feed at `path` for offers; memory stays flat. `names`: YML's params for colour, size and gender."""
    with etree.xmlfile(str(path), encoding="utf-8") as file:
        file.write_declaration()
        opened = _yml(file, shop, names) if dialect == "yml" else _google(file, shop)
        with opened as feed:
            yield feed


def child(parent: etree._Element, tag: str, text: str, **attributes: str) -> None:
    """Adds `<tag>text</tag>` where there is a text."""
    if text:
        etree.SubElement(parent, tag, attributes).text = _NOT_XML.sub(" ", text)


def resumed(file: Any, dialect: Dialect, names: dict[str, str]) -> Feed:
    """A feed to which offers are added at a place that `file`, an open `etree.xmlfile`, has reached."""
    return _Yml(file, names) if dialect == "yml" else _Google(file)


class _Yml:
    def __init__(self, file: Any, names: dict[str, str]) -> None:
        self._file, self._names = file, names

    def write(self, offer: Offer) -> None:
        """Adds an `<offer>`."""
        attributes = {"id": offer.offer_id} if offer.offer_id else {}
        attributes |= {"available": str(offer.available).lower(), "group_id": offer.group}
        element = etree.Element("offer", attributes)
        child(element, "url", offer.url)
        child(element, "price", offer.price)
        child(element, "oldprice", offer.old_price)
        child(element, "currencyId", offer.currency)
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
            for currency in shop.currencies:
                file.write(etree.Element("currency", id=currency, rate="1"))
        with file.element("categories"):
            for category in shop.categories:
                attributes = {"id": str(category.id)}
                attributes |= {"parentId": str(category.parent)} if category.parent else {}
                element = etree.Element("category", attributes)
                element.text = _NOT_XML.sub(" ", category.path[-1])
                file.write(element)
        file.write("\n")
        with file.element("offers"):
            file.write("\n")
            yield _Yml(file, names)


class _Google:
    def __init__(self, file: Any) -> None:
        self._file = file

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
        child(element, _g("price"), f"{price} {offer.currency}".strip())
        child(element, _g("sale_price"), f"{sale} {offer.currency}" if sale else "")
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
    head = {
        "title": shop.name,
        "link": shop.url,
        "description": shop.name,
        "lastBuildDate": format_datetime(shop.made_at),
    }
    with file.element("rss", nsmap={"g": GOOGLE}, version="2.0"), file.element("channel"):
        for tag, text in head.items():
            with file.element(tag):
                file.write(text)
        file.write("\n")
        yield _Google(file)
