"""Three days of the simulated year, with all that it writes."""

import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.year.campaign import Day, main, table
from tests.year.figure import svg

pytestmark = pytest.mark.night


def test_days_are_recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["campaign", "--days", "3", "--offers", "8", "--out", str(tmp_path)])
    main()
    rows = [line.split("\t") for line in (tmp_path / "year.tsv").read_text().splitlines()]
    assert [row[0] for row in rows] == ["day", "0", "1", "2"]
    assert all(int(row[1]) > 100_000 and int(row[2]) > 50 for row in rows[1:])


def test_table_and_figure() -> None:
    days = [Day(day, 1_000_000 + day, 100, 2.0, 0.5) for day in range(60)]
    assert table(days).splitlines()[2:] == ["| 30 | 1.00 | 100 | 2.0 | 0.5 |", "| 60 | 1.00 | 100 | 2.0 | 0.5 |"]
    assert len(ElementTree.fromstring(svg(days)).findall("{*}polyline")) == 3
