"""A house after nights of two months, with a shop that changes; each test gets a copy of it."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.year.house import LongHouse, long_house
from udfs.runtime.models import digest_of

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


def another_embedding(house: LongHouse) -> str:
    """The promoted embedding once more, as another release."""
    models = house.root / "models"
    first = models / "embed" / json.loads((models / "promoted.json").read_text())["embed"]
    said = json.loads((first / "model.json").read_text())
    said["preprocessing"]["trial"] = 1
    said["digest"] = digest_of(said["weights_sha256"], said["preprocessing"], said["numeric_class"])
    folder = first.parent / said["digest"][:12]
    shutil.copytree(first, folder)
    (folder / "model.json").write_text(json.dumps(said))
    return folder.name
