"""A run's clock."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from jobs.engine.night import Night
from jobs.engine.progress import Progress
from schemas.settings import Settings


@pytest.mark.parametrize("began_ago", [timedelta(minutes=1), timedelta(hours=23)])
def test_the_clock_goes_on_past_midnight(tmp_path: Path, began_ago: timedelta) -> None:
    began = datetime.now(UTC) - began_ago
    night = Night(Settings(lake=str(tmp_path)), "run", date(2026, 3, 1), Progress(), began=began)
    start = datetime.combine(date(2026, 3, 1), began.timetz())
    assert timedelta() <= night.now() - start - began_ago < timedelta(seconds=5)
