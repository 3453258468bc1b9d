"""What stands before the first offer, and what stands behind the last."""

from datetime import UTC, datetime

import pytest

from tests.udfs.feeds.small_feeds import OFFER, TAIL, feed, offer, read
from udfs.feeds.markup.head import parse_date
from udfs.feeds.repairs import Repair

CATEGORIES = (
    "<categories><category id='1'>Clothes &amp; more</category>"
    "<category id='2' parentId='1'>Coats</category></categories>"
)
IN_TWO = offer("<categoryId>2</categoryId>").replace("<currencyId>USD</currencyId>", "")


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-20 10:00", datetime(2026, 11, 20, 10, tzinfo=UTC)),
        ("2026-11-20T10:00:30+03:00", datetime(2026, 11, 20, 7, 0, 30, tzinfo=UTC)),
        ("Fri, 20 Nov 2026 10:00:00 GMT", datetime(2026, 11, 20, 10, tzinfo=UTC)),
        ("20.11.2026 10:00", datetime(2026, 11, 20, 10, tzinfo=UTC)),
        ("made on 2026/11/20", datetime(2026, 11, 20, tzinfo=UTC)),
        ("2026-13-45", None), ("99999-99-99", None), ("yesterday", None), ("", None), (None, None),
        ("0001-01-01T00:00:00+14:00", None), ("9999-12-31T23:59:59-14:00", None),
    ],
)  # fmt: skip
def test_dates(text: str | None, moment: datetime | None) -> None:
    assert parse_date(text) == moment


def test_categories_currency_and_date_are_read() -> None:
    head = (
        f"<yml_catalog date='2026-11-20 10:00'><shop><currencies><currency id='RUR'/></currencies>{CATEGORIES}<offers>"
    )
    (row,), summary = read(feed(IN_TWO, head=head))
    assert row["category_path"] == ["Clothes & more", "Coats"]
    assert row["category_ids"] == ["1", "2"]
    assert row["currency"] == "RUB"
    assert summary.made_at == datetime(2026, 11, 20, 10, tzinfo=UTC)


def test_categories_behind_the_offers_are_read_too() -> None:
    (row,), summary = read(feed(IN_TWO, tail=f"</offers>{CATEGORIES}</shop></yml_catalog>"))
    assert row["category_ids"] == ["1", "2"]
    assert summary.repairs[Repair.LATE_CATEGORIES] == 1


def test_an_orphan_is_counted_for_each_offer() -> None:
    head = f"<yml_catalog><shop>{CATEGORIES}<offers>"
    rows, summary = read(feed(*(offer("<categoryId>9</categoryId>", str(n)) for n in range(3)), head=head))
    assert [row["category_ids"] for row in rows] == [["9"]] * 3
    assert summary.repairs[Repair.ORPHAN_CATEGORY] == 3


@pytest.mark.parametrize(
    ("before", "repair"),
    [
        ("This XML file does not appear to have any style information\n", Repair.TEXT_BEFORE_XML),
        ("<br />\n<?xml version='1.0'?>", Repair.LATE_DECLARATION),
        ("\n <?xml version='1.0'?>", None),
        ("<!-- made by hand --><?xml version='1.0'?>", Repair.LATE_DECLARATION),
    ],
)
def test_what_stands_before_the_feed(before: str, repair: Repair | None) -> None:
    rows, summary = read(before.encode() + feed(OFFER.format(1)))
    assert [row["offer_id"] for row in rows] == ["1"]
    assert set(summary.repairs) == ({repair} if repair else set())


def test_a_head_that_is_cut_off_is_counted() -> None:
    rows, summary = read("".join(OFFER.format(n) + "\n" for n in range(3)).encode() + TAIL.encode())
    assert summary.repairs[Repair.HEAD_CUT_OFF] == 1
    assert [row["offer_id"] for row in rows] == ["0", "1", "2"]
