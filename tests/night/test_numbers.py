"""The numbers and the log that a night writes for machines, however it ends."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from jobs.stage_list import STAGE_NAMES
from schemas.tables import OFFERS, RUNS
from tests.night.conftest import ATELIER, LANE
from tests.night.house import DATE, GATES, Ended, House

pytestmark = pytest.mark.night


def samples(folder: Path, file: str = "selvedge.prom") -> dict[str, float]:
    """Values by name with labels."""
    lines = [line for line in (folder / file).read_text().splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder for the numbers of a night whose files are otherwise nobody else's."""
    before = os.umask(0o077)
    yield tmp_path / "textfile"
    os.umask(before)


def log(ended: Ended) -> list[dict[str, Any]]:
    return [json.loads(line) for line in ended.err.splitlines()]


def label(name: str, **labels: str) -> str:
    said = ",".join(f'{key}="{value}"' for key, value in labels.items())
    return f"selvedge_{name}{{{said}}}"


def told(found: dict[str, float], name: str) -> float:
    """The sum of a metric over its labels."""
    return sum(value for key, value in found.items() if key.startswith(f"selvedge_{name}{{"))


def test_a_run_writes_its_numbers_whether_it_is_refused_or_publishes(new_house: House, folder: Path) -> None:
    gates = GATES | {"whole_index": GATES["whole_index"] | {"first_version": {"garments": 900, "products": 1}}}
    (new_house.mappings / "gates.yaml").write_text(json.dumps(gates))
    refused = new_house.night("--log-json", "--run", "first", METRICS__FOLDER=str(folder))
    assert refused.code == 3
    found = samples(folder)
    assert found["selvedge_run_exit_code"] == 3
    assert found[label("gate_passed", gate="first_garments")] == 0
    assert found[label("gate_bound", gate="first_garments")] == 900
    assert found[label("stage_rows", stage="publish", result="done")] == 0
    assert "selvedge_snapshot_version" not in found
    assert {file.name for file in folder.iterdir()} == {"selvedge.prom"}, "nothing was published"
    lines = log(refused)
    assert {line["run"] for line in lines} == {"first"}
    last = lines.pop()
    assert (last["level"], last["stage"]) == ("error", "publish")
    assert last["message"].startswith("refused by first_garments is ")
    assert [line["stage"] for line in lines] == list(STAGE_NAMES[:-1])

    words = ["--accept", "first_garments", "--reason", "small", "--run", "first", "--date", DATE, "--json"]
    published = new_house.selvedge("publish", *words, METRICS__FOLDER=str(folder))
    assert published.code == 0
    found = samples(folder)
    assert (found["selvedge_run_exit_code"], found["selvedge_snapshot_version"]) == (0, 1)
    assert found[label("gate_passed", gate="first_garments")] == 1
    assert told(found, "snapshot_garments") == published.json["garments"]
    rows = new_house.rows("select * from runs where run = 'first' and due > 0", RUNS)
    assert len(rows) == len(STAGE_NAMES), "all stages of the run, though another process ran them"
    for row in rows:
        stage = row["stage"]
        assert found[label("stage_due_rows", stage=stage)] == row["due"]
        for result in ("done", "rejected", "pending"):
            assert found[label("stage_rows", stage=stage, result=result)] == row[result]
        assert found[label("stage_duration_seconds", stage=stage)] == row["seconds"]
    for retailer in (ATELIER, LANE):
        assert found[label("retailer_held", retailer=retailer)] == 0
        assert found[label("feed_bytes", retailer=retailer)] == new_house.shops.feed(retailer).stat().st_size
        assert found[label("gate_passed", gate="no_price", retailer=retailer)] == 1
        assert found[label("live_rows", stage="fetch", retailer=retailer, result="pending")] == 0
        offers = new_house.rows(
            f"select status, count(*) n from offers where retailer = '{retailer}' group by status", OFFERS
        )
        for row in offers:
            assert found[label("live_rows", stage="parse", retailer=retailer, result=row["status"])] == row["n"] > 0
    assert told(found, "lake_bytes") == sum(f.stat().st_size for f in new_house.lake.rglob("*") if f.is_file())
    assert samples(folder, "selvedge_success.prom") == {
        "selvedge_last_success_timestamp_seconds": found["selvedge_run_end_timestamp_seconds"]
    }
    assert all(file.stat().st_mode & 0o777 == 0o644 for file in folder.iterdir()), "the exporter is another user"


def test_a_night_that_does_not_start_writes_its_numbers_too(house: House, folder: Path) -> None:
    """What can be told without the specs is told, and the last line still says what is wrong."""
    folder.mkdir()
    (folder / "selvedge_success.prom").write_text("as it was")
    (house.mappings / "taxonomy.xml").write_text("<taxonomy")
    ended = house.night("--log-json", METRICS__FOLDER=str(folder))
    found = samples(folder)
    assert ended.code == found["selvedge_run_exit_code"] == 2
    assert found["selvedge_snapshot_version"] == 1
    assert told(found, "lake_bytes") > 0
    assert told(found, "retailer_held") == 0
    first, last = log(ended)
    assert first["message"].startswith("selvedge.prom: lacks retailers, files, live_rows, gates (")
    assert (last["level"], "taxonomy.xml:1" in last["message"]) == ("error", True)
    assert (folder / "selvedge_success.prom").read_text() == "as it was"


def test_numbers_that_cannot_be_written_do_not_change_how_a_night_ends(house: House, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    ended = house.selvedge("night", "--date", DATE, METRICS__FOLDER=str(tmp_path / "file"))
    assert ended.code == 0
    assert "selvedge.prom: not written: " in ended.err


def test_a_held_retailer_is_a_warning_with_its_name(house: House, folder: Path) -> None:
    house.shops.feed(LANE).write_text("<html>gone</html>")
    ended = house.night("--log-json", METRICS__FOLDER=str(folder))
    found = samples(folder)
    assert ended.code == found["selvedge_run_exit_code"] == 4
    assert found[label("retailer_held", retailer=LANE)] == 1
    assert [line["retailer"] for line in log(ended) if line["level"] == "warning" and "retailer" in line] == [LANE]
    assert (folder / "selvedge_success.prom").exists()
