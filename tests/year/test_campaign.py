"""Three days of the simulated year, with all that it writes."""

import sys
from datetime import timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from lake.store import DiskStore
from tests.lake.published import NIGHT, catalog, publish_night
from tests.year.campaign import Day, live, main, monthly_files, table
from tests.year.figure import svg
from tests.year.house import LongHouse

pytestmark = pytest.mark.night


def test_days_are_recorded_also_over_an_interruption(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    words = ["campaign", "--every", "20", "--offers", "8", "--days", "40", "--out", str(tmp_path)]
    with monkeypatch.context() as patched:
        patched.setattr(sys, "argv", words)
        patched.setattr("tests.year.campaign.live", dying_on(20))
        with pytest.raises(KeyboardInterrupt):
            main()
    assert (tmp_path / "house").exists()
    monkeypatch.setattr(sys, "argv", words)
    main()
    assert not (tmp_path / "house").exists()
    rows = [line.split("\t") for line in (tmp_path / "year.tsv").read_text().splitlines()]
    assert [row[0] for row in rows] == ["day", "0", "20"]
    assert all(int(row[1]) > 100_000 and int(row[2]) > 50 for row in rows[1:])
    of_last = [line.split("\t") for line in (tmp_path / "parts.tsv").read_text().splitlines() if line[:3] == "20\t"]
    assert (sum(int(row[2]) for row in of_last), sum(int(row[3]) for row in of_last)) == tuple(map(int, rows[2][1:3]))


def dying_on(last: int) -> Any:
    """`live`, until the campaign is interrupted."""

    def lived(house: LongHouse, day: int, *others: Any) -> Any:
        if day == last:
            raise KeyboardInterrupt
        return live(house, day, *others)

    return lived


def test_what_only_the_versions_of_months_need(tmp_path: Path) -> None:
    store = DiskStore(tmp_path)
    first, second = (publish_night(store, catalog({"aa": size})).manifest for size in (8, 9))
    paths = {entry.path for entry in store.list("")}
    assert monthly_files(store, NIGHT.date(), 2, paths) == set(), "the newest two are kept anyway"
    alone = monthly_files(store, NIGHT.date() + timedelta(days=200), 1, paths)
    of_first, of_second = ({file.path for file in version.files} for version in (first, second))
    assert of_first & of_second, "both have a segment"
    assert alone == (of_first - of_second) | {path for path in paths if path.startswith("snapshots/1/")}


def test_table_and_figure() -> None:
    days = [Day(day, 10_000 * day, 100 + day, 50_000, 10, 2.0, 0.5, 1.5) for day in range(60)]
    assert table(days).splitlines()[2:] == [
        "| 30 | 0.14 | 0.10 | 114 | 104 | 2.0 | 0.5 | 1.5 |", "| 60 | 0.45 | 0.40 | 144 | 134 | 2.0 | 0.5 | 1.5 |",
    ]  # fmt: skip
    assert len(ElementTree.fromstring(svg(days)).findall("{*}polyline")) == 5
