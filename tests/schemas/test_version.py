"""The digest of the program: its source by name and content, and nothing that a machine makes of it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from schemas.version import ON_WORKERS, program_digest

REPOSITORY = Path(__file__).resolve().parents[2]
ASK = "from schemas.version import program_digest; print(program_digest().hex())"


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("program")
    for package in ON_WORKERS:
        shutil.copytree(REPOSITORY / package, root / package, ignore=shutil.ignore_patterns("__pycache__"))
    return root


def digest_in(root: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-c", ASK], env=os.environ | {"PYTHONPATH": str(root)}, cwd=root, capture_output=True,
        text=True, check=True,
    )  # fmt: skip
    return done.stdout.strip()


def test_another_place_changes_nothing(copy: Path) -> None:
    assert digest_in(copy) == program_digest().hex()


@pytest.mark.parametrize("file", ["udfs/feeds/forms/words.yaml", "schemas/mapping.xsd", "jobs/stages/map.py"])
def test_a_changed_and_a_renamed_file_change_it(copy: Path, file: str) -> None:
    path = copy / file
    before = path.read_bytes()
    path.write_bytes(before + b"\n")
    assert digest_in(copy) != program_digest().hex()
    path.write_bytes(before)
    path.with_name(f"other{path.suffix}").write_bytes(before)
    assert digest_in(copy) != program_digest().hex()
    path.with_name(f"other{path.suffix}").unlink()
