"""Feeds with variants and pairs, sound or broken, say the same read by blocks and offer by offer."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.udfs.feeds.small_feeds import read
from udfs.feeds.markup.stream import OfferStream
from udfs.feeds.summary import FeedSummary

FORMS = {
    "nested": "<variants><variant><size>{size}</size><colour>{colour}</colour><price>{price}</price></variant>"
    "<variant><size>XL</size><price>7</price></variant></variants>",
    "flat": "<variants><variant_title>{size} / {colour}</variant_title><variant_price>{price}</variant_price>"
    "</variants><variants><variant_title>XL / {colour}</variant_title><variant_price>7</variant_price></variants>",
    "stock": "<sizes><size stock='{price}'>{size}</size><size stock='0'>XL</size></sizes>",
    "numbered": "<attribute_1_name>Size</attribute_1_name><attribute_1_value>{size}</attribute_1_value>"
    "<attribute_2_name>Colour</attribute_2_name><attribute_2_value>{colour}</attribute_2_value>",
    "attributes": "<attribute name='Size' value='{size}'/><attribute name='Colour' value='{colour}'/>",
    "either": "<param><name>Size</name><val>{size}</val></param>"
    "<param><name>Colour</name><value>{colour}</value></param>",
}
OFFER = (
    "<item><id>{id}</id><title>Coat {id}</title><price>{price} EUR</price>"
    "<image>http://s.test/{id}.jpg</image>{inside}</item>\n"
)
SIZES = st.sampled_from(["M", "38", "", "-", "98-104", "M&amp;L", "<![CDATA[S]]>", "<!-- none -->"])
COLOURS = st.sampled_from(["red", "Weiß", "", "&#233;cru", "n/a", " blue\n"])
PRICES = st.sampled_from(["9", "0", "", "12,50", "ask us"])
PIECES = st.sampled_from([
    "<variants>", "</variants>", "</variant>", "<variant/>", "<size>S</size>", "<size", "</size>", "<attribute/>",
    "<attribute_3_value>x</attribute_3_value>", "<param>", "</param>", "<val>L</val>", "<name>Size</name>",
    "</item>", "<item>", "&", "&nbsp;", "<![CDATA[", "]]>", "<!--", "-->", "<b>", "\r\n", "\x0b", "é",
])  # fmt: skip


@st.composite
def offers(draw: st.DrawFn) -> str:
    """The offers of one feed, all of one or two forms."""
    forms = draw(st.lists(st.sampled_from(sorted(FORMS)), min_size=1, max_size=2, unique=True))
    found = []
    for number in range(draw(st.integers(2, 5))):
        words = {"size": draw(SIZES), "colour": draw(COLOURS), "price": draw(PRICES)}
        inside = "".join(FORMS[form].format(**words) for form in forms)
        found.append(OFFER.format(id=f"k{number}", inside=inside, price=words["price"]))
    return "".join(found)


def both(body: bytes) -> tuple[tuple[list[dict[str, Any]], FeedSummary], ...]:
    """What is read of a feed block by block, and offer by offer."""
    by_block = read(body)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(OfferStream, "_block", lambda self, block: None)
        return by_block, read(body)


@settings(max_examples=40)
@given(offers(), st.lists(st.tuples(st.integers(0, 2_000), PIECES), max_size=3))
def test_both_ways_give_the_same_rows_and_lose_no_offer(inside: str, damages: list[tuple[int, str]]) -> None:
    text = f"<products>{inside}</products>"
    for at, piece in damages:
        text = text[: at % len(text)] + piece + text[at % len(text) :]
    (rows, summary), (other_rows, other_summary) = both(text.encode())
    assert rows == other_rows
    assert (summary.code, summary.offers) == (other_summary.code, other_summary.offers)
    assert summary.offers == len(rows) == summary.done + sum(summary.rejects.values())


@pytest.mark.parametrize("form", sorted(FORMS))
def test_a_form_gives_its_sizes_either_way(form: str) -> None:
    inside = FORMS[form].format(size="M", colour="red", price="9")
    body = f"<products>{''.join(OFFER.format(id=f'k{n}', inside=inside, price=9) for n in range(3))}</products>"
    for rows, _ in both(body.encode()):
        assert [row["sizes"][0] for row in rows] == ["M"] * 3
