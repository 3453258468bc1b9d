"""Fingerprint, screen and detect in one opening of a picture: the rows of the stages apart."""

import hashlib
import io
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from PIL import Image

from jobs.engine.night import Night
from jobs.engine.progress import Progress
from jobs.engine.stage import Counts, Query, Stage, run_stage
from jobs.live import memory, touched
from jobs.live.settled import Question
from jobs.stage_list import STAGE_NAMES
from jobs.stages import detect, fingerprint, record, screen
from lake.shards import ShardWriter
from lake.store import open_store
from schemas.settings import ChoiceSettings, Settings
from schemas.table import DONE, REJECTED
from schemas.tables import BOXES, FINGERPRINTS, SCREENS
from tests.jobs.engine.test_stage_rule import InPlace
from tests.udfs.pictures.promoted import pictures
from udfs.runtime.shared_layers import Following

RULES = {"screen": screen.RULE, "fingerprint": fingerprint.RULE, "detect": detect.RULE}
SIZES = ((700, 900), (300, 420), (1300, 1290), (90, 60))
"""Opened for the three functions at scales that are all apart, the same for two, and the same for all."""


class Local(InPlace):
    """Workers on this machine, in this process."""

    is_local = True


def bodies() -> list[bytes]:
    found = []
    for at, (size, pixels) in enumerate(zip(SIZES, pictures(), strict=False)):
        target = io.BytesIO()
        Image.fromarray(pixels).resize(size).save(target, "PNG" if at == 1 else "JPEG")
        found.append(target.getvalue())
    return [*found, found[0][: len(found[0]) // 2] + b"\xff\xd9"]


def night_over(lake: Path, wanted: float) -> Night:
    settings = Settings(lake=str(lake), choice=ChoiceSettings(wanted=wanted), spark={"few_seconds": 0})
    night = Night(settings, "run", date(2026, 1, 1), Progress(quiet=True))
    night.spark = Local()  # type: ignore[assignment]
    return night


def stored(lake: Path) -> pa.Table:
    with ShardWriter(open_store(str(lake)), 1 << 24) as shards:
        digests = [hashlib.sha256(body).digest() for body in bodies()]
        places = [shards.add(digest, body, "image/jpeg", {}) for digest, body in zip(digests, bodies(), strict=True)]
    return pa.Table.from_pylist([
        {"picture": digest} | vars(place) for digest, place in zip(digests, places, strict=True)
    ])  # fmt: skip


def run(night: Night, rows: pa.Table, *groups: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
    """Each group of stages in one pass, the first with the others beside it; what the tables hold then."""
    for name, *others in groups:
        beside = tuple(replace(RULES[other].tonight(night), needed=rows) for other in others)
        needed = rows if name != "detect" else wanted_of(night, rows)
        run_stage(night.bench, replace(RULES[name].tonight(night), needed=needed, beside=beside))
    return {
        table.name: night.tables.sql(f"select * from {table.name} order by picture", [table]).to_pylist()
        for table in (SCREENS, FINGERPRINTS, BOXES)
    }


def wanted_of(night: Night, rows: pa.Table) -> pa.Table:
    query = Query(f"select picture from screens where status = 'done' and wanted >= {night.settings.choice.wanted}",
                  (SCREENS,))  # fmt: skip
    keys = night.tables.sql(query.sql, query.tables)
    return rows.join(keys, "picture", join_type="left semi")


@pytest.fixture(scope="module")
def apart(tmp_path_factory: pytest.TempPathFactory) -> tuple[float, dict[str, list[dict[str, Any]]]]:
    """A bound that about half of the pictures pass, and the rows of the stages one after the other."""
    lake = tmp_path_factory.mktemp("apart")
    rows = stored(lake)
    scores = sorted(row["wanted"] for row in run(night_over(lake, 0), rows, ["screen"])["screens"] if row["wanted"])
    bound = scores[len(scores) // 2]
    return bound, run(night_over(lake, bound), rows, ["fingerprint"], ["detect"])


def test_one_pass_gives_the_rows_of_the_stages_apart(
    apart: tuple[float, dict[str, list[dict[str, Any]]]], tmp_path: Path
) -> None:
    bound, expected = apart
    night, rows = night_over(tmp_path, bound), stored(tmp_path)
    found = run(night, rows, ["screen", "fingerprint", "detect"])
    assert found == expected
    assert [len(found[name]) for name in ("screens", "fingerprints", "boxes")] == [5, 5, 2]
    assert {row["status"] for row in found["screens"]} == {DONE, REJECTED}
    assert run(night, rows, ["fingerprint"], ["detect"]) == expected, "nothing was due any more"
    assert isinstance(night.model_source("detect").load().session, Following), "on the layers that the filter ran"


def test_a_new_detector_looks_alone(
    apart: tuple[float, dict[str, list[dict[str, Any]]]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    night, rows = night_over(tmp_path, apart[0]), stored(tmp_path)
    first = run(night, rows, ["screen", "fingerprint", "detect"])
    other = replace(RULES["detect"], function=lambda night: b"d" * 32)
    monkeypatch.setitem(RULES, "detect", other)
    asked = night.spark.asked  # type: ignore[attr-defined]
    asked.clear()
    second = run(night, rows, ["screen", "fingerprint", "detect"], ["detect"])
    assert [rows for rows, _ in asked] == [2], "the boxes alone are due, and are made by their own stage"
    assert (second["screens"], second["fingerprints"]) == (first["screens"], first["fingerprints"])
    assert [row["boxes"] for row in second["boxes"] if row["function"] == b"d" * 32] == [
        row["boxes"] for row in first["boxes"]
    ]


@pytest.mark.parametrize(
    ("stages", "beside"),
    [(("screen",), []), (("screen", "detect"), ["detect"]), (STAGE_NAMES, ["fingerprint", "detect"])],
)
def test_only_stages_that_the_run_comes_to_are_looked_after(
    stages: tuple[str, ...], beside: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Stage] = []
    night = night_over(tmp_path, 0.5)
    night.stages = stages
    made = {name: Counts(due=3, done=2, rejected=1, elsewhere=4.0) for name in beside}
    monkeypatch.setattr(memory, "is_settled", lambda *_: False)
    monkeypatch.setattr(memory, "asked_now", lambda *_: Question(b"", b""))
    monkeypatch.setattr(touched, "ASKS", {})
    monkeypatch.setattr(record, "run_stage", lambda _, stage: asked.append(stage) or Counts(beside=made))
    screen.RULE.run(night)
    assert [stage.name for stage in asked[0].beside] == beside
    monkeypatch.setattr(record, "run_stage", lambda *_: Counts(due=1, done=1, complete=True))
    counts = detect.RULE.run(night)
    ours = made.get("detect", Counts())
    assert (counts.due, counts.done, counts.rejected, counts.elsewhere) == (
        1 + ours.due, 1 + ours.done, ours.rejected, ours.elsewhere,
    )  # fmt: skip
    assert detect.RULE.run(night).due == 1, "they are counted once"
