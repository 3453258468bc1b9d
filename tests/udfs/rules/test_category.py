"""What is sold: each source alone, their order, and what outweighs them."""

from typing import Any

import pytest

from tests.udfs.rules.choosing import SETTINGS, box, choose, chosen, picture, product, verdict
from udfs.rules.category import gender_of, shown

SKIRT = [verdict("skirt")]
TEXT_DRESS = {"text_leaf": "dress", "text_probability": 0.95}
SHOES = [picture("a", depicts="shoes", depicts_score=0.9)]


def said(row: dict[str, Any]) -> tuple[str | None, str | None]:
    return row["category"], row["category_source"]


def test_the_sources_are_asked_in_the_order_of_the_spec() -> None:
    everything = product(verdicts=SKIRT, pictures=SHOES, **TEXT_DRESS)
    orders = {("mapping", "text", "image"): ("skirt", "mapping"), ("text", "mapping"): ("dress", "text"),
              ("image",): ("shoes", "image")}  # fmt: skip
    for order, answer in orders.items():
        assert said(choose(everything, order=order)[0]) == answer


def test_each_source_alone() -> None:
    assert said(chosen(verdicts=SKIRT)) == ("skirt", "mapping")
    assert said(chosen(**TEXT_DRESS)) == ("dress", "text")
    assert said(chosen(pictures=SHOES)) == ("shoes", "image")


def test_an_unsure_text_leaves_it_to_the_pictures() -> None:
    assert said(chosen(text_leaf="dress", text_probability=0.5, pictures=SHOES)) == ("shoes", "image")


def test_nothing_says() -> None:
    row = chosen(text_leaf="dress", text_probability=0.5)
    assert (row["status"], row["code"], row["category"]) == ("rejected", "no_category", None)
    assert "dress, with probability 0.50" in row["detail"]
    assert chosen(text_leaf="ambiguous", text_probability=1.0)["code"] == "no_category"
    assert chosen(pictures=[picture("a", depicts="jewellery", depicts_score=1.0)])["code"] == "no_category"


def test_out_of_scope_by_the_text_unless_a_rule_maps() -> None:
    foreign = {"text_leaf": "out_of_scope", "text_probability": 0.97, "pictures": SHOES}
    row = chosen(**foreign)
    assert (row["code"], row["garments"]) == ("out_of_scope", [])
    assert said(chosen(verdicts=SKIRT, **foreign)) == ("skirt", "mapping")
    assert said(chosen(**foreign | {"text_probability": 0.3})) == ("shoes", "image")
    assert chosen(**foreign | {"text_probability": 0.92})["code"] == "no_category", "pictures know garments alone"


def test_an_unsure_text_refines_what_the_pictures_show() -> None:
    unsure = {"text_leaf": "sandals", "text_probability": 0.78}
    assert said(chosen(pictures=SHOES, **unsure)) == ("sandals", "image")
    assert said(chosen(pictures=SHOES, **unsure | {"text_probability": 0.5})) == ("shoes", "image")
    assert said(chosen(pictures=SHOES, text_leaf="dress", text_probability=0.78)) == ("shoes", "image")
    assert said(chosen(verdicts=SKIRT, text_leaf="mini_skirt", text_probability=0.78)) == ("skirt", "mapping")


@pytest.mark.parametrize("order", [("mapping", "text", "image"), ("text", "image", "mapping")])
def test_a_rule_that_ignores_outweighs_all(order: tuple[str, ...]) -> None:
    (row,) = choose(product(verdicts=[verdict(None, "gift cards")], pictures=SHOES, **TEXT_DRESS), order=order)
    assert (row["code"], row["detail"]) == ("mapping_ignored", "categories.xml:2: gift cards")


def test_rules_see_title_and_gender() -> None:
    rules = [verdict("knit_cap", title_word="шапк*"), verdict("blouse", gender="women"), verdict("shirt")]
    assert chosen(verdicts=rules, title="Шапка вязаная")["category"] == "knit_cap"
    assert chosen(verdicts=rules, title="Рубашка", gender="Женский")["category"] == "blouse"
    assert chosen(verdicts=rules, title="Рубашка", gender="Мужской")["category"] == "shirt"


@pytest.mark.parametrize(
    ("named", "gender"),
    [
        ({"gender": "Женский"}, "women"),
        ({"gender": "male", "age": "kids"}, "boys"),
        ({"gender": "female", "age": "infant"}, "girls"),
        ({"gender": "unisex", "age": "kids"}, "kids"),
        ({"age": "kids"}, "kids"),
        ({"age": "adult"}, None),
        ({"text_gender": "men", "text_gender_probability": 0.9}, "men"),
        ({"text_gender": "men", "text_gender_probability": 0.5}, None),
        ({"gender": "women", "text_gender": "men", "text_gender_probability": 0.9}, "women"),
    ],
)
def test_the_stated_gender_comes_first(named: dict[str, Any], gender: str | None) -> None:
    empty = dict.fromkeys(("gender", "age", "text_gender", "text_gender_probability"))
    assert gender_of(empty | named, SETTINGS) == gender


def test_pictures_agree_by_majority() -> None:
    skirt = picture("a", depicts="skirt", depicts_score=0.9)
    dress = picture("b", depicts="dress", depicts_score=0.9)
    unsure = picture("c", depicts="dress", depicts_score=0.1)
    top = picture("d", depicts="top", depicts_score=0.9)
    assert shown([skirt, skirt, dress, unsure], SETTINGS) == "skirt"
    assert shown([skirt, dress, top], SETTINGS) is None
    assert shown([unsure], SETTINGS) is None
    assert shown([], SETTINGS) is None


def test_boxes_say_it_where_all_are_of_one_class() -> None:
    alone = picture("a", depicts=None, depicts_score=None, boxes=[box("shoes"), box("shoes"), box("bag", 0.1)])
    outfit = picture("b", depicts=None, depicts_score=None, boxes=[box("top"), box("skirt")])
    assert shown([alone], SETTINGS) == "shoes"
    assert shown([outfit], SETTINGS) is None
