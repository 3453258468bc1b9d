"""Products kept by feed: those that are read are those that would be made, in every night and after every loss."""

import json
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from deltalake import DeltaTable

from jobs.live import products
from jobs.live.products import keep, live_products, unkept
from jobs.vacuum.erase import Erasure
from jobs.vacuum.needed import Needed
from lake.erased import hash_of, note_erased
from lake.vacuum.versions import Kept
from schemas.tables import FEEDS, MERGED, OFFERS
from tests.jobs.lake_of_offers import FIRST, Shops
from udfs.rules.products import PRODUCTS


@pytest.fixture
def shops(tmp_path: Path) -> Shops:
    """Two shops, the names of which sort otherwise than their products' ids."""
    return Shops(tmp_path, **{"shop": ["http://shop.test/1", "http://shop.test/2"], "shop-2": ["http://shop.test/3"]})


def found(shops: Shops, nights: int = 0) -> list[dict[str, Any]]:
    rows = live_products(shops.night(nights))
    assert rows.schema == PRODUCTS
    return rows.to_pylist()


def kept(shops: Shops, nights: int = 0) -> list[list[str]]:
    """What had to be made, which is kept now."""
    night = shops.night(nights)
    made = list(unkept(night, night.retailers))
    keep(night, night.retailers)
    assert list(unkept(night, night.retailers)) == []
    return made


def test_kept_products_are_those_that_are_made(shops: Shops, monkeypatch: pytest.MonkeyPatch) -> None:
    made = found(shops)
    assert [row["product_id"] for row in made] == ["shop-2:0", "shop:0", "shop:1"]
    assert kept(shops) == [["shop-2", "shop"]]
    monkeypatch.setattr(products, "merged", None)
    assert found(shops) == made
    assert kept(shops, nights=9) == []


def test_a_feed_at_a_time(shops: Shops, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(products, "GROUP_OFFERS", -1)
    made = found(shops)
    assert kept(shops) == [["shop-2"], ["shop"]]
    assert found(shops) == made


def test_only_a_changed_feed_is_made_again(shops: Shops) -> None:
    kept(shops)
    shops.add("new", ["http://shop.test/4"])
    assert [row["product_id"] for row in found(shops)] == ["new:0", "shop-2:0", "shop:0", "shop:1"]
    assert kept(shops) == [["new"]]


@pytest.mark.parametrize("column", ["product_id", "place"])
def test_a_lost_row_is_never_taken_for_a_product_that_left(shops: Shops, column: str) -> None:
    made = found(shops)
    kept(shops)
    value = "'shop:1'" if column == "product_id" else "1"
    DeltaTable(str(shops.root / "lake" / "tables" / MERGED.name)).delete(f"{column} = {value}")
    assert found(shops) == made
    assert kept(shops) == [["shop"]]
    assert found(shops) == made


def test_doubled_rows_are_not_two_products(shops: Shops) -> None:
    made = found(shops)
    kept(shops)
    night = shops.night()
    night.tables.append(MERGED, night.tables.sql("select * from merged", [MERGED]))
    assert found(shops) == made


def test_prices_are_those_of_the_night_and_are_made_when_a_sale_turns(shops: Shops) -> None:
    begins, ends = FIRST + timedelta(days=2), FIRST + timedelta(days=3)
    on_sale(shops, begins, ends)
    made = {nights: found(shops, nights) for nights in range(6)}
    assert [made[nights][0]["price"] for nights in range(6)] == [10, 10, 7, 7, 10, 10]
    assert [bool(kept(shops, nights)) for nights in (0, 1, 2, 3, 4, 5)] == [True, False, True, False, True, False]
    assert {nights: found(shops, nights) for nights in range(6)} == made, "an earlier night too"


def on_sale(shops: Shops, begins: date, ends: date) -> None:
    """A newer feed of a shop."""
    night = shops.night()
    row = night.tables.sql("select * from feeds where retailer = 'shop-2'", [FEEDS]).to_pylist()[0]
    feed = {"feed": b"1" * 32, "function": row["function"], "retailer": "shop-2", "status": "done"}
    shops.write(FEEDS, [row | feed | {"attempt": 2}])
    sale = {"sale_price": Decimal(7), "sale_from": begins, "sale_until": ends}
    shops.write(
        OFFERS, [feed | sale | {"position": 0, "offer_id": "0", "product_id": "shop-2:0", "price": Decimal(10)}]
    )


def test_a_blocked_product_is_not_live(shops: Shops) -> None:
    kept(shops)
    line = "kind\tvalue\treason\tdate\tinitials\nproduct\tshop:0\tx\t2026-01-01\tXX\n"
    (shops.root / "mappings" / "blocked.tsv").write_text(line)
    assert [row["product_id"] for row in found(shops)] == ["shop-2:0", "shop:1"]


def rows(shops: Shops) -> pa.Table:
    return shops.night().tables.sql("select * from merged order by product_id", [MERGED])


def test_vacuum_keeps_the_products_of_live_feeds_and_of_nights_to_come(shops: Shops) -> None:
    on_sale(shops, FIRST + timedelta(days=2), FIRST + timedelta(days=3))
    for nights in (0, 2):
        kept(shops, nights)
    spec = shops.root / "mappings" / "shop" / "retailer.yaml"
    spec.write_text(json.dumps(json.loads(spec.read_text()) | {"enabled": False}))
    stays = Needed(shops.night(nights=2), Kept([], [], []))._merged().stays(rows(shops))
    said = zip(rows(shops)["product_id"].to_pylist(), rows(shops)["until_night"].to_pylist(), strict=True)
    assert dict(zip(said, stays.to_pylist(), strict=True)) == {
        ("shop-2:0", FIRST + timedelta(days=2)): False, ("shop-2:0", FIRST + timedelta(days=4)): True,
        ("shop:0", None): False, ("shop:1", None): False,
    }  # fmt: skip


def test_what_is_erased_leaves_no_product_behind(shops: Shops) -> None:
    kept(shops)
    night = shops.night()
    note_erased(night.store, frozenset({hash_of("shop:1")}), night.today)
    Erasure(night)._rows()
    assert rows(shops)["product_id"].to_pylist() == ["shop-2:0", "shop:0"]
    assert [row["product_id"] for row in found(shops)] == ["shop-2:0", "shop:0"]


def test_every_column_of_a_product_is_kept() -> None:
    assert set(PRODUCTS.names) < set(MERGED.schema.names)
    assert all(MERGED.schema.field(field.name).type == field.type for field in PRODUCTS)
    assert isinstance(PRODUCTS, pa.Schema)


@pytest.mark.long
def test_offers_whose_texts_outgrow_32_bits_are_digested() -> None:
    """Two gigabytes of addresses, as a shop of 300,000 offers may send."""
    count = 5_500
    part = pa.table({
        "retailer": ["a"] * count, "product_id": [f"a:{number}" for number in range(count)],
        "offer_id": [str(number) for number in range(count)], "max_pictures": [5] * count,
        "pictures": pa.array([["x" * 100_000]] * count),
        **{name: pa.nulls(count, pa.string()) for name in ("title", "gender", "age")},
        **{name: pa.nulls(count, pa.list_(pa.string())) for name in ("category_path", "category_ids")},
        "text_key": pa.nulls(count, pa.binary()),
    })  # fmt: skip
    offers = pa.concat_tables([part] * 4)
    assert offers.nbytes > 1 << 31
    assert products._offers_digests(offers).keys() == {"a"}
