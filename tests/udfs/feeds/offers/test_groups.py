"""Groups of variants in feeds that state none: proposed by a check, taken where the spec says so."""

import pytest

from tests.udfs.feeds.small_feeds import feed, offer, read
from udfs.feeds.offers.groups import Variant, by_id, by_link, by_title


def variant(identity: str, size: str, colour: str, title: str = "Linen shirt", url: str = "") -> str:
    told = f"<param name='Size'>{size}</param><param name='Colour'>{colour}</param><url>{url}</url>"
    return offer(told, identity).replace(f"Coat {identity}", title)


BY_ID = [variant("P1-S-W", "S", "white"), variant("P1-M-W", "M", "white"), variant("P2-M", "M", "red", "Coat")]
BY_LINK = [variant(f"{n}1", size, "white", url=f"http://s.test/shirt?v={n}") for n, size in enumerate(("S", "M"))]
BY_TITLE = [
    variant(f"100{n}", size, "white", f"Linen shirt, white - {size}", f"http://s.test/p/shirt-{n}")
    for n, size in enumerate(("S", "M"))
]


@pytest.mark.parametrize(
    ("offers", "rule", "products"), [(BY_ID, "id", 2), (BY_LINK, "link", 1), (BY_TITLE, "title", 1)]
)
def test_missing_groups_are_proposed_and_taken_by_the_spec(offers: list[str], rule: str, products: int) -> None:
    rows, summary = read(feed(*offers), proposes_groups=True)
    assert summary.proposed_groups is not None
    assert (summary.proposed_groups.by, summary.proposed_groups.groups) == (rule, 1)
    assert summary.products == len(rows)
    rows, summary = read(feed(*offers), groups=rule)
    assert summary.products == products


def test_nothing_is_proposed_where_a_group_is_given_or_offers_differ() -> None:
    given = [one.replace("<url>", "<group_id>g</group_id><url>") for one in BY_ID]
    assert read(feed(*given), proposes_groups=True)[1].proposed_groups is None
    strangers = [variant("P1-S-W", "S", "white"), variant("P1-M-W", "M", "white", "Wool coat")]
    assert read(feed(*strangers), proposes_groups=True)[1].proposed_groups is None
    assert read(feed(*BY_ID))[1].proposed_groups is None


def test_a_group_that_is_given_stays() -> None:
    given = [one.replace("<url>", "<group_id>g</group_id><url>") for one in BY_ID]
    rows, _ = read(feed(*given), groups="id")
    assert {row["product_id"] for row in rows} == {"g:white", "g:red"}


@pytest.mark.parametrize(
    ("identity", "group"),
    [("P1-S-W", "P1"), ("P1-S", "P1"), ("P1/white/S", "P1"), ("P1-NOU", None), ("S", None), ("P1-S-W-W", "P1-S")],
)
def test_an_id_loses_size_and_colour_alone(identity: str, group: str | None) -> None:
    assert by_id(Variant(identity, None, "Shirt", ["S"], "white")) == group


def test_links_and_titles() -> None:
    one = Variant("1", "http://s.test/a/b?x=1#y", "Shirt Sand / 98-104", ["98-104"], "Sand")
    assert (by_link(one), by_title(one)) == ("http://s.test/a/b", "shirt")
    bare = Variant("1", "http://s.test/", "Shirt", [], None)
    assert (by_link(bare), by_title(bare)) == (None, None)
