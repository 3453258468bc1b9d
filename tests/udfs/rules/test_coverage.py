"""Coverage: three shares that add up to 1, and what an analyst has to look at."""

from pathlib import Path
from typing import Any

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from tests.udfs.rules.mappings import TAXONOMY, mapping_file
from udfs.rules.coverage import COUNTED, KINDS, coverage, differs, view
from udfs.rules.mapping import Mapping

SEEN = pa.schema([
    *((name, pa.string()) for name in ("product_id", "retailer", "title", "kind", "node", "rule", "category_source")),
    ("category_path", pa.list_(pa.string())), ("text_leaf", pa.string()), ("image_class", pa.string()),
])  # fmt: skip

MAPPED_TO_SKIRT = {"kind": "mapped", "node": "skirt", "rule": "categories.xml:2", "category_source": "mapping"}


def seen(product_id: str, **named: Any) -> dict[str, Any]:
    return {"product_id": product_id, "retailer": "shop", "title": f"title {product_id}", "kind": "unmapped", **named}


def test_counts_of_a_feed() -> None:
    rows = [("shop", "mapped", "c:2")] * 3 + [
        ("shop", "ignored", "c:9"),
        ("shop", "unmapped", None),
        ("other", "mapped", "c:2"),
    ]
    table = pa.table(
        {
            "retailer": [r[0] for r in rows],
            "feed": [b"f" * 32] * 6,
            "kind": [r[1] for r in rows],
            "rule": [r[2] for r in rows],
        }
    )
    found = coverage(table)
    assert found.schema == COUNTED
    other, shop = found.to_pylist()
    assert (shop["products"], shop["mapped"], shop["ignored"], shop["unmapped"]) == (5, 3, 1, 1)
    assert shop["rules"] == [{"name": "c:2", "count": 3}, {"name": "c:9", "count": 1}]
    assert (other["retailer"], other["products"]) == ("other", 1)
    assert coverage(table.slice(0, 0)).num_rows == 0


@given(st.lists(st.sampled_from(KINDS), min_size=1, max_size=50))
def test_shares_add_up_to_one(kinds: list[str]) -> None:
    rows = [
        seen(str(number), kind=kind, rule=None if kind == "unmapped" else "c:2") for number, kind in enumerate(kinds)
    ]
    (shop,) = view(pa.Table.from_pylist(rows, SEEN), TAXONOMY)
    assert abs(sum(shop.shares().values()) - 1) < 1e-9


def test_the_largest_unmapped_categories_come_first_with_titles() -> None:
    rows = [seen(f"{number:02}", category_path=["Очки"]) for number in range(9)] + [seen("x", category_path=["Зонты"])]
    (shop,) = view(pa.Table.from_pylist(rows[::-1], SEEN), TAXONOMY)
    largest = shop.largest_unmapped(5)
    assert [(category.path, category.products) for category in largest] == [(("Очки",), 9), (("Зонты",), 1)]
    assert largest[0].titles == [f"title 0{number}" for number in range(5)]


def test_a_rule_is_doubted_by_text_and_pictures() -> None:
    rows = [
        seen("1", **MAPPED_TO_SKIRT, text_leaf="mini_skirt", image_class="skirt"),
        seen("2", **MAPPED_TO_SKIRT, text_leaf="dress", image_class="dress"),
        seen("3", **MAPPED_TO_SKIRT, text_leaf=None, image_class=None),
        seen("4", **MAPPED_TO_SKIRT, text_leaf="out_of_scope", image_class="jewellery"),
        seen("5", category_source="text"),
    ]
    (shop,) = view(pa.Table.from_pylist(rows, SEEN), TAXONOMY)
    use = shop.rules["categories.xml:2"]
    assert (use.products, use.text_differs, use.image_differs) == (4, 2, 2)
    assert (shop.decided_share("mapping"), shop.decided_share("text")) == (0.8, 0.2)


def test_rules_that_decide_nothing_are_listed_in_the_order_of_the_file(tmp_path: Path) -> None:
    file = mapping_file(tmp_path, '<rule path="Юбки" to="skirt" %/>', '<rule path="Gone" to="hat" %/>')
    (shop,) = view(pa.Table.from_pylist([seen("1", **MAPPED_TO_SKIRT)], SEEN), TAXONOMY)
    found = shop.all_rules(Mapping.read(file, TAXONOMY))
    assert [(use.rule, use.node, use.products) for use in found] == [
        ("categories.xml:2", "skirt", 1),
        ("categories.xml:3", "hat", 0),
    ]


def test_every_source_has_its_share() -> None:
    (shop,) = view(pa.Table.from_pylist([seen("1", category_source="text"), seen("2")], SEEN), TAXONOMY)
    assert shop.decided_by() == {"mapping": 0, "text": 0.5, "image": 0}


def test_what_lies_within_does_not_differ() -> None:
    assert not differs("shoes", "sneakers", TAXONOMY)
    assert not differs("sneakers", "shoes", TAXONOMY)
    assert differs("boots", "sneakers", TAXONOMY)
    assert not differs("boots", None, TAXONOMY)
