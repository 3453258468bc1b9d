"""Choosing the garment on sale: golden cases."""

import pickle
from typing import Any

import pyarrow as pa
import pytest

from schemas.choice import PRODUCTS_TO_CHOOSE
from tests.udfs.rules.choosing import MIDDLE, SETTINGS, box, choose, chosen, picture, product, verdict
from tests.udfs.rules.mappings import TAXONOMY
from udfs.rules.choose import ChooseGarments, duplicate_of

SKIRT, JACKET = [verdict("skirt")], [verdict("jacket")]
UPPER, LOWER = (0.2, 0.1, 0.8, 0.5), (0.25, 0.5, 0.75, 0.9)
WORN = [
    box("outerwear", 0.9, UPPER),
    box("top", 0.7, (0.4, 0.15, 0.6, 0.4)),
    box("skirt", 0.8, LOWER),
    box("shoes", 0.9),
]


def where(row: dict[str, Any]) -> list[tuple[Any, ...]]:
    return [
        (garment["url"][-5], garment["class"], tuple(round(side, 3) for side in garment["box"]))
        for garment in row["garments"]
    ]


def away(row: dict[str, Any]) -> list[tuple[str, str]]:
    return [(turned["url"][-5], turned["code"]) for turned in row["turned_away"]]


def test_a_skirt_and_a_jacket_share_a_picture_and_each_has_its_own_box() -> None:
    skirt, jacket = choose(
        product("shop:skirt", verdicts=SKIRT, pictures=[picture("a", boxes=WORN)]),
        product("shop:jacket", verdicts=JACKET, pictures=[picture("a", boxes=WORN)]),
    )
    assert where(skirt) == [("a", "skirt", LOWER)]
    assert where(jacket) == [("a", "outerwear", UPPER)]
    ids = {row["garments"][0]["garment_id"] for row in (skirt, jacket)}
    keys = {row["garments"][0]["vector_key"] for row in (skirt, jacket)}
    assert (len(ids), len(keys)) == (2, 2)


def test_a_size_chart_that_comes_first_is_turned_away() -> None:
    chart = picture("a", 0, wanted=0.02, sizechart=0.97, boxes=[box("skirt")])
    row = chosen(verdicts=SKIRT, pictures=[chart, picture("b", 1, boxes=[box("skirt")])])
    assert where(row) == [("b", "skirt", MIDDLE)]
    assert row["garments"][0]["rank"] == 1
    assert away(row) == [("a", "screen_unwanted")]
    assert row["turned_away"][0]["detail"] == "sizechart 0.97, wanted 0.02"


def test_where_no_box_fits_it_is_the_whole_picture_and_that_is_said() -> None:
    row = chosen(verdicts=SKIRT, pictures=[picture("a", boxes=[box("hat"), box("skirt", 0.07)])])
    assert where(row) == [("a", None, (0.0, 0.0, 1.0, 1.0))]
    assert row["garments"][0]["whole_picture"]
    scarf = chosen(verdicts=[verdict("scarf")], pictures=[picture("a", boxes=[box("top")])])
    assert where(scarf) == [("a", None, (0.0, 0.0, 1.0, 1.0))]
    boxed = chosen(verdicts=SKIRT, pictures=[picture("a", boxes=[box("skirt")])])
    assert not boxed["garments"][0]["whole_picture"]


def test_a_set_gives_both_of_its_pieces() -> None:
    suit = [box("outerwear", 0.9, UPPER), box("trousers", 0.8, LOWER)]
    row = chosen(
        verdicts=[verdict("trouser_suit")], pictures=[picture("a", boxes=suit), picture("b", 1, boxes=suit[:1])]
    )
    assert where(row) == [("a", "outerwear", UPPER), ("a", "trousers", LOWER), ("b", "outerwear", UPPER)]
    assert len({garment["garment_id"] for garment in row["garments"]}) == 3


def test_of_near_identical_pictures_the_largest_stands_then_the_first() -> None:
    group = b"g" * 32
    copies = [
        picture("a", 0, group=group, width=300, height=400),
        picture("b", 1, group=group),
        picture("c", 2, group=group),
        picture("d", 3),
    ]
    row = chosen(verdicts=SKIRT, pictures=copies)
    assert [garment["url"][-5] for garment in row["garments"]] == ["b", "d"]
    assert away(row) == [("a", "duplicate_picture"), ("c", "duplicate_picture")]
    assert row["turned_away"][0]["detail"] == "near-duplicate of https://shop/b.jpg"


def test_the_same_bytes_under_two_urls_are_one_picture() -> None:
    again = picture("b", 1, picture=picture("a")["picture"])
    row = chosen(verdicts=SKIRT, pictures=[picture("a"), again])
    assert (len(row["garments"]), away(row)) == (1, [("b", "duplicate_picture")])


