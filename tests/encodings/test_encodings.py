"""A short piece of the campaign over languages and encodings; `make encodings` runs the whole."""

import pytest

from tests.encodings.campaign import NOTHING, RIGHT, Shop, Tally, judged, shops, tried, words
from udfs.feeds.options import FeedOptions


def test_no_title_is_read_wrong_and_hardly_one_is_refused() -> None:
    known, whole = words(), Tally()
    for shop in shops():
        if shop.about == NOTHING:
            found = tried(shop, 20, 1, 7, known)
            assert found.wrong == 0, shop
            whole.add(found)
    assert whole.refused <= 0.12 * (whole.right + whole.refused)


def test_what_is_said_rightly_is_believed() -> None:
    known = words()
    for shop in shops():
        if shop.about == RIGHT and shop.encoding not in ("iso-8859-15", "iso-8859-13"):
            assert tried(shop, 10, 1, 7, known).right == 10, shop


@pytest.mark.parametrize(("language", "encoding"), [("da", "cp1252"), ("cs", "iso-8859-2"), ("he", "cp1255")])
@pytest.mark.parametrize("size", [10, 60, 300])
def test_more_offers_are_no_harder(language: str, encoding: str, size: int) -> None:
    assert tried(Shop(language, encoding, "utf-8"), size, 1, 3, words()).right == size


def test_a_wrong_title_is_counted() -> None:
    body = "<title>Blå</title><title>Rød</title>".encode("cp1252")
    assert judged(body, ["Blå", "Grøn"], FeedOptions(encoding="cp1252")) == Tally(right=1, wrong=1)
