"""Change the code a little, thousands of times, and see whether a test notices: `python -m tests.mutation.campaign`.

Every mutant is tried in a copy of the working tree, in a process of its own, by the tests that `modules.yaml` names for
its module. One that no test notices has survived; `accepted.tsv` keeps the survivors that may, each with its reason.
Ends with code 1 where another survives in a module that is tried whole.
"""

import argparse
import csv
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from queue import SimpleQueue

import yaml

from tests.mutation.mutants import Mutant, mutants_of

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
LINKED = ("models/",)
"""Large folders that no mutant changes."""

SLOWER = 4
"""A mutant may take so many times as long as the unchanged module, and `PATIENCE_S` more; then it has hung."""
PATIENCE_S = 15

KILLED, SURVIVED, TIMEOUT = "killed", "survived", "timeout"


@dataclass(frozen=True)
class Module:
    """A module and the tests that have to notice a change in it."""

    path: str
    tests: Sequence[str]
    options: Sequence[str] = ()
    whole: bool = False
    but: Sequence[str] = ()  # functions that other tests look at

    def mutants(self, tree: Path) -> list[Mutant]:
        found = mutants_of((tree / self.path).read_text(encoding="utf-8"))
        return [mutant for mutant in found if mutant.function not in self.but]


@dataclass
class Result:
    """What became of a module's mutants."""

    module: Module
    mutants: int
    ends: list[tuple[Mutant, str]] = field(default_factory=list)

    def count(self, end: str) -> int:
        return sum(found == end for _, found in self.ends)

    @property
    def survivors(self) -> list[Mutant]:
        return [mutant for mutant, end in self.ends if end == SURVIVED]


