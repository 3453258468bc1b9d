"""How a night ends for whoever called it: exit codes, one line, and nothing started where the input is wrong."""

import errno
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from cli.context import open_night
from jobs.engine.models import release_folder
from lake.lease import lease
from lake.store import DiskStore
from schemas.errors import WrongInput
from tests.night.conftest import LANE
from tests.night.house import REPOSITORY, Ended, House

pytestmark = pytest.mark.night


def own_settings(text: str) -> Any:
    return lambda house: (house.root / "selvedge.yaml").write_text(text)


WRONG = {
    "gates are no YAML": (lambda house: (house.mappings / "gates.yaml").write_text("{"), "gates.yaml:"),
    "blocked has no such kind": (
        lambda house: (house.mappings / "blocked.tsv").write_text(
            "kind\tvalue\treason\tdate\tinitials\ncolour\tred\tno\t2026-11-21\tAB\n"
        ),
        "blocked.tsv:2",
    ),
    "taxonomy is no XML": (lambda house: (house.mappings / "taxonomy.xml").write_text("<taxonomy"), "taxonomy.xml:1"),
    "a setting is unknown": (own_settings("choice:\n  wantd: 0.5\n"), "selvedge.yaml:2"),
    "a setting is out of range": (own_settings("choice:\n  wanted: 7\n"), "selvedge.yaml:2"),
}  # fmt: skip


def one_line(ended: Ended) -> str:
    """The line that a person reads; nothing else may stand on standard error."""
    (line,) = ended.err.splitlines()
    assert line.startswith("selvedge: ")
    return line


@pytest.mark.parametrize("wrong", WRONG)
def test_wrong_input_is_said_with_file_and_line_and_nothing_starts(wrong: str, house: House) -> None:
    write, place = WRONG[wrong]
    before = house.table_versions()
    write(house)
    ended = house.night()
    assert ended.code == 2
    assert place in one_line(ended)
    assert house.table_versions() == before
    assert not house.shops.seen


@pytest.mark.parametrize(
    "words", [["--until", "nonsense"], ["--retailer", "nobody"], ["--date", "yesterday"], ["--date", "9999-01-01"]]
)
def test_a_wrong_flag(words: list[str], house: House) -> None:
    ended = house.selvedge("night", *words)
    assert ended.code == 2
    assert words[1] in ended.err


def test_weights_that_are_not_the_promoted_ones(new_house: House, tmp_path: Path) -> None:
    models = tmp_path / "models"
    shutil.copytree(REPOSITORY / "models", models)
    weights = release_folder("screen", models) / "model.onnx"
    body = bytearray(weights.read_bytes())
    body[len(body) // 2] ^= 1
    weights.write_bytes(body)
    ended = new_house.night(MODELS=str(models))
    assert ended.code == 2
    assert str(weights) in one_line(ended)
    assert not new_house.shops.seen


def test_a_stage_says_which_shop_is_held_and_why(house: House) -> None:
    house.shops.feed(LANE).write_text("<html>gone</html>")
    ended = house.selvedge("night", "--until", "acquire")
    assert ended.code == 0
    assert [line for line in ended.text.splitlines() if line.startswith(f"held     {LANE}: ")]
    as_json = house.selvedge("stage", "parse", "--json").json
    assert as_json["retailers"][LANE]["status"] == "held"
    assert (as_json["snapshot"], as_json["published"]) == (1, False)


def test_a_mistyped_gate_is_not_passed_over(house: House) -> None:
    ended = house.selvedge("publish", "--accept", "garment_drop", "--reason", "?")
    assert ended.code == 2
    assert "garments_drop" in one_line(ended)


def test_a_second_night_says_who_holds_the_lake(house: House) -> None:
    with lease(house.store, "the-first", 60):
        ended = house.night()
    assert ended.code == 1
    assert "the-first" in one_line(ended)


def test_a_second_night_of_the_same_run_does_not_enter(house: House) -> None:
    with lease(house.store, "the-same", 60):
        ended = house.night("--run", "the-same")
    assert ended.code == 1
    assert "held by run the-same" in one_line(ended)


def test_a_date_may_be_a_day_ahead_and_no_more() -> None:
    today = datetime.now(UTC).date()
    assert open_night(today=f"{today + timedelta(days=1)}").today == today + timedelta(days=1)
    with pytest.raises(WrongInput, match=f"is in the future .today is {today} UTC."):
        open_night(today=f"{today + timedelta(days=2)}")


def test_a_full_disk_ends_the_night_with_the_last_snapshot_live(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    live, write = house.manifest(), DiskStore.open_output
    house.edit_spec(LANE, category_order=["text", "mapping", "image"])

    def full(self: DiskStore, path: str) -> Any:
        if path.startswith("tables/garments/"):
            raise OSError(errno.ENOSPC, "No space left on device", path)
        return write(self, path)

    monkeypatch.setattr(DiskStore, "open_output", full)
    ended = house.night()
    assert ended.code == 1
    assert "the disk is full" in one_line(ended)
    assert house.manifest() == live
    monkeypatch.undo()
    assert house.night().code == 0
