import hashlib
import shutil
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.errors import WrongInput
from shops.changes import change, cheaper
from shops.layout import SampleShop
from tests.shops.reading import feed_of, offers_of, pictures_of


def _agree(shop: SampleShop) -> None:
    """Feed and truth still say the same."""
    stated, truth = feed_of(shop.feed), offers_of(shop)
    assert [(read.offer_id, read.price, len(read.pictures)) for read in stated] == [
        (true["offer_id"], true["price"], len(true["pictures"])) for true in truth
    ]
    assert [true["position"] for true in truth] == list(range(len(truth)))


def test_prices_change_and_nothing_else(small_shop: SampleShop) -> None:
    before = feed_of(small_shop.feed)
    count = change(small_shop, 0.1, "price", seed=1)
    after = feed_of(small_shop.feed)

    assert count == 2
    assert sum(old.price != new.price for old, new in zip(before, after, strict=True)) == 2
    assert [(old.offer_id, old.title, old.pictures) for old in before] == [
        (new.offer_id, new.title, new.pictures) for new in after
    ]
    _agree(small_shop)


def test_offers_are_withdrawn(small_shop: SampleShop) -> None:
    before = feed_of(small_shop.feed)
    count = change(small_shop, 0.25, "gone", seed=2)
    after = feed_of(small_shop.feed)

    assert count == 5 and len(after) == 15
    assert {read.offer_id for read in after} < {read.offer_id for read in before}
    _agree(small_shop)


def test_new_offers_have_pictures_of_their_own(small_shop: SampleShop) -> None:
    before = feed_of(small_shop.feed)
    old_pictures = {picture["file"] for picture in pictures_of(small_shop)}
    count = change(small_shop, 0.2, "new")
    after = feed_of(small_shop.feed)

    assert count == 4 and after[:20] == before and len(after) == 24
    assert len({read.offer_id for read in after}) == len({read.offer_id for read in before}) + 4
    new = [picture for picture in pictures_of(small_shop) if picture["file"] not in old_pictures]
    assert new and all((small_shop.folder / picture["file"]).is_file() for picture in new if not picture["fault"])
    _agree(small_shop)
    change(small_shop, 0.2, "new")
    _agree(small_shop)


def test_yml_feeds_change_too(tmp_path: Path, yml_shop: SampleShop) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(yml_shop.folder, folder, ignore=shutil.ignore_patterns("images"))
    before = hashlib.sha256((folder / "feed.xml").read_bytes()).digest()

    assert change(folder, 0.01, "price") == 1
    assert hashlib.sha256((folder / "feed.xml").read_bytes()).digest() != before
    assert len(feed_of(folder / "feed.xml")) == yml_shop.offers
    assert feed_of(folder / "feed.xml")[5].category == feed_of(yml_shop.feed)[5].category


def test_the_same_seed_changes_the_same(tmp_path: Path, small_shop: SampleShop) -> None:
    shutil.copytree(small_shop.folder, tmp_path / "copy")
    change(small_shop, 0.3, "price", seed=8)
    change(tmp_path / "copy", 0.3, "price", seed=8)

    assert small_shop.feed.read_bytes() == (tmp_path / "copy" / "feed.xml").read_bytes()


@pytest.mark.parametrize(("share", "kind"), [(0.0, "price"), (1.5, "gone"), (0.1, "renamed")])
def test_wrong_changes_are_named(small_shop: SampleShop, share: float, kind: str) -> None:
    with pytest.raises(WrongInput):
        change(small_shop, share, kind)  # type: ignore[arg-type]


@given(st.decimals(min_value=0, max_value=10**8, places=2))
def test_a_cheaper_price_is_another_price(price: Decimal) -> None:
    text = f"{price} EUR"
    changed = cheaper(text)

    assert changed != text and changed.endswith(" EUR")
    assert Decimal(changed.removesuffix(" EUR")) >= 0
