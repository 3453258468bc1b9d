"""A comparison of two readings names each kind of difference, once, and nothing else."""

import io
from dataclasses import asdict
from datetime import date
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.tables import OFFERS
from tests.udfs.feeds.small_feeds import OFFER, feed
from udfs.feeds.compare import SAMPLES, SHOWN_CHARS, Comparison, compare, compared, read_compared
from udfs.feeds.options import FeedOptions
from udfs.feeds.refusal import FeedRefused

NIGHT = date(2026, 11, 20)
KINDS = ("gone", "new", "titles", "products", "prices", "currencies")
COAT = {
    "status": "done", "offer_id": "1", "product_id": "1", "title": "Coat of wool", "price": Decimal("10.00"),
    "currency": "EUR", "colour": "red", "sizes": ["S", "M"],
}  # fmt: skip


def table(*rows: dict[str, Any]) -> pa.Table:
    full = [COAT | {"position": at} | row for at, row in enumerate(rows)]
    return compared([pa.Table.from_pylist(full, OFFERS.schema)], NIGHT)


def both(before: dict[str, Any], after: dict[str, Any]) -> Comparison:
    """One offer as it was and as it is."""
    return compare(table(before), table(after))


def counts(found: Comparison) -> dict[str, int]:
    return {kind: getattr(found, kind).offers for kind in KINDS if getattr(found, kind).offers}


def fields(found: Comparison) -> dict[str, tuple[int, int, int]]:
    return {name: (change.emptied, change.filled, change.other) for name, change in found.fields.items()}


def test_the_same_twice_is_no_difference() -> None:
    found = both({}, {})
    assert (found.differs, counts(found), fields(found), found.before) == (False, {}, {}, found.after)
    assert (found.before.offers, found.before.products, found.before.filled["colour"]) == (1, 1, 1.0)


def test_two_empty_tables_are_no_difference_and_one_is_all_gone() -> None:
    assert not compare(table(), table()).differs
    assert counts(compare(table({}), table())) == {"gone": 1}
    assert counts(compare(table(), table({}))) == {"new": 1}


def test_gone_and_new_ids_are_named_with_their_titles() -> None:
    found = compare(table({}, {"offer_id": "2", "title": "Hat"}), table({}, {"offer_id": "3", "title": "Cap"}))
    assert (counts(found), fields(found)) == ({"gone": 1, "new": 1}, {})
    assert found.gone.samples == [{"id": "2", "title": "Hat"}]
    assert found.new.samples == [{"id": "3", "title": "Cap"}]


def test_another_title_is_told_from_another_product() -> None:
    reworded = both({}, {"title": "Coat of soft wool"})
    assert (counts(reworded), reworded.titles.strangers) == ({"titles": 1}, 0)
    assert reworded.titles.samples == [{"id": "1", "before": "Coat of wool", "after": "Coat of soft wool"}]
    assert both({}, {"title": "Bicycle pump"}).titles.strangers == 1
    ends = both({"title": "x" * 500}, {"title": "x" * 499 + "y"})
    assert counts(ends) == {"titles": 1}, "what is shown of a title is not all that is compared"


def test_another_group_is_another_product() -> None:
    found = both({}, {"product_id": "7:red"})
    assert (counts(found), fields(found)) == ({"products": 1}, {})
    assert found.products.samples == [{"id": "1", "before": "1", "after": "7:red"}]


@pytest.mark.parametrize(("before", "after"), [("10.00", "15.01"), ("15.01", "10.00"), ("0.03", "0.05")])
def test_a_price_jumped_if_it_is_more_than_half_above_the_other(before: str, after: str) -> None:
    found = both({"price": Decimal(before)}, {"price": Decimal(after)})
    assert (counts(found), fields(found)) == ({"prices": 1}, {"price": (0, 0, 1)})
    assert found.prices.samples == [{"id": "1", "before": f"{before} EUR", "after": f"{after} EUR"}]


def test_a_price_within_half_is_another_value_alone() -> None:
    found = both({}, {"price": Decimal("15.00")})
    assert (counts(found), fields(found)) == ({}, {"price": (0, 0, 1)})


def test_another_currency_is_no_jump() -> None:
    found = both({}, {"price": Decimal("900.00"), "currency": "JPY"})
    assert (counts(found), fields(found)) == ({"currencies": 1}, {"price": (0, 0, 1), "currency": (0, 0, 1)})


