"""Errors of the network as codes."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from schemas.rejects import Code
from udfs.web.failures import of_error, of_status, retry_after_seconds


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
    ("error", "code"),
    [
        (TimeoutError(), Code.FETCH_TIMEOUT),
        (ConnectionResetError("gone"), Code.FETCH_CONNECT),
        (UnicodeError("label too long"), Code.FETCH_BAD_URL),
        (ValueError("bad"), Code.FETCH_BAD_URL),
        (KeyError("x"), Code.INTERNAL),
    ],
)
def test_errors(error: Exception, code: Code) -> None:
    failure = of_error(error, "shop.example")
    assert failure.code is code
    assert "\n" not in failure.detail
