"""What goes with rows that turn out to be wrong, because no key of it says what they said."""

from pathlib import Path

import pyarrow as pa
import pytest

from jobs.live.catalog import Catalog
from jobs.live.derived import choices_by_picture, choices_by_text, groups_of
from jobs.live.functions import duplicates_function
from lake.vacuum.rows import Keep, plan_rewrite
from schemas.tables import DUPLICATES
from tests.jobs.stages.publishing import Index

TEXT = b"t" * 32


@pytest.fixture
def index(tmp_path: Path) -> Index:
    return Index(tmp_path, atelier=8, lane=4)


def gone(index: Index, keeps: list[Keep]) -> int:
    """Rows that go."""
    return sum(plan_rewrite(index.night().tables, keep, any_dead=True).rows for keep in keeps)


def test_choices_go_with_the_pictures_and_texts_that_they_were_made_from(index: Index) -> None:
    index.deliver("lane", dict.fromkeys(range(4), "hat"), text_key=TEXT)
    night = index.ready()
    shown = Catalog.of(night).pictures["picture"].combine_chunks()
    assert gone(index, choices_by_picture(night, shown[:3])) == 3
    assert gone(index, choices_by_picture(night, pa.array([b"?" * 32]))) == 0
    assert gone(index, choices_by_text(night, pa.array([TEXT]))) == 4
    assert gone(index, choices_by_text(night, pa.array([b"?" * 32]))) == 0


def test_groups_go_with_the_fingerprints_that_they_were_made_from(index: Index) -> None:
    function = duplicates_function(index.ready())
    index.write(DUPLICATES, [
        {"pictures_key": picture, "retailer": "lane", "picture": picture, "medoid": medoid, "bits": 0, "status": "done",
         "function": function} for picture, medoid in ((b"a" * 32, None), (b"b" * 32, b"a" * 32), (b"c" * 32, None))
    ])  # fmt: skip
    night = index.night()
    assert gone(index, groups_of(night, pa.array([b"b" * 32]))) == 1
    assert gone(index, groups_of(night, pa.array([b"a" * 32]))) == 2, "those around it are to be placed anew"
    assert gone(index, groups_of(night, pa.array([b"?" * 32]))) == 0
