"""An Airflow of its own for the tests of this folder, and a `selvedge` that records how it was called."""

import json
import os
import stat
import sys
import textwrap
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]

FAKE = """\
    #!{python}
    import json, os, sys
    from pathlib import Path

    calls = Path({calls!r})
    stage = sys.argv[2]
    before = [json.loads(line)["arguments"] for line in calls.read_text().splitlines()] if calls.exists() else []
    tried = sum(arguments[1] == stage for arguments in before)
    with calls.open("a") as file:
        file.write(json.dumps({{"arguments": sys.argv[1:], "folder": os.getcwd(), "group": os.getpgid(0)}}) + "\\n")
    print(f"{{stage}} is being done")
    codes = json.loads(Path({codes!r}).read_text()).get(stage, [])
    sys.exit(codes[tried] if tried < len(codes) else 0)
"""


class Recorder:
    """A stand-in for the command: writes down each call, and ends with the codes that a test asks for."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "selvedge"
        self._calls, self._codes = folder / "calls.jsonl", folder / "codes.json"
        self.ends_with({})
        text = textwrap.dedent(FAKE).format(python=sys.executable, calls=str(self._calls), codes=str(self._codes))
        self.path.write_text(text)
        self.path.chmod(self.path.stat().st_mode | stat.S_IXUSR)

    def ends_with(self, codes: dict[str, list[int]]) -> None:
        """Exit codes of a stage's first calls; 0 after them."""
        self._codes.write_text(json.dumps(codes))

    @property
    def calls(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self._calls.read_text().splitlines()] if self._calls.exists() else []

    @property
    def stages(self) -> list[str]:
        return [call["arguments"][1] for call in self.calls]


@pytest.fixture(scope="session")
def airflow_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A fresh Airflow on SQLite. Its settings are read once a process, so they are set before it is imported."""
    home = tmp_path_factory.mktemp("airflow")
    settings = {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(REPOSITORY / "dags"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__UNIT_TEST_MODE": "False",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home}/airflow.db",
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(home / "logs"),
    }
    before = {name: os.environ.get(name) for name in settings}
    os.environ.update(settings)
    from airflow.utils.db import initdb

    initdb()
    yield home
    for name, value in before.items():
        if value is None:
            del os.environ[name]
        else:
            os.environ[name] = value


@pytest.fixture
def recorder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Recorder:
    """The recording command, over a mappings folder with three retailers of which one is off."""
    found = Recorder(tmp_path)
    for name, enabled in {"one": True, "two": True, "gone": False, "_draft": True}.items():
        spec = tmp_path / "mappings" / name / "retailer.yaml"
        spec.parent.mkdir(parents=True)
        spec.write_text(f"enabled: {str(enabled).lower()}\nlanguage: en\nfeed: {{url: 'http://127.0.0.1/'}}\n")
    (tmp_path / "mappings" / "broken").mkdir()
    (tmp_path / "mappings" / "broken" / "retailer.yaml").write_text("enabled: [")
    monkeypatch.setenv("SELVEDGE_COMMAND", str(found.path))
    monkeypatch.setenv("SELVEDGE_MAPPINGS", str(tmp_path / "mappings"))
    return found


@pytest.fixture
def load_dag(airflow_home: Path) -> Callable[..., Any]:
    """Reads the DAG anew: it takes the command and the mappings folder from the environment of now."""
    from airflow.dag_processing.dagbag import DagBag

    def load(retry_delay: timedelta | None = None) -> Any:
        dag = DagBag(REPOSITORY / "dags").dags["catalog_nightly"]
        for task in dag.tasks if retry_delay is not None else ():
            if hasattr(task, "partial_kwargs"):
                task.partial_kwargs["retry_delay"] = retry_delay
            else:
                task.retry_delay = retry_delay
        return dag

    return load
