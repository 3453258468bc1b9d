"""The one line about a failed task."""

import logging
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from jobs.task_failure import run_name, task_failure, tell, tell_late

RUN = "scheduled__2026-11-20T01-00-00-00-00"
told: list[str] = []


@pytest.fixture(autouse=True)
def no_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    told.clear()
    for name in ("SELVEDGE_REPORTS", "SELVEDGE_SETTINGS", "SELVEDGE_ON_FAILURE"):
        monkeypatch.delenv(name, raising=False)


def context(said: Any = "publish: refused by canary\n  is 0.9 (exit 3)") -> dict[str, Any]:
    run = SimpleNamespace(run_id="scheduled__2026-11-20T01:00:00+00:00")
    return {"task_instance": SimpleNamespace(task_id="publish"), "dag_run": run, "exception": said and ValueError(said)}


def test_a_name_is_one_that_a_run_may_have() -> None:
    assert run_name("scheduled__2026-11-20T01:00:00+00:00") == RUN


def test_the_line_names_the_reason_the_run_and_the_report(tmp_path: Path) -> None:
    assert task_failure(context(), tmp_path).line == (
        f"selvedge: publish failed: refused by canary is 0.9 (exit 3); run {RUN}; report: `selvedge report` writes it"
    )
    assert "failed: no reason given;" in task_failure(context(None), tmp_path).line


@pytest.mark.parametrize(
    ("settings", "variable", "folder"),
    [
        ("reports: elsewhere\n", None, "elsewhere"),
        ("reports: elsewhere\n", "third", "third"),
        ("lake: here\n", None, "var/reports"),
        ("[", None, "var/reports"),
        (None, None, "var/reports"),
    ],
)
def test_a_report_that_is_there_is_named(
    settings: str | None, variable: str | None, folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if settings is not None:
        (tmp_path / "selvedge.yaml").write_text(settings)
    if variable is not None:
        monkeypatch.setenv("SELVEDGE_REPORTS", variable)
    report = tmp_path / folder / f"{RUN}.html"
    report.parent.mkdir(parents=True)
    report.touch()
    assert task_failure(context(), tmp_path).report == str(report)


def test_it_is_logged_and_handed_to_the_function_of_the_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    line = task_failure(context(), tmp_path).line
    tell(context(), tmp_path)
    assert [(record.levelno, record.getMessage()) for record in caplog.records] == [(logging.ERROR, line)]
    assert told == []
    monkeypatch.setenv("SELVEDGE_ON_FAILURE", f"{__name__}:listen")
    tell(context(), tmp_path)
    assert told == [line]


def test_a_function_that_is_not_there_does_not_hide_the_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("SELVEDGE_ON_FAILURE", "nowhere:listen")
    with pytest.raises(ModuleNotFoundError):
        tell(context(), tmp_path)
    assert "refused by canary" in caplog.text


def test_a_late_night_is_told_in_the_same_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("SELVEDGE_ON_FAILURE", f"{__name__}:listen")
    tell_late({"dag_run": {"dag_run_id": "scheduled__2026-11-20T01:00:00+00:00"}}, str(tmp_path), 12.0)
    assert told == [
        f"selvedge: the night is late: not done 12 h after it was queued; run {RUN}; "
        "report: `selvedge report` writes it"
    ]
    assert told[0] in caplog.text


def listen(failure: Any) -> None:
    told.append(failure.line)
