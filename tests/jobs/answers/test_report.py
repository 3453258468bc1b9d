"""What the page of a run says of itself."""

from datetime import UTC, datetime
from pathlib import Path

from jobs.answers.report import night_of
from jobs.engine.records import of_run, record
from jobs.engine.stage import Counts
from tests.jobs.lake_of_offers import FIRST, Shops


def test_a_page_that_is_written_again_is_still_of_its_own_night(tmp_path: Path) -> None:
    night = Shops(tmp_path).night()
    yesterday = datetime(2026, 1, 9, 23, 50, tzinfo=UTC)
    record(night.tables, "yesterday", "acquire", Counts(started_at=yesterday.timestamp()), "done")
    record(night.tables, night.run, "acquire", Counts(started_at=yesterday.timestamp()), "done")
    assert night_of(night, "yesterday", of_run(night.tables, "yesterday")) == "2026-01-09"
    assert night_of(night, night.run, of_run(night.tables, night.run)) == FIRST.isoformat(), "what --date gave it"
