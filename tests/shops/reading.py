"""Reads feeds and truth of sample shops the plain way, for the tests to compare."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from lxml import etree

from shops.layout import SampleShop
from shops.truth import OFFERS_FILE, PICTURES_FILE

G = "{http://base.google.com/ns/1.0}"


@dataclass(frozen=True)
class Read:
    """An offer as a feed states it."""

    offer_id: str | None
    group: str | None
    title: str | None
    price: str
    colour: str | None
    category: tuple[str, ...]
    pictures: list[str]


def feed_of(path: Path) -> list[Read]:
    """All offers of a YML or Google feed."""
    root = etree.parse(str(path)).getroot()
    return _yml(root) if root.tag == "yml_catalog" else _google(root)


def _yml(root: Any) -> list[Read]:
    nodes = {node.get("id"): node for node in root.iter("category")}

    def path(node: Any) -> tuple[str, ...]:
        parent = nodes.get(node.get("parentId"))
        return (*path(parent), node.text) if parent is not None else (node.text,)

    return [
        Read(
            offer.get("id"),
            offer.get("group_id"),
            offer.findtext("name"),
            offer.findtext("price"),
            next(
                (param.text for param in offer.findall("param") if param.get("name") in {"Цвет", "Colour", "カラー"}),
                None,
            ),
            path(nodes[offer.findtext("categoryId")]),
            [picture.text for picture in offer.findall("picture")],
        )
        for offer in root.iter("offer")
    ]


def _google(root: Any) -> list[Read]:
    return [
        Read(
            item.findtext(f"{G}id"),
            item.findtext(f"{G}item_group_id"),
            item.findtext("title"),
            (item.findtext(f"{G}sale_price") or item.findtext(f"{G}price")).rsplit(" ", 1)[0],
            item.findtext(f"{G}color"),
            tuple((item.findtext(f"{G}product_type") or "").split(" > ")),
            [link.text for tag in ("image_link", "additional_image_link") for link in item.findall(f"{G}{tag}")],
        )
        for item in root.iter("item")
    ]


def offers_of(shop: SampleShop) -> list[dict[str, Any]]:
    """The truth of the offers."""
    return pq.read_table(shop.folder / OFFERS_FILE).to_pylist()


def pictures_of(shop: SampleShop) -> list[dict[str, Any]]:
    """The truth of the pictures."""
    return pq.read_table(shop.folder / PICTURES_FILE).to_pylist()


def files_of(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, by its path."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
