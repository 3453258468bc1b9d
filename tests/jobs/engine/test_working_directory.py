"""What lies in the folder where a command is typed is no code of ours, whatever its name."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.jobs.lake_of_offers import FIRST, REPOSITORY, Shops
from tests.small_night import SELVEDGE

FOLDERS = ("cli", "desk", "jobs", "lake", "numpy", "pyarrow", "pyspark", "reports", "schemas", "selvedge_searcher",
           "shops", "udfs")  # fmt: skip
MODULES = ("copyreg", "pickle", "queue", "random", "selectors", "socket", "struct", "tempfile")
"""Of Python's library: those that a new process needs before it has been told anything."""


@pytest.fixture
def typed_here(tmp_path: Path) -> Path:
    """A folder in which everything that is imported, and the Spark in the folder above it, leaves its name."""
    folder = tmp_path / "above" / "here"
    for name in FOLDERS:
        (folder / name).mkdir(parents=True)
        _poison(folder / name / "__init__.py", tmp_path)
    for name in MODULES:
        _poison(folder / f"{name}.py", tmp_path)
    spark = folder.parent / "bin" / "spark-submit"
    for place in (spark.parent, folder.parent / "jars"):
        place.mkdir()
    spark.write_text(f"#!/bin/sh\necho spark-submit >>{tmp_path / 'executed'}\nexit 1\n")
    spark.chmod(0o755)
    return folder


def open_shop(root: Path) -> None:
    Shops(root, acme=["http://shop.test/1.jpg", "http://shop.test/2.jpg"])
    shutil.copy(REPOSITORY / "mappings" / "gates.yaml", root / "mappings")


def _poison(file: Path, root: Path) -> None:
    file.write_text(f"with open({str(root / 'executed')!r}, 'a') as told:\n    print(__name__, file=told)\n")


def run(folder: Path, *words: str, **settings: str) -> Any:
    """What a verb typed in `folder` prints as JSON; nothing in the folder may have been executed."""
    root = folder.parents[1]
    places = {"LAKE": root / "lake", "MAPPINGS": root / "mappings", "MODELS": REPOSITORY / "models",
              "REPORTS": root / "reports"}  # fmt: skip
    others = {name: value for name, value in os.environ.items() if name not in ("SPARK_HOME", "PYTHONSAFEPATH")}
    ours = {f"SELVEDGE_{name}": str(value) for name, value in (places | settings).items()}
    command = [SELVEDGE, *words, "--date", str(FIRST), "--json"]
    done = subprocess.run(command, env=others | ours, cwd=folder, capture_output=True, text=True)
    executed = root / "executed"
    assert not executed.exists(), sorted(set(executed.read_text().split()))
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("few_seconds", ["60", pytest.param("0", marks=pytest.mark.spark)], ids=["child", "spark"])
def test_no_worker_imports_what_lies_there(typed_here: Path, few_seconds: str) -> None:
    open_shop(typed_here.parents[1])
    said = run(typed_here, "stage", "classify", SPARK__FEW_SECONDS=few_seconds)
    assert said["stages"]["classify"]["done"] == 2


def test_a_verb_imports_nothing_that_lies_there(typed_here: Path) -> None:
    open_shop(typed_here.parents[1])
    assert {row["stage"]: row["due"] for row in run(typed_here, "plan")}["classify"] == 2