def test_fields_that_became_empty_or_were_filled_are_counted() -> None:
    many = [{"offer_id": str(at)} for at in range(9)]
    bare = [row | {"colour": None, "brand": "Linum", "sizes": ["S"]} for row in many]
    found = compare(table(*many), table(*bare))
    assert (counts(found), fields(found)) == ({}, {"brand": (0, 9, 0), "colour": (9, 0, 0), "sizes": (0, 0, 9)})
    assert found.fields["colour"].samples == {"emptied": ["0", "1", "2", "3", "4"]}
    assert (found.before.filled["colour"], found.after.filled["colour"]) == (1.0, 0.0)


def test_a_price_that_went_is_an_empty_field() -> None:
    assert fields(both({}, {"price": None})) == {"price": (1, 0, 0)}


def test_offers_of_one_id_are_compared_in_their_order() -> None:
    sizes = [{"sizes": [size]} for size in "SML"]
    assert not compare(table(*sizes), table(*sizes)).differs
    fewer = compare(table(*sizes), table(*sizes[:2]))
    assert (counts(fewer), fields(fewer), fewer.gone.samples[0]["id"]) == ({"gone": 1}, {}, "1")


def test_ids_are_compared_as_a_whole_and_shown_in_part() -> None:
    found = compare(table({"offer_id": "x" * 500}), table({"offer_id": "x" * 499 + "y"}))
    assert (counts(found), found.gone.samples[0]["id"]) == ({"gone": 1, "new": 1}, "x" * SHOWN_CHARS)


def test_the_price_of_the_night_is_compared() -> None:
    sale = {"sale_price": Decimal("4.00"), "sale_from": date(2026, 11, 1), "sale_until": date(2026, 11, 30)}
    assert counts(both({}, sale)) == {"prices": 1}
    assert counts(both({}, sale | {"sale_until": date(2026, 11, 19)})) == {}


def test_rejected_offers_are_left_out_of_a_feed_and_a_refused_feed_is_raised() -> None:
    body = feed(OFFER.format(1), "<offer id='2'><name>Hat</name></offer>")
    summary, offers = read_compared(io.BytesIO(body), FeedOptions(), NIGHT)
    assert (summary.offers, offers["offer_id"].to_pylist()) == (2, ["1"])
    with pytest.raises(FeedRefused, match="before its end tag"):
        read_compared(io.BytesIO(body[:-30]), FeedOptions(), NIGHT)


def test_samples_are_few() -> None:
    found = compare(table(*({"offer_id": str(at)} for at in range(50))), table())
    assert (found.gone.offers, len(found.gone.samples)) == (50, SAMPLES)


OFFERED = st.fixed_dictionaries({
    "offer_id": st.sampled_from("abcd"),
    "product_id": st.sampled_from(["p", "q"]),
    "title": st.sampled_from(["Coat", "Coat of wool", "Pump", "Ä\x7f"]),
    "price": st.none() | st.sampled_from([*map(Decimal, ("1.00", "1.51", "0.00", "9999999999999999.99"))]),
    "currency": st.none() | st.sampled_from(["EUR", "JPY"]),
    "available": st.none() | st.booleans(),
    "sizes": st.none() | st.lists(st.sampled_from("SML"), max_size=2),
})  # fmt: skip
FEEDS = st.lists(OFFERED, max_size=8)


@settings(max_examples=60)
@given(FEEDS)
def test_nothing_differs_from_itself(rows: list[dict[str, Any]]) -> None:
    found = compare(table(*rows), table(*rows))
    assert not found.differs
    assert found.before == found.after


@settings(max_examples=60)
@given(FEEDS, FEEDS)
def test_the_way_back_mirrors_the_way_there(one: list[dict[str, Any]], other: list[dict[str, Any]]) -> None:
    there, back = compare(table(*one), table(*other)), compare(table(*other), table(*one))
    mirrored = counts(back)
    swapped = {"gone": "new", "new": "gone"}
    assert counts(there) == {swapped.get(kind, kind): count for kind, count in mirrored.items()}
    assert fields(there) == {name: (filled, emptied, same) for name, (emptied, filled, same) in fields(back).items()}
    assert (there.before, there.after, there.titles.strangers) == (back.after, back.before, back.titles.strangers)
    assert asdict(there.gone) == asdict(back.new)
    assert there.before.offers - there.gone.offers == there.after.offers - there.new.offers
