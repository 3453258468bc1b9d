"""A house after nights of two months, with a shop that changes; each test gets a copy of it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.year.house import LongHouse, long_house

DAYS = (0, 1, 24, 50, 55)
"""Nights; offers of the first two are forgotten at the end, those of the third are not where a month is kept."""


@pytest.fixture(scope="session")
def two_months(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LongHouse]:
    """Nothing may change this house."""
    with long_house(tmp_path_factory.mktemp("long") / "house", offers=20, changed_ratio=0.4) as house:
        for day in DAYS:
            ended = house.night_of(day)
            assert ended.code == 0, ended.err or ended.text
        house.shop.next_night()  # tonight's feed, the same for every copy
        yield house


@pytest.fixture
def house(two_months: LongHouse, tmp_path: Path) -> LongHouse:
    return two_months.copy(tmp_path / "copy")
