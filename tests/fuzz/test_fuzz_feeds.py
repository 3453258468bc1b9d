"""A stated number of coverage-guided cases, each night of the tests; more by hand (see fuzz_feeds.py)."""

from pathlib import Path

import pytest

from tests.fuzz.campaign import fuzz

pytest.importorskip("atheris")

CASES = 1_500
PLANTED_CASES = 20_000
"""The planted bug takes some hundred cases."""


def test_no_crash_no_hang_no_growth(tmp_path: Path) -> None:
    done = fuzz(tmp_path, "fuzz_feeds", CASES)
    assert done.returncode == 0, done.stderr[-3000:]
    assert "ERROR" not in done.stderr


def test_the_planted_bug_is_found(tmp_path: Path) -> None:
    done = fuzz(tmp_path, "fuzz_feeds", PLANTED_CASES, "--planted")
    assert done.returncode != 0
    assert "Planted" in done.stderr + done.stdout
