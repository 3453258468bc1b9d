"""A stated number of coverage-guided cases, each night of the tests; more by hand (see fuzz_pictures.py)."""

from pathlib import Path

import pytest

from tests.fuzz.campaign import fuzz

pytest.importorskip("atheris")

CASES = 4_000
PLANTED_CASES = 400_000
"""The planted bug ends the search: ten campaigns took 168 to 66,000 cases, and one seed did not take the same twice."""


def test_no_crash_no_hang_no_growth(tmp_path: Path) -> None:
    done = fuzz(tmp_path, "fuzz_pictures", CASES)
    assert done.returncode == 0, done.stderr[-3000:]
    assert "ERROR" not in done.stderr


def test_the_planted_bug_is_found(tmp_path: Path) -> None:
    done = fuzz(tmp_path, "fuzz_pictures", PLANTED_CASES, "--planted")
    assert done.returncode != 0
    assert "Planted" in done.stderr + done.stdout
