"""The DAG is wiring only, and a night through it keeps to the exit codes of the command."""

import ast
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from jobs.stage_list import STAGES as STAGE_LIST
from tests.small_night import SELVEDGE, live_version, tiny_shop

FILE = Path(__file__).resolve().parents[2] / "dags" / "catalog_nightly.py"
STAGES = [
    "acquire", "parse", "fetch", "screen", "classify", "map", "fingerprint", "dedup", "detect", "choose", "embed",
    "publish",
]  # fmt: skip
NIGHT = datetime(2026, 11, 20, 1, tzinfo=UTC)
LoadDag = Callable[..., Any]


def run(dag: Any, **asked: Any) -> Any:
    """A whole run in this process, as the database has it at its end."""
    dag.deadline = None  # `test` looks for it in the database, where a scheduler puts it
    return dag.test(run_after=NIGHT, logical_date=NIGHT, run_conf=asked or None)


def states(night: Any) -> dict[str, str]:
    """The state of each task that is not mapped."""
    return {task.task_id: task.state for task in night.get_task_instances() if task.map_index < 0}


def test_every_file_loads(airflow_home: Path) -> None:
    from airflow.dag_processing.dagbag import DagBag

    bag = DagBag(FILE.parent)
    assert bag.import_errors == {}
    assert set(bag.dags) == {"catalog_nightly"}


