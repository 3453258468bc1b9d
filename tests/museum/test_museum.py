"""Every exhibit is said exactly its line, in little time and memory; the page in the docs is of now."""

import time

import pytest

from tests.museum.evils import EVILS
from tests.museum.exhibits import PAGE, Exhibit, exhibits, page, said_of

MOST_S = 10
"""Processor seconds: a hundred times what the dearest exhibit takes to refuse."""


@pytest.mark.parametrize("exhibit", exhibits(), ids=lambda exhibit: exhibit.name)
def test_an_exhibit_costs_its_line(exhibit: Exhibit) -> None:
    started = time.process_time()
    assert said_of(exhibit) == exhibit.line
    assert "\n" not in exhibit.line
    assert time.process_time() - started < MOST_S


def test_names_are_used_once_and_every_evil_is_shown() -> None:
    every = exhibits()
    assert len({exhibit.name for exhibit in every}) == len(every)
    assert {exhibit.make for exhibit in every if exhibit.make} == set(EVILS)


def test_the_page_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run `make museum`"
