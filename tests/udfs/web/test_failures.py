"""Errors of the network as codes."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pycurl
import pytest

from schemas.rejects import Code
from udfs.web.failures import of_curl, of_status, retry_after_seconds


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, Code.FETCH_4XX), (401, Code.FETCH_4XX), (403, Code.FETCH_403), (404, Code.FETCH_404),
        (410, Code.FETCH_404), (429, Code.FETCH_429), (451, Code.FETCH_4XX), (500, Code.FETCH_5XX),
        (503, Code.FETCH_5XX), (599, Code.FETCH_5XX), (204, Code.FETCH_TYPE), (206, Code.FETCH_TYPE),
    ],
)  # fmt: skip
def test_statuses(status: int, code: Code) -> None:
    failure = of_status(status, None, "http://shop/")
    assert (failure.code, failure.http_status) == (code, status)
    assert str(status) in failure.detail


def test_retry_after_in_seconds_or_as_a_date() -> None:
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True)
    assert retry_after_seconds("120") == 120
    assert retry_after_seconds(soon) == pytest.approx(90, abs=2)
    assert retry_after_seconds("Wed, 21 Oct 2015 07:28:00 GMT") == 0
    assert retry_after_seconds("9" * 400) == 999_999_999


@pytest.mark.parametrize("header", [None, "", "soon", "-3", "1.5", "Wed, 99 Foo 2015"])
def test_retry_after_that_says_nothing(header: str | None) -> None:
    assert retry_after_seconds(header) is None


@pytest.mark.parametrize(
    ("number", "code"),
    [(6, Code.FETCH_DNS), (7, Code.FETCH_CONNECT), (28, Code.FETCH_TIMEOUT), (35, Code.FETCH_TLS), (60, Code.FETCH_TLS),
     (18, Code.FETCH_CUT_OFF), (1, Code.FETCH_5XX), (3, Code.FETCH_BAD_URL), (27, Code.INTERNAL)],
)  # fmt: skip
def test_errors_of_curl(number: int, code: Code) -> None:
    failure = of_curl(pycurl.error(number, "what curl\nsays"), "http://shop.example/a")
    assert failure.code is code
    assert failure.detail.startswith("shop.example: ")
    assert "\n" not in failure.detail


def test_a_connection_that_ends_within_an_answer_cut_it_off() -> None:
    failure = of_curl(pycurl.error(56, "reset"), "http://shop.example/a", 200)
    assert (failure.code, failure.http_status, failure.final_url) == (Code.FETCH_CUT_OFF, 200, "http://shop.example/a")