def test_loads_in_less_than_a_second_and_without_what_computes(airflow_home: Path) -> None:
    code = f"""
import json, runpy, sys, time
import airflow.sdk, airflow.sdk.exceptions, yaml
before, started = set(sys.modules), time.process_time()
runpy.run_path({str(FILE)!r})
print(json.dumps([time.process_time() - started, sorted(set(sys.modules) - before)]))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    seconds, loaded = json.loads(done.stdout.splitlines()[-1])
    assert seconds < 1
    roots = {name.partition(".")[0] for name in loaded}
    assert not roots & {"pyspark", "pandas", "torch", "onnxruntime", "deltalake", "pyarrow", "lake", "udfs", "schemas"}
    ours = {"jobs", "jobs.scheduled", "jobs.stage_list", "jobs.task_failure"}
    assert {name for name in loaded if name.startswith("jobs")} == ours


def test_file_is_short_and_shadows_no_package() -> None:
    assert len(FILE.read_text().splitlines()) < 150
    found = subprocess.run(
        [sys.executable, "-c", f"import importlib.util as u; print(u.find_spec({FILE.stem!r}))"],
        capture_output=True, text=True, check=True, cwd="/",
    )  # fmt: skip
    assert found.stdout.strip() == "None"


def test_page_of_the_dag_is_its_docstring(load_dag: LoadDag) -> None:
    assert load_dag().doc_md == ast.get_docstring(ast.parse(FILE.read_text()), clean=False)


def test_a_stage_waits_for_those_that_it_needs_and_for_no_other(load_dag: LoadDag) -> None:
    tasks = {task.task_id: task for task in load_dag().tasks}
    assert set(tasks) == {"groups", *STAGES}
    for stage in STAGE_LIST:
        groups = {"groups"} if stage.by_retailer else set()
        assert tasks[stage.name].upstream_task_ids == {*stage.needs, *groups}
    beside = [("classify", "fetch"), ("map", "fetch"), ("map", "screen"), ("fingerprint", "screen")]
    for one, other in beside:
        assert other not in tasks[one].get_flat_relative_ids(upstream=True)
        assert one not in tasks[other].get_flat_relative_ids(upstream=True)


def test_groups_of_retailers_run_side_by_side(load_dag: LoadDag) -> None:
    limits = [load_dag().get_task(name).partial_kwargs.get("max_active_tis_per_dagrun") for name in STAGES[:2]]
    assert limits == [None, None]


def test_a_night_runs_every_stage_once(load_dag: LoadDag, recorder: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_VAR_SELVEDGE_RETAILERS_PER_TASK", "2")
    night = run(load_dag())
    assert night.state == "success"
    assert recorder.stages[:4] == ["acquire", "acquire", "parse", "parse"]
    assert sorted(recorder.stages[4:]) == sorted(STAGES[2:])
    groups = [["--retailer", "broken", "--retailer", "one"], ["--retailer", "two"]]
    for both in (recorder.calls[:2], recorder.calls[2:4]):
        assert sorted(call["arguments"][4:] for call in both) == groups
    for call in recorder.calls:
        assert call["arguments"][2:4] == ["--run", "manual__2026-11-20T01-00-00-00-00"]
        assert "--date" not in call["arguments"], "a task of an old run that is cleared judges by today"
        assert call["folder"] == str(FILE.parents[1])
        assert call["group"] != os.getpgid(0)


def test_a_run_may_name_retailers_a_last_stage_and_gates(load_dag: LoadDag, recorder: Any) -> None:
    gates = {"accept": ["two/offer_drop", "one/no_price", "garments_drop"], "reason": "summer is over"}
    assert run(load_dag(), retailers=["two"], **gates).state == "success"
    ends = {call["arguments"][1]: call["arguments"][4:] for call in recorder.calls}
    let_through = {gate: ["--accept", gate, "--reason", "summer is over"] for gate in gates["accept"]}
    assert ends["acquire"] == ["--retailer", "two", *let_through["two/offer_drop"]]
    assert ends["publish"] == let_through["garments_drop"]
    assert ends["parse"] == ["--retailer", "two"]
    assert {*map(tuple, (ends[name] for name in STAGES[2:-1]))} == {()}


def test_a_run_ends_after_the_stage_that_it_was_given(load_dag: LoadDag, recorder: Any) -> None:
    night = run(load_dag(), until="fetch")
    assert night.state == "success"
    assert recorder.stages == STAGES[:3]
    assert {name for name, state in states(night).items() if state == "skipped"} == set(STAGES[3:])


@pytest.mark.parametrize(
    "asked", [{"retailers": ["gone"]}, {"accept": ["canary"]}, {"accept": ["canary"], "reason": " "}]
)
def test_what_cannot_be_done_is_said_before_anything_starts(load_dag: LoadDag, recorder: Any, asked: Any) -> None:
    assert run(load_dag(), **asked).state == "failed"
    assert recorder.stages == []


@pytest.mark.parametrize(
    "asked", [{"until": "nonsense"}, {"retailers": "two"}, {"retailers": ["-x y"]}, {"accept": {"a": 1}}]
)
def test_what_is_no_parameter_starts_no_run(load_dag: LoadDag, asked: Any) -> None:
    from airflow.sdk.exceptions import ParamValidationError

    with pytest.raises(ParamValidationError):
        load_dag().params.update(asked)


def test_a_night_that_is_late_tells(load_dag: LoadDag) -> None:
    (alert,) = load_dag().deadline
    assert alert.interval == timedelta(hours=12)
    assert alert.callback.path == "jobs.task_failure.tell_late"
    assert set(alert.callback.kwargs) == {"home", "hours"}


def test_only_publish_updates_the_asset(load_dag: LoadDag) -> None:
    outlets = {task.task_id: [asset.uri for asset in task.outlets] for task in load_dag().tasks if task.outlets}
    assert outlets == {"publish": ["selvedge://lake/snapshots"]}


def test_a_failed_task_is_tried_again_alone(load_dag: LoadDag, recorder: Any) -> None:
    recorder.ends_with({"detect": [1, 130]})
    night = run(load_dag(retry_delay=timedelta()))
    assert night.state == "success"
    assert sorted(recorder.stages) == sorted([*STAGES, "detect", "detect"])
    assert recorder.stages.index("choose") > max(at for at, name in enumerate(recorder.stages) if name == "detect")


@pytest.mark.parametrize("code", [2, 3])
def test_what_a_person_has_to_mend_is_not_tried_again(load_dag: LoadDag, recorder: Any, code: int) -> None:
    recorder.ends_with({"publish": [code]})
    night = run(load_dag(retry_delay=timedelta()))
    assert night.state == "failed"
    assert sorted(recorder.stages) == sorted(STAGES)
    assert states(night)["publish"] == "failed"


def test_a_task_that_fails_for_good_tells_the_one_line_that_matters(
    load_dag: LoadDag, recorder: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paged = tmp_path / "paged"
    keep = f"with open({str(paged)!r}, 'a') as file: print(failure.line, file=file)"
    (tmp_path / "pager.py").write_text(f"def page(failure):\n    {keep}\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("SELVEDGE_ON_FAILURE", "pager:page")
    recorder.ends_with({"screen": [1], "publish": [3]})
    night = run(load_dag(retry_delay=timedelta()))
    assert night.state == "failed"
    assert paged.read_text().splitlines() == [
        "selvedge: publish failed: publish is being done (exit 3: a gate refused the snapshot); "
        "run manual__2026-11-20T01-00-00-00-00; report: `selvedge report` writes it"
    ], "a task that is retried tells nobody"


def test_a_held_retailer_is_a_success(load_dag: LoadDag, recorder: Any) -> None:
    recorder.ends_with({"publish": [4]})
    night = run(load_dag())
    assert night.state == "success"
    assert recorder.stages[-1] == "publish"


def test_a_stage_that_takes_too_long_is_killed_with_what_it_started(load_dag: LoadDag, tmp_path: Path) -> None:
    from airflow.sdk.exceptions import AirflowTaskTimeout
    from airflow.sdk.execution_time.timeout import timeout

    stage = load_dag().get_task("screen")
    child = tmp_path / "child"
    deaf = f"trap '' TERM; sleep 60 & echo $! > {child}; wait; sleep 60"
    with pytest.raises(AirflowTaskTimeout), timeout(1):
        stage._run(["bash", "-c", deaf])
    stage.on_kill()
    stage.process.wait(5)
    assert stage.process.returncode == -signal.SIGKILL
    assert _ends(int(child.read_text()))


def _ends(process: int) -> bool:
    """Whether a process that may not have been reaped yet is gone, within five seconds."""
    for _ in range(50):
        status = Path(f"/proc/{process}/stat")
        if not status.exists() or status.read_text().rpartition(")")[2].split()[0] == "Z":
            return True
        time.sleep(0.1)
    return False


@pytest.mark.night
@pytest.mark.timeout(1500)
def test_a_whole_night_with_the_real_command(
    load_dag: LoadDag, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SELVEDGE_COMMAND", SELVEDGE)
    with tiny_shop(tmp_path) as shop:
        settings = shop | {"SELVEDGE_LAKE": str(tmp_path / "lake")}
        for name, value in settings.items():
            monkeypatch.setenv(name, value)
        night = run(load_dag(retry_delay=timedelta()))
    assert night.state == "success"
    version = live_version(settings)
    assert version["version"] == 1
    assert version["garments"] > 0
