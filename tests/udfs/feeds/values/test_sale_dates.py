"""The nights of a sale price, as shops write them."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from udfs.feeds.values.sale_dates import nights_of

NOV_27, NOV_28, NOV_30 = date(2026, 11, 27), date(2026, 11, 28), date(2026, 11, 30)


@pytest.mark.parametrize(
    ("dates", "first", "last"),
    [
        ("2026-11-27T00:00+0100/2026-11-30T23:59+0100", NOV_27, NOV_30),
        ("2026-11-27T00:00:00-08:00/2026-12-01T00:00:00-08:00", NOV_27, NOV_30),
        ("2026-11-27T00:00+0900 / 2026-12-01T00:00+0900", NOV_27, NOV_30),
        ("2026-11-27T09:00Z/2026-11-30T09:00Z", NOV_28, NOV_30),
        ("2026-11-27/2026-11-30", NOV_27, NOV_30),
        ("2026-11-27 00:00 - 2026-11-30 23:59:59", NOV_27, NOV_30),
        ("2026-11-27T0000+0100/2026-11-30T2359+0100", NOV_27, NOV_30),
        ("27.11.2026 - 30.11.2026", NOV_27, NOV_30),
        ("11/27/2026 to 11/30/2026", NOV_27, NOV_30),
        ("2026-11-27T00:00+01:00/", NOV_27, None),
        ("2026-11-27", NOV_27, None),
        ("/2026-11-30T23:59+01:00", None, NOV_30),
    ],
)  # fmt: skip
def test_an_interval(dates: str, first: date | None, last: date | None) -> None:
    assert nights_of(dates, "", "") == (first, last)


def test_a_beginning_and_an_end_apart() -> None:
    assert nights_of("", "2026-11-27", "2026-11-30") == (NOV_27, NOV_30)
    assert nights_of("", "11/27/2026", "") == (NOV_27, None)
    assert nights_of("", "27/11/2026", "30/11/2026 00:00") == (NOV_27, date(2026, 11, 29))
    assert nights_of("", "", "30.11.2026") == (None, NOV_30)
    assert nights_of("", "1795734000", "1796079599") == (NOV_27, NOV_30)  # midnights of Berlin, as WordPress keeps them


@pytest.mark.parametrize(
    "dates",
    ["", "all winter", "0000-00-00/0000-00-00", "2026-13-01/2026-14-01", "9999-12-31T10:00/", "/0001-01-01T00:00"],
)
def test_what_is_no_date_is_no_interval(dates: str) -> None:
    assert nights_of(dates, "", "") is None


def test_an_end_that_is_no_date_is_no_open_end() -> None:
    assert nights_of("", "2026-11-27", "soon") is None


@given(st.text(max_size=60), st.text(max_size=30), st.text(max_size=30))
def test_any_text_is_nights_or_none(dates: str, begins: str, ends: str) -> None:
    found = nights_of(dates, begins, ends)
    assert found is None or any(found)
