"""Offers cut out of a stream of bytes, whole, broken and hostile; none is lost."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.rejects import Code
from tests.udfs.feeds.small_feeds import HEAD, OFFER, TAIL, feed, offer, read
from udfs.feeds.forms.element_names import Names
from udfs.feeds.markup.cut import BLOCK_BYTES, OfferTag
from udfs.feeds.markup.stream import OfferStream
from udfs.feeds.options import FeedOptions
from udfs.feeds.repairs import Repair, Repairs


def lines_of(body: bytes, size: int) -> tuple[list[int], bool]:
    stream = OfferStream(OfferTag(b"offer", b"yml_catalog"), Names(), FeedOptions(), Repairs())
    chunks = (body[at : at + size] for at in range(0, len(body), size))
    lines = [line for reads in stream.read(b"", 0, chunks) for line in reads.lines]
    return lines, stream.complete


@given(st.integers(1, 3_000), st.integers(0, 40))
def test_the_size_of_chunks_changes_nothing(size: int, count: int) -> None:
    body = feed(*(offer("<description>a\nb</description>", str(n)) for n in range(count)))
    assert lines_of(body, size) == ([1 + 2 * n for n in range(count)], True)


def test_many_blocks_keep_count_of_lines() -> None:
    count = 12 * BLOCK_BYTES // len(OFFER)
    rows, summary = read(feed(*(OFFER.format(n) for n in range(count))))
    assert [row["line"] for row in rows] == list(range(1, count + 1))
    assert [row["position"] for row in rows] == list(range(count))
    assert (summary.offers, summary.products, summary.status) == (count, count, "accepted")


BROKEN = [
    ("<name>A & B</name>", Repair.RAW_AMPERSAND, None),
    ("<x:y>1</x:y>", Repair.UNDECLARED_PREFIX, None),
    ("<description>a<br>b<p>c</description>", Repair.RAW_HTML, None),
    ("<a><b></a></b>", Repair.MARKUP_RECOVERED, None),
    ("<a x='1' x='2'/>", Repair.MARKUP_RECOVERED, None),
    ("<!-- <offer> -->", None, None),
    ("<description><![CDATA[</offer><offer id='9'>]]></description>", None, None),
]


@pytest.mark.parametrize(("inside", "repair", "code"), BROKEN)
@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_broken_offer_is_mended_alone(inside: str, repair: Repair | None, code: Code | None, place: int) -> None:
    offers = [OFFER.format(n) for n in range(3)]
    offers[place] = offer(inside, str(place))
    rows, summary = read(feed(*offers))
    assert [(row["offer_id"], row["line"], row["code"]) for row in rows] == [
        (str(n), n + 1, code if n == place else None) for n in range(3)
    ]
    assert (repair is None and not summary.repairs) or summary.repairs[repair]  # type: ignore[index]


def test_an_offer_without_an_end_tag_ends_where_the_next_begins() -> None:
    rows, summary = read(feed(OFFER.format(0).removesuffix("</offer>"), OFFER.format(1), OFFER.format(2)))
    assert [row["offer_id"] for row in rows] == ["0", "1", "2"]
    assert summary.repairs[Repair.UNCLOSED_OFFER] == 1


def test_a_stray_end_tag_is_passed_over() -> None:
    rows, summary = read(feed(OFFER.format(0), "</offer>", OFFER.format(1)))
    assert [row["offer_id"] for row in rows] == ["0", "1"]
    assert summary.repairs[Repair.STRAY_END_TAG] == 1


@pytest.mark.parametrize("ends", [True, False])
@pytest.mark.parametrize("size", [1_200_000, 5_000_000])
def test_an_offer_that_is_too_large_costs_itself_alone(ends: bool, size: int) -> None:
    large = offer(f"<description>{'x' * size}</description>", "L")
    rows, _ = read(feed(OFFER.format(0), large if ends else large.removesuffix("</offer>"), OFFER.format(2)))
    assert [row["code"] for row in rows] == [None, Code.OFFER_TOO_LARGE, None]
    assert rows[1]["detail"] == "line 2: the offer has more than 1,048,576 bytes; the shop has to shorten it"
    assert rows[2]["offer_id"] == "2"


def test_what_breaks_off_is_rejected_and_the_feed_refused() -> None:
    body = feed(*(OFFER.format(n) for n in range(3)))
    for at in range(body.index(b"<offer id='2'"), len(body) - 1):
        rows, summary = read(body[:at])
        assert summary.code is Code.FEED_CUT_OFF
        assert [row["offer_id"] for row in rows[:2]] == ["0", "1"]
        assert summary.offers == len(rows) == summary.done + sum(summary.rejects.values())


def test_offers_that_are_start_tags_alone() -> None:
    body = b"<goods>" + b"".join(
        b'<item id="%d" title="Coat" image="http://s.test/a.jpg" price="1"/>\n' % n for n in range(4_000)
    )
    rows, _ = read(body + b"</goods>")
    assert [row["offer_id"] for row in rows] == [str(n) for n in range(4_000)]
    assert [row["line"] for row in rows] == list(range(1, 4_001))


def test_start_tags_over_several_lines_give_the_line_they_begin_in() -> None:
    wide = OFFER.replace("<offer id", "<offer\n  type='x'\n  id")
    rows, _ = read(feed(*(wide.format(n) for n in range(3))))
    assert [row["line"] for row in rows] == [1, 4, 7]


PIECES = st.lists(
    st.sampled_from(
        [OFFER.format(1), "</offer>", "<offer", "<offer>", "<!--", "-->", "<![CDATA[", "]]>", "&", "<", "\n", "x"]
    ),
    max_size=14,
)


@settings(max_examples=80)
@given(PIECES, st.sampled_from([TAIL, ""]))
def test_pieces_in_any_order_lose_no_offer(pieces: list[str], tail: str) -> None:
    rows, summary = read((HEAD + OFFER.format(0) + "".join(pieces) + tail).encode())
    assert summary.offers == len(rows) == summary.done + sum(summary.rejects.values())
    assert all(
        row["status"] in ("done", "rejected") and (row["code"] is None) == (row["status"] == "done") for row in rows
    )
    assert all(one["line"] <= other["line"] for one, other in itertools.pairwise(rows))
