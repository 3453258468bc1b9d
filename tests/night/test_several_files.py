"""Three nights of a shop that splits its feed into two parts and sends prices apart, in a lake from before that."""

import re
from pathlib import Path
from typing import Any

import pytest

import selvedge_searcher
from schemas.tables import FEEDS, GARMENTS, VECTORS
from tests.night.conftest import ATELIER, LANE
from tests.night.house import Ended, House

pytestmark = pytest.mark.night

ITEM = re.compile(r"<item\b.*?</item>\s*", re.DOTALL)
IDENTITY = re.compile("<g:id>([^<]*)")
ONE, TWO, STOCK = "one.xml", "two.xml", "stock.xml"


class Splits:
    """What the shop sends, through the folder of feeds."""

    def __init__(self, house: House) -> None:
        self.house, self.folder = house, house.root / "feeds"
        self.folder.mkdir()
        text = house.shops.feed(LANE).read_text(encoding="utf-8")
        items = ITEM.findall(text)
        self.head, _, self.tail = text.partition("".join(items))
        half = len(items) // 2
        self.ids = [IDENTITY.findall(item)[0] for item in items]
        self.sends(ONE, *items[:half])
        self.sends(TWO, *items[half:])
        files: list[dict[str, Any]] = [
            {"name": name.removesuffix(".xml"), "url": name, "kind": "prices" if name == STOCK else "part"}
            for name in (ONE, TWO, STOCK)
        ]
        spec = Path(house.mappings / LANE / "retailer.yaml")
        house.edit_spec(LANE, feeds=files)
        spec.write_text(re.sub(r'"feed": \{[^}]*\}, ', "", spec.read_text()))

    def sends(self, name: str, *items: str) -> None:
        (self.folder / name).write_text(self.head + "".join(items) + self.tail, encoding="utf-8")

    def prices(self, price: int) -> None:
        """Of every offer."""
        self.sends(STOCK, *(f"<item><g:id>{name}</g:id><g:price>{price} JPY</g:price></item>\n" for name in self.ids))

    def night(self) -> Ended:
        return self.house.night(FEEDS__FOLDER=str(self.folder))


def published(house: House) -> dict[str, list[dict[str, Any]]]:
    """The rows of each published table but the prices, and the prices of the shop's products."""
    snapshot = selvedge_searcher.open(house.store.uri)
    products = snapshot.products.to_pylist()
    mine = [row for row in products if row["retailer"] == LANE]
    prices = [{name: row.pop(name) for name in ("price", "old_price")} for row in mine]
    return {"garments": snapshot.garments.to_pylist(), "products": products, "prices": prices}


def test_parts_and_prices_over_three_nights(house: House) -> None:
    before, shop = published(house), Splits(house)
    tables = (GARMENTS, VECTORS)
    versions = [house.tables.open(table).version() for table in tables]
    other = house.manifest().content[ATELIER]
    asked = house.shops.pictures_asked

    shop.prices(4321)
    ended = shop.night()
    assert ended.code == 0, ended.err
    assert [note for note in ended.json["notes"] if note.startswith(f"{LANE}: the spec does not list it any more")]
    first = published(house)
    assert {int(row["price"]) for row in first["prices"]} == {4321}
    assert first | {"prices": []} == before | {"prices": []}

    two = (shop.folder / TWO).read_text(encoding="utf-8")
    (shop.folder / TWO).unlink()
    shop.prices(5432)
    ended = shop.night()
    assert (ended.code, ended.json["retailers"][LANE]["status"]) == (4, "held")
    assert ended.json["retailers"][LANE]["reason"].startswith(f"{LANE}/two: ")
    second = published(house)
    assert {int(row["price"]) for row in second["prices"]} == {5432}
    assert second | {"prices": []} == before | {"prices": []}

    (shop.folder / TWO).write_text(two, encoding="utf-8")
    ended = shop.night()
    assert (ended.code, ended.json["retailers"][LANE]["reason"]) == (0, None)
    assert published(house) == second
    assert [house.tables.open(table).version() for table in tables] == versions, "nothing was chosen or embedded"
    assert house.shops.pictures_asked == asked
    assert house.manifest().content[ATELIER] == other
    assert house.rows(f"select distinct part from {FEEDS.name} where retailer = '{ATELIER}'", FEEDS) == [{"part": None}]
