"""When a failed URL is asked again."""

from datetime import date, timedelta

import pytest

from schemas.rejects import Code
from udfs.web.retry import RETRY_RULES, due_again

NIGHT = date(2026, 1, 10)


def nights_asked(code: Code, nights: int) -> list[int]:
    """In which of the coming nights a URL is asked that fails with the same code each time."""
    asked, attempts, last = [], 1, NIGHT
    for night in range(1, nights):
        tonight = NIGHT + timedelta(days=night)
        if due_again(code, attempts, last, tonight):
            asked.append(night)
            attempts, last = attempts + 1, tonight
    return asked


def test_a_host_that_is_down_is_asked_every_night_for_a_week() -> None:
    assert nights_asked(Code.FETCH_CONNECT, 60) == [1, 2, 3, 4, 5, 6]


def test_a_missing_picture_is_asked_over_days_and_given_up() -> None:
    assert nights_asked(Code.FETCH_404, 60) == [3, 6, 9, 12]


def test_what_cannot_be_mended_is_never_asked_again() -> None:
    assert nights_asked(Code.FETCH_BAD_URL, 60) == []


@pytest.mark.parametrize(
    "code", [code for code in Code if code.startswith(("fetch_", "picture_", "worker_", "internal"))]
)
def test_every_class_of_failure_has_a_rule_and_an_end(code: Code) -> None:
    assert len(nights_asked(code, 400)) == RETRY_RULES[code].max_attempts - 1


@pytest.mark.parametrize("code", list(RETRY_RULES))
def test_never_twice_in_a_night(code: Code) -> None:
    assert not due_again(code, 1, NIGHT, NIGHT) or RETRY_RULES[code].nights == 0