class Copy:
    """A copy of the working tree in which one mutant at a time stands in its module's place."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        listed = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=ROOT, check=True, capture_output=True, text=True,
        ).stdout  # fmt: skip
        for name in listed.rstrip("\0").split("\0"):
            if not name.startswith(LINKED) and (ROOT / name).is_file():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, folder / name)
        for name in LINKED:
            (folder / name.rstrip("/")).symlink_to(ROOT / name)
        subprocess.run([sys.executable, "-m", "compileall", "-q", "."], cwd=folder, check=True)

    def end(self, module: Module, text: str | None, seconds: float) -> str:
        """How the module's tests end with another text in its place; None: its own."""
        path = self.folder / module.path
        before = path.read_text(encoding="utf-8")
        path.write_text(before if text is None else text, encoding="utf-8")
        for compiled in (path.parent / "__pycache__").glob(f"{path.stem}.*"):
            compiled.unlink()  # Python tells by seconds and length whether it is out of date
        try:
            return self._tested(module, seconds)
        finally:
            path.write_text(before, encoding="utf-8")

    def _tested(self, module: Module, seconds: float) -> str:
        command = [
            sys.executable, "-m", "pytest", "-q", "-x", "--no-header", "-p", "no:cacheprovider", "-p", "pytest_timeout",
            "-p", "_hypothesis_pytestplugin", "--hypothesis-seed=0", "-p", "tests.mutation.unshrunk",
            *module.options, *module.tests,
        ]  # fmt: skip
        variables = os.environ | {
            "PYTHONPATH": f"{self.folder}:{self.folder / 'searcher'}", "PYTHONDONTWRITEBYTECODE": "1",
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "TMPDIR": str(self.folder / "tmp"),
        }  # fmt: skip
        shutil.rmtree(self.folder / "tmp", ignore_errors=True)
        (self.folder / "tmp").mkdir()
        process = subprocess.Popen(
            command, cwd=self.folder, env=variables, start_new_session=True,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            return SURVIVED if process.wait(seconds) == 0 else KILLED
        except subprocess.TimeoutExpired:
            return TIMEOUT
        finally:
            _end_group(process)


def _end_group(process: subprocess.Popen[bytes]) -> None:
    """End a test run with all that it started."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


class Campaign:
    """Mutants of many modules, each tried once."""

    def __init__(self, copies: Sequence[Copy], options: argparse.Namespace) -> None:
        self.copies, self.seed, self.per_module = copies, options.seed, options.per_module
        self.until = time.monotonic() + 60 * options.minutes
        self.again = set(options.again.read_text(encoding="utf-8").splitlines()) if options.again else None
        self.free: SimpleQueue[Copy] = SimpleQueue()
        for copy in copies:
            self.free.put(copy)

    def run(self, module: Module) -> Result:
        """Raises SystemExit where the unchanged module fails its tests."""
        mutants = module.mutants(self.copies[0].folder)  # it stays as it was when the campaign began
        result = Result(module, len(mutants))
        chosen = self._chosen(module, mutants)
        if not (module.tests and chosen):
            result.ends = [(mutant, SURVIVED) for mutant in chosen]
            return result
        began = time.monotonic()
        if self.copies[0].end(module, None, 600) != SURVIVED:
            raise SystemExit(f"{module.path}: its tests fail before anything is changed")
        seconds = SLOWER * (time.monotonic() - began) + PATIENCE_S
        with ThreadPoolExecutor(len(self.copies)) as pool:
            result.ends += [end for end in pool.map(lambda mutant: self._try(module, mutant, seconds), chosen) if end]
        return result

    def _chosen(self, module: Module, mutants: list[Mutant]) -> list[Mutant]:
        """All of a module that is tried whole, a sample of another; or those that survived before."""
        if self.again is not None:
            return [mutant for mutant in mutants if _row(module, mutant) in self.again]
        if module.whole or len(mutants) <= self.per_module:
            return mutants
        drawn = random.Random(f"{self.seed} {module.path}").sample(range(len(mutants)), self.per_module)
        return [mutants[at] for at in sorted(drawn)]

    def _try(self, module: Module, mutant: Mutant, seconds: float) -> tuple[Mutant, str] | None:
        """None where the campaign's time is up."""
        if time.monotonic() > self.until:
            return None
        copy = self.free.get()
        try:
            return mutant, copy.end(module, mutant.text, seconds)
        finally:
            self.free.put(copy)


def _row(module: Module, mutant: Mutant) -> str:
    """How a survivor stands in a file."""
    return "\t".join((module.path, *mutant.name))


def modules(only: Sequence[str]) -> Iterator[Module]:
    """The table's modules whose path begins with one of `only`; all where it is empty."""
    table = yaml.safe_load((HERE / "modules.yaml").read_text(encoding="utf-8"))
    for path, said in table.items():
        if not only or path.startswith(tuple(only)):
            yield Module(path, **said)


def accepted_survivors() -> dict[tuple[str, str, str, str], str]:
    """Module, function, old and new text of each mutant that may survive -> why."""
    with (HERE / "accepted.tsv").open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        return {(row["module"], row["function"], row["old"], row["new"]): row["reason"] for row in rows}


def main() -> int:
    """Print a line a module as it is done, and every survivor that no reason is kept for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("only", nargs="*", help="modules or folders; all where left out")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--per-module", type=int, default=60, help="mutants of a module that is not tried whole")
    parser.add_argument("--minutes", type=float, default=600, help="no mutant is begun after them")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--survivors", type=Path, help="file to write every survivor into, accepted or not")
    parser.add_argument("--again", type=Path, help="such a file: only those are tried")
    options = parser.parse_args()
    accepted, unexplained, survivors = accepted_survivors(), 0, []
    print("module", "mutants", "tried", "killed", "survived", "timeout", "accepted", sep="\t", flush=True)
    with tempfile.TemporaryDirectory(prefix="mutation-") as folder:
        copies = [Copy(Path(folder, str(number))) for number in range(options.workers)]
        campaign = Campaign(copies, options)
        for module in modules(options.only):
            result = campaign.run(module)
            new = [m for m in result.survivors if (module.path, *m.name) not in accepted]
            counts = [result.count(end) for end in (KILLED, SURVIVED, TIMEOUT)]
            known = counts[1] - len(new)
            print(module.path, result.mutants, len(result.ends), *counts, known, sep="\t", flush=True)
            for mutant in new:
                print(f"  {module.path}:{mutant.line} {mutant.function}: {mutant.brief}", flush=True)
            survivors += [_row(module, mutant) for mutant in result.survivors]
            unexplained += len(new) if module.whole else 0
    if options.survivors:
        options.survivors.write_text("".join(f"{line}\n" for line in survivors), encoding="utf-8")
    return 1 if unexplained else 0


if __name__ == "__main__":
    sys.exit(main())