def test_an_unwanted_copy_does_not_stand_for_a_wanted_one() -> None:
    group = b"g" * 32
    banner = picture("a", 0, group=group, width=4000, wanted=0.1, banner=0.9)
    row = chosen(verdicts=SKIRT, pictures=[banner, picture("b", 1, group=group)])
    assert [garment["url"][-5] for garment in row["garments"]] == ["b"]


def test_all_pictures_turned_away_or_not_here_yet() -> None:
    gone = picture("a", picture=None, code="fetch_404", detail="404")
    row = chosen(verdicts=SKIRT, pictures=[gone, picture("b", 1, picture=None), picture("c", 2, wanted=0.1, logo=0.8)])
    assert (row["status"], row["code"], row["garments"]) == ("rejected", "no_picture_left", [])
    assert row["detail"] == "1 fetch_404, 1 screen_unwanted, 1 not fetched yet"
    assert (row["category"], away(row)) == ("skirt", [("a", "fetch_404"), ("c", "screen_unwanted")])
    assert chosen(verdicts=SKIRT, pictures=None)["detail"] == "the product has no picture"


def test_a_new_model_moves_boxes_and_keys_but_no_ids() -> None:
    old = chosen(verdicts=SKIRT, pictures=[picture("a", boxes=[box("skirt", 0.9, LOWER)])])["garments"][0]
    new = chosen(verdicts=SKIRT, pictures=[picture("a", boxes=[box("skirt", 0.8, UPPER)])])["garments"][0]
    none = chosen(verdicts=SKIRT, pictures=[picture("a")])["garments"][0]
    assert old["garment_id"] == new["garment_id"] == none["garment_id"]
    assert len({garment["vector_key"] for garment in (old, new, none)}) == 3


def test_every_row_has_an_answer_whatever_is_null() -> None:
    empty = dict.fromkeys(PRODUCTS_TO_CHOOSE.names) | {"product_key": b"k" * 32}
    bare = {"url": "https://shop/a.jpg", "rank": 0, "picture": b"p" * 32}
    odd = [
        box("skirt", float("nan")),
        {"class": "skirt", "score": None, "box": None},
        box("skirt", 0.9, (0.5, 0.5, 0.5, 0.5)),
        box("skirt", 0.9, (0.8, 0.8, 0.2, 0.2)),
    ]
    rows = choose(
        empty, product(pictures=[bare], verdicts=SKIRT), product(verdicts=SKIRT, pictures=[picture("a", boxes=odd)])
    )
    assert [row["status"] for row in rows] == ["rejected", "done", "done"]
    assert all(row["garments"][0]["whole_picture"] for row in rows[1:])
    assert choose() == []


def test_the_same_batch_twice_is_the_same_answer_and_is_not_changed() -> None:
    work = pickle.loads(pickle.dumps(ChooseGarments(TAXONOMY, SETTINGS, {})))
    pictures = [picture("b", 1, boxes=WORN), picture("a", 0, boxes=WORN[::-1])]
    batch = pa.RecordBatch.from_pylist([product(verdicts=JACKET, pictures=pictures)], PRODUCTS_TO_CHOOSE)
    before = batch.to_pylist()
    assert work(batch).equals(work(batch))
    assert batch.to_pylist() == before
    (row,) = work(batch).to_pylist()
    assert where(row) == [("a", "outerwear", UPPER), ("b", "outerwear", UPPER)]


def listed(product_id: str, *groups: bytes, **named: str) -> dict[str, Any]:
    return {
        "product_id": product_id,
        "retailer": "shop",
        "category": "skirt",
        "colour": "red",
        "groups": groups,
    } | named


@pytest.mark.parametrize("turned", [False, True])
def test_products_of_one_shop_with_the_same_pictures_are_one(turned: bool) -> None:
    rows = [
        listed("shop:1", b"a", b"b"),
        listed("shop:2", b"b", b"a"),
        listed("shop:3", b"a"),
        listed("shop:4", b"a", b"b", colour="blue"),
        listed("shop:5", b"a", b"b", category="jacket"),
        listed("shop:6", b"a", b"b", b"b"),
        listed("shop:7"),
        listed("shop:8"),
        listed("other:1", b"a", b"b", retailer="other"),
    ]
    schema = pa.schema([
        *((name, pa.string()) for name in ("product_id", "retailer", "category", "colour")),
        ("groups", pa.list_(pa.binary())),
    ])  # fmt: skip
    table = pa.Table.from_pylist(rows[::-1] if turned else rows, schema)
    assert duplicate_of(table) == {"shop:2": "shop:1", "shop:6": "shop:1"}
