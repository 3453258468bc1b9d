"""A stated number of coverage-guided cases in a process of its own."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def fuzz(folder: Path, module: str, cases: int, *options: str) -> subprocess.CompletedProcess[str]:
    """Run `tests.fuzz.<module>` from its own seeds. All seeds are set, which makes the cases much the same."""
    corpus = folder / "corpus"
    corpus.mkdir()
    script = (
        f"import sys; from pathlib import Path; from tests.fuzz import {module} as f\n"
        f"for number, body in enumerate(f.seeds()): (Path({str(corpus)!r}) / f'seed-{{number}}').write_bytes(body)\n"
        f"getattr(f, 'dictionary', None) and Path({str(folder / 'words')!r}).write_text(f.dictionary())\n"
        f"Path({str(folder / 'words')!r}).exists() and sys.argv.append('-dict=' + {str(folder / 'words')!r})\n"
        "f.main()"
    )
    return subprocess.run(
        [sys.executable, "-c", script, str(corpus), f"-atheris_runs={cases}", "-seed=7", "-max_len=2048", "-timeout=10",
         "-rss_limit_mb=2048", "-len_control=0", f"-artifact_prefix={folder}/", *options],
        capture_output=True, text=True, timeout=300, check=False, cwd=ROOT, env=os.environ | {"PYTHONHASHSEED": "7"},
    )  # fmt: skip
