"""A whole small house for a test: its own lake, mappings and reports beside shops that all tests of a session share."""

import io
import json
import os
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any
from unittest import mock

import yaml

from cli.main import main
from jobs.engine.night import Night
from jobs.engine.progress import Progress
from lake import snapshots
from lake.store import Store, open_store
from lake.tables import Tables
from schemas.manifest import Manifest
from schemas.settings import Settings
from schemas.table import Table
from schemas.tables import STAGE_TABLES

REPOSITORY = Path(__file__).resolve().parents[2]
DATE = "2026-01-15"
"""Every night of a test is this one, unless it says otherwise: long ago, so that asking the clock shows at once."""

COMMAND = (sys.executable, "-c", "from cli.main import main; main()")


@dataclass(frozen=True)
class Ended:
    """How a command ended, and what it said."""

    code: int
    out: bytes
    err: str

    @property
    def text(self) -> str:
        return self.out.decode()

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass(frozen=True)
class Shops:
    """Shops that are served on loopback, with a copy of each feed as it was drawn."""

    folder: Path
    drawn: Path
    url: str
    seen: Counter[str]  # answers of the server by path
    retailers: tuple[str, ...]

    def reset(self) -> None:
        """Every feed as it was drawn, and no request counted."""
        for retailer in self.retailers:
            for part in ("feed.xml", "truth"):
                _replace(self.drawn / retailer / part, self.folder / retailer / part)
        self.seen.clear()

    def feed(self, retailer: str) -> Path:
        return self.folder / retailer / "feed.xml"

    @property
    def pictures_asked(self) -> int:
        return sum(count for path, count in self.seen.items() if "/images/" in path)


@dataclass(frozen=True)
class House:
    """Where one test's nights happen."""

    root: Path
    shops: Shops

    @property
    def lake(self) -> Path:
        return self.root / "lake"

    @property
    def mappings(self) -> Path:
        return self.root / "mappings"

    @property
    def store(self) -> Store:
        return open_store(str(self.lake))

    @property
    def tables(self) -> Tables:
        return Tables(self.store)

    @property
    def environment(self) -> dict[str, str]:
        places = {"lake": self.lake, "mappings": self.mappings, "reports": self.root / "reports",
                  "models": REPOSITORY / "models", "settings": self.root / "selvedge.yaml"}  # fmt: skip
        return {f"SELVEDGE_{name.upper()}": str(place) for name, place in places.items()}

    def selvedge(self, *words: str, **settings: str) -> Ended:
        """Run a verb in this process, as the command does. `settings` are variables less their SELVEDGE_."""
        variables = self.environment | {f"SELVEDGE_{name}": value for name, value in settings.items()}
        out, err = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True), io.StringIO()
        handler = signal.getsignal(signal.SIGTERM)
        try:
            with (
                mock.patch.dict(os.environ, variables),
                mock.patch.object(sys, "argv", ["selvedge", *words]),
                redirect_stdout(out),
                redirect_stderr(err),
            ):
                main()
        except SystemExit as end:
            return Ended(int(end.code or 0), out.buffer.getvalue(), err.getvalue())
        finally:
            signal.signal(signal.SIGTERM, handler)
        raise AssertionError("the command came back without an exit code")

    def night(self, *words: str, **settings: str) -> Ended:
        return self.selvedge("night", "--json", "--date", DATE, *words, **settings)

    def as_night(self, models: Path = REPOSITORY / "models") -> Night:
        """What a command sees of the lake."""
        settings = Settings(lake=str(self.lake), mappings=self.mappings, models=models)
        return Night(settings, "test", date.fromisoformat(DATE), Progress(quiet=True))

    def start(self, *words: str, **settings: str) -> subprocess.Popen[bytes]:
        """Start a verb as a process in a group of its own."""
        variables = os.environ | self.environment | {f"SELVEDGE_{name}": value for name, value in settings.items()}
        pipe = subprocess.PIPE
        return subprocess.Popen(
            [*COMMAND, *words], env=variables, cwd=REPOSITORY, stdout=pipe, stderr=pipe, start_new_session=True
        )

    def manifest(self, version: int | None = None) -> Manifest:
        """A published version; the live one where it is left out."""
        live = version or snapshots.current(self.store)
        assert live is not None, "nothing has been published"
        return snapshots.manifest(self.store, live)

    def rows(self, query: str, *tables: Table) -> list[dict[str, Any]]:
        return self.tables.sql(query, tables).to_pylist()

    def table_versions(self) -> dict[str, int]:
        return {table.name: self.tables.open(table).version() for table in STAGE_TABLES}

    def edit_spec(self, retailer: str, **changes: Any) -> None:
        path = self.mappings / retailer / "retailer.yaml"
        path.write_text(json.dumps(yaml.safe_load(path.read_text()) | changes))


def furnish(root: Path, shops: Shops, retailers: Iterable[str]) -> House:
    """A house with no lake yet: specs and taxonomy, and gates that bind in a shop of a dozen offers."""
    house = House(root, shops)
    for retailer in retailers:
        folder = house.mappings / retailer
        folder.mkdir(parents=True)
        shutil.copy(shops.folder / retailer / "retailer.yaml", folder)
        drop = {"percent": 30, "absolute": 1}
        house.edit_spec(retailer, gates={"offer_drop": drop, "size_drop": {"percent": 50, "absolute": 10_000}})
    shutil.copy(REPOSITORY / "mappings" / "taxonomy.xml", house.mappings)
    (house.mappings / "gates.yaml").write_text(json.dumps(GATES))  # YAML, and without its aliases
    (house.root / "selvedge.yaml").touch()
    return house


_DROP = {"percent": 40, "absolute": 2}
_LOOSE_SHIFT = {"points": 100, "absolute": 1000}
GATES = {
    "whole_index": {
        "garments_drop": {"percent": 60, "absolute": 2},
        "products_drop": {"percent": 60, "absolute": 2},
        "category_shift": _LOOSE_SHIFT,
        "first_version": {"garments": 1, "products": 1},
    },
    "retailer": {
        "garments_drop": _DROP, "products_drop": _DROP, "category_shift": _LOOSE_SHIFT, "coverage_drop": 100,
    },
}  # fmt: skip


def double_keys(house: House) -> dict[str, int]:
    """Keys that a stage's table holds more than once under one function, by table."""
    found = {}
    for table in STAGE_TABLES:
        keys = ", ".join([*table.key, "function"])
        query = f"select count(*) n from (select {keys} from {table.name} group by {keys} having count(*) > 1)"
        if count := house.rows(query, table)[0]["n"]:
            found[table.name] = count
    return found


def _replace(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(source, target)
    else:
        shutil.copy2(source, target)
