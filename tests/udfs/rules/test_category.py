"""What is sold: each source alone, their order, and what outweighs them."""

from typing import Any

import pytest

from tests.udfs.rules.choosing import SETTINGS, box, choose, chosen, picture, product, verdict
from tests.udfs.rules.mappings import TAXONOMY
from udfs.rules.category import Category, category_of, gender_of, shown

SKIRT = [verdict("skirt")]


def text(leaf: str, probability: float) -> dict[str, Any]:
    """What a text says, with nothing beside it."""
    leaves = [{"leaf": leaf, "probability": probability}]
    return {"text_leaf": leaf, "text_probability": probability, "text_leaves": leaves}


TEXT_DRESS = text("dress", 0.95)
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
    assert said(chosen(pictures=SHOES, **text("dress", 0.1))) == ("shoes", "image")


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


def test_an_unsure_text_and_the_pictures_decide_together() -> None:
    assert said(chosen(pictures=SHOES, **text("sandals", 0.6))) == ("sandals", "image")
    assert said(chosen(pictures=SHOES, **text("out_of_scope", 0.6))) == ("shoes", "image")
    assert said(chosen(verdicts=SKIRT, pictures=SHOES, **text("mini_skirt", 0.78))) == ("skirt", "mapping")


def test_a_title_that_is_nearly_sure_is_no_hat_because_of_a_picture() -> None:
    hat = [picture("a", depicts="hat", depicts_score=0.6)]
    assert said(chosen(pictures=hat, **text("sneakers", 0.78))) == ("sneakers", "text")
    assert said(choose(product(pictures=hat, **text("sneakers", 0.78)), order=("image",))[0]) == ("headwear", "image")


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


@pytest.mark.parametrize(
    ("age", "gender", "expected"),
    [
        ("girls", None, "girls"), ("boys", None, "boys"), ("kids", None, "kids"), ("kids", "women", "girls"),
        ("kids", "men", "boys"), ("kids", "girls", "girls"), ("kids", "unisex", "kids"), ("girls", "unisex", "girls"),
        (None, "women", "women"),
    ],
)  # fmt: skip
def test_a_stated_age_makes_a_child_of_a_gender(age: str | None, gender: str | None, expected: str) -> None:
    row = {"gender": gender, "age": age, "text_gender": "men", "text_gender_probability": 1.0}
    assert gender_of(row, SETTINGS) == expected


@pytest.mark.parametrize(
    ("probability", "expected"), [(SETTINGS.text, "men"), (SETTINGS.text - 0.01, None), (None, None)]
)
def test_a_texts_gender_counts_from_its_bound(probability: float | None, expected: str | None) -> None:
    row = {"gender": None, "age": None, "text_gender": "men", "text_gender_probability": probability}
    assert gender_of(row, SETTINGS) == expected


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"text_leaf": "dress", "text_probability": 0.75}, ("dress", "text")),
        ({"text_leaf": "dress", "text_probability": 0.5}, (None, None)),
        ({"text_leaf": "out_of_scope", "text_probability": 0.75}, (None, None)),
        ({"pictures": [picture("a", depicts="shoes", depicts_score=0.5)]}, ("shoes", "image")),
        ({"pictures": [picture("a", depicts="shoes", depicts_score=0.25)]}, (None, None)),
        ({"pictures": [picture("a", depicts="shoes", depicts_score=None)]}, (None, None)),
        ({"pictures": [picture("a", boxes=[box("hat", 0.5)])]}, ("headwear", "image")),
        ({"pictures": [picture("a", boxes=[box("hat", 0.25)])]}, (None, None)),
        ({"pictures": [picture("a", boxes=[box("hat") | {"score": None}])]}, (None, None)),
    ],
)
def test_a_source_decides_from_its_bound(changed: dict[str, Any], expected: tuple[str | None, str | None]) -> None:
    bounds = SETTINGS.model_copy(update={"text": 0.75, "image": 0.5, "out_of_scope": 0.75})
    one = {"gender": None, "age": None, "title": "", "verdicts": [], "text_leaf": None, "text_probability": None,
           "text_leaves": None, "text_gender": None, "text_gender_probability": None} | changed  # fmt: skip
    kept = [{"depicts": None, "depicts_score": None} | found for found in one.get("pictures", [])]
    found = category_of(one, kept, ("mapping", "text", "image"), TAXONOMY, bounds)
    assert (found.node, found.source) == expected


def test_a_category_says_why_there_is_none_and_nothing_where_there_is_one() -> None:
    row = chosen(**TEXT_DRESS)
    assert (row["code"], row["detail"]) == (None, None)
    assert Category("dress", "text").detail is None
