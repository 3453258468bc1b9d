"""Makes a lake with the code of the day, for later code to open: `python -m tests.older.make_lake 1`.

A night over two tiny shops with stand-in models, then `lake-1.tar.gz` (lake, mappings, models, shops), `lake-1.json`
(where the shops must be served, and what the lake held) and `searcher-1.tar.gz` (the search tier's loader of the day).
An archive is made once: what later code cannot do with it is what an upgrade would break. The first commit of each
Delta table says in which folder it was made; that folder is gone, so that every use of the lake is one of a moved lake.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

from lake import snapshots
from lake.store import open_store
from lake.tables import Tables
from schemas.tables import RUNS, STAGE_TABLES
from shops.serve import serving
from tests.older.stand_ins import release_all
from tests.older.tiny_shops import GOOGLE_SHOP, MADE_AT, YML_SHOP, write_shops

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parents[1]
PORT = 18791
"""Feeds and specs hold addresses with the port, so it is the same wherever a lake is opened."""
DATE, LATER = "2026-01-15", "2026-01-16"
"""The night that was, and one after it in which no picture has its turn to be asked for again."""
PARTS = ("lake", "mappings", "models", "shops")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("number", type=int, help="which lake; the first one is 1")
    parser.add_argument("--out", type=Path, default=HERE, help="where the archives go")
    asked = parser.parse_args()
    archive = asked.out / f"lake-{asked.number}.tar.gz"
    if archive.exists():
        raise SystemExit(f"{archive}: is there already, and is never made anew; take the next number")
    with tempfile.TemporaryDirectory(prefix="older-lake-") as folder:
        house = Path(folder)
        _furnish(house)
        _night(house)
        facts = _facts(house)
        _pack(archive, house, PARTS)
    (asked.out / f"lake-{asked.number}.json").write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
    _pack(asked.out / f"searcher-{asked.number}.tar.gz", REPOSITORY / "searcher", ["selvedge_searcher"])
    print(json.dumps(facts, indent=1))


def _furnish(house: Path) -> None:
    """Shops, specs and models, with the taxonomy and the gates of the day."""
    write_shops(house / "shops", house / "mappings", f"http://127.0.0.1:{PORT}")
    for name in ("taxonomy.xml", "gates.yaml", "blocked.tsv"):
        shutil.copy(REPOSITORY / "mappings" / name, house / "mappings")
    release_all(house / "models")


def _night(house: Path) -> None:
    """The real command in a process of its own, under no settings but these."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("SELVEDGE_", "AWS_"))}
    places = {f"SELVEDGE_{name.upper()}": str(house / name) for name in ("lake", "mappings", "models", "reports")}
    path = {"PYTHONPATH": os.pathsep.join([str(REPOSITORY), str(REPOSITORY / "searcher")])}
    command = [sys.executable, "-c", "from cli.main import main; main()", "night", "--date", DATE]
    with serving(house / "shops", port=PORT):
        subprocess.run(command, check=True, env=kept | places | path, cwd=house)


def _facts(house: Path) -> dict[str, Any]:
    """What a test needs to know of the lake beside its bytes."""
    store = open_store(str(house / "lake"))
    tables, live = Tables(store), snapshots.manifest(store, 1)
    rows = {
        table.name: tables.sql(f"select count(*) n from {table.name}", [table])["n"][0].as_py()
        for table in (*STAGE_TABLES, RUNS)
    }
    return {
        "port": PORT,
        "retailers": [GOOGLE_SHOP, YML_SHOP],
        "date": DATE,
        "later": LATER,
        "content_digest": live.content_digest,
        "published": {table: live.rows(table) for table in ("garments", "products", "vectors")},
        "rows": rows,
        "commit": _git("rev-parse", "--short", "HEAD"),
        "made_with": {"python": sys.version.split()[0]} | {name: version(name) for name in ("deltalake", "pyarrow")},
    }


def _git(*words: str) -> str:
    return subprocess.run(["git", *words], cwd=REPOSITORY, check=True, capture_output=True, text=True).stdout.strip()


def _pack(archive: Path, root: Path, parts: tuple[str, ...] | list[str]) -> None:
    """An archive of folders below `root`, without who made it and without compiled files."""

    def plain(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
        if "__pycache__" in member.name:
            return None
        member.uid = member.gid = 0
        member.uname = member.gname = ""
        member.mtime = int(MADE_AT.timestamp())
        return member

    with tarfile.open(archive, "w:gz") as tar:
        for part in parts:
            tar.add(root / part, part, filter=plain)


if __name__ == "__main__":
    main()
