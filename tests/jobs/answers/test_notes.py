"""What a person should know of a night."""

from datetime import UTC, datetime
from pathlib import Path

from jobs.answers.notes import notes
from lake.snapshots import HOLD
from schemas.manifest import Hold
from tests.jobs.lake_of_offers import Shops


def test_a_pointer_that_somebody_holds_is_said_each_night(tmp_path: Path) -> None:
    night = Shops(tmp_path, shop=[]).night()
    assert notes(night) == []
    held = Hold(version=3, who="ann", why="wrong prices", since=datetime(2026, 1, 9, 8, 30, tzinfo=UTC))
    night.store.write(HOLD, held.model_dump_json().encode())
    assert notes(night) == [
        "version 3 is held by ann since 2026-01-09 08:30: wrong prices; `selvedge live VERSION` ends the hold"
    ]
