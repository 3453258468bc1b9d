from collections import Counter
from itertools import islice

import pytest

from schemas.rejects import Code
from shops.assortment import Assortment
from shops.pictures.wardrobe import CLASS_OF
from shops.vocabulary import vocabulary


@pytest.fixture(scope="module")
def assortment() -> Assortment:
    return Assortment(21, "shop", vocabulary("en"), pictures_per_product=4, drawn_pairs=500)


def test_a_pair_depends_on_its_number_alone(assortment: Assortment) -> None:
    in_order = list(islice(assortment.pairs(), 30))

    assert assortment.pair(29) == in_order[29]
    assert in_order == list(islice(assortment.pairs(), 30))


def test_relisted_styles_repeat_the_pictures_of_another(assortment: Assortment) -> None:
    relisted = 0
    for pair in islice(assortment.pairs(), 60):
        first = {spec.name for product in pair.products if not product.same_as for spec in product.pictures}
        for product in pair.products:
            if product.same_as:
                relisted += 1
                assert product.same_as != product.group
                assert {spec.repeats for spec in product.pictures} <= first
                assert not {spec.name for spec in product.pictures} & first
    assert relisted >= 3


def test_a_repeat_comes_after_its_original(assortment: Assortment) -> None:
    for pair in islice(assortment.pairs(), 100):
        known: set[str] = set()
        for spec in (spec for product in pair.products for spec in product.pictures):
            assert spec.repeats is None or spec.repeats in known
            known.add(spec.name)


def test_pairs_beyond_the_drawn_ones_show_the_same_under_other_texts(assortment: Assortment) -> None:
    early, late = assortment.pair(3), assortment.pair(503)

    assert [product.look for product in early.products] == [product.look for product in late.products]
    assert [product.pictures for product in early.products] == [product.pictures for product in late.products]
    assert {product.group for product in early.products}.isdisjoint(product.group for product in late.products)


def test_every_leaf_and_every_fault_is_sold(assortment: Assortment) -> None:
    leaves: Counter[str] = Counter()
    faults: set[Code | None] = set()
    for product in (product for pair in islice(assortment.pairs(), 400) for product in pair.products):
        leaves.update([product.look.leaf] if product.look else [])
        faults |= {offer.fault for offer in product.offers} | {spec.fault for spec in product.pictures}

    assert set(leaves) == set(CLASS_OF)
    assert {
        None, Code.OFFER_NO_ID, Code.OFFER_NO_PICTURE, Code.OFFER_BAD_PRICE, Code.TEXT_OUT_OF_SCOPE,
        Code.NO_PICTURE_LEFT, Code.PICTURE_TRUNCATED, Code.FETCH_TYPE, Code.FETCH_404,
    } == faults  # fmt: skip


def test_a_published_product_has_a_wanted_picture(assortment: Assortment) -> None:
    for product in (product for pair in islice(assortment.pairs(), 300) for product in pair.products):
        shows = any(spec.kind == "wanted" and not spec.fault for spec in product.pictures)
        for offer in product.offers:
            if offer.fault is None:
                assert shows
            if offer.fault is Code.NO_PICTURE_LEFT:
                assert not shows


def test_men_are_sold_no_dresses(assortment: Assortment) -> None:
    for product in (product for pair in islice(assortment.pairs(), 300) for product in pair.products):
        if product.gender == "men" and product.look:
            assert product.look.garment_class not in {"dress", "skirt"}
