"""A stated number of coverage-guided cases, each night of the tests; more by hand (see fuzz_pictures.py)."""

import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("atheris")

CASES = 4_000
PLANTED_CASES = 60_000
"""By then the planted bug has been found with every seed that was tried, mostly within a fifth of it."""


def fuzz(folder: Path, cases: int, *options: str) -> subprocess.CompletedProcess[str]:
    corpus = folder / "corpus"
    corpus.mkdir()
    script = (
        "import sys; from pathlib import Path; from tests.fuzz import fuzz_pictures as f\n"
        f"for number, body in enumerate(f.seeds()): (Path({str(corpus)!r}) / f'seed-{{number}}').write_bytes(body)\n"
        "f.main()"
    )
    return subprocess.run(
        [sys.executable, "-c", script, str(corpus), f"-atheris_runs={cases}", "-seed=7", "-max_len=2048", "-timeout=10",
         "-rss_limit_mb=2048", f"-artifact_prefix={folder}/", *options],
        capture_output=True, text=True, timeout=300, check=False, cwd=Path(__file__).parents[2],
    )  # fmt: skip


def test_no_crash_no_hang_no_growth(tmp_path: Path) -> None:
    done = fuzz(tmp_path, CASES)
    assert done.returncode == 0, done.stderr[-3000:]
    assert "ERROR" not in done.stderr


def test_the_planted_bug_is_found(tmp_path: Path) -> None:
    done = fuzz(tmp_path, PLANTED_CASES, "--planted")
    assert done.returncode != 0
    assert "Planted" in done.stderr + done.stdout
