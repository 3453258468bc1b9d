"""Shards against `pictures`: every picture that a row names must be there, byte for byte."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from lake.doctor.finding import Finding, Kind, Lake, set_aside
from lake.shards import FOLDER, PictureLost, Place, read_picture
from lake.store import Store
from lake.tables import literal, one_of
from lake.vacuum.rows import Keep, drop
from schemas.errors import DamagedLake, WrongInput
from schemas.rejects import Code
from schemas.table import DONE, Table
from schemas.tables import BOXES, FINGERPRINTS, PICTURES, SCREENS, VECTORS

LOOKED = (SCREENS, FINGERPRINTS, BOXES, VECTORS)
"""Tables of stages that read pictures."""
READERS = 4
COST = "they are fetched anew; one that its shop has no longer cannot be had again"
OF_A_SHARD = f"code = {literal(str(Code.INTERNAL))} and detail like '{FOLDER}/%'"
"""Rejects of pictures whose bytes were lost when they were looked at."""

Rows = list[dict[str, Any]]


def check(lake: Lake, deep: bool) -> list[Finding]:
    """Shards that are missing or cut; `deep` also reads every picture. A damaged table is for another round."""
    try:
        by_shard = _by_shard(lake, None if deep else _faulty(lake))
        rejected = {table: _rejected(lake, table) for table in LOOKED} if deep else {}
    except (DamagedLake, WrongInput):
        return []
    found = [
        Finding(Kind.SHARD, f"{FOLDER}/{shard}", f"{fault} ({len(lost)} of {len(by_shard[shard])} pictures)", COST)
        for shard, fault, lost in _lost(lake.store, by_shard, deep)
    ]
    found += [
        Finding(Kind.ROWS, f"tables/{table.name}", f"{count} rows say that a picture was lost",
                "they are made again", stops=False)
        for table, count in rejected.items() if count
    ]  # fmt: skip
    return found


def _faulty(lake: Lake) -> list[str]:
    """The shards that are missing or cut; no picture's own row is read."""
    query = f"""
        select shard, max("offset" + length) reach from {PICTURES.name} where status = '{DONE}' group by shard"""  # noqa: S608
    sizes, rows = _sizes(lake.store), lake.tables.sql(query, [PICTURES]).to_pylist()
    return [row["shard"] for row in rows if row["reach"] > sizes.get(row["shard"], -1)]


def _sizes(store: Store) -> dict[str, int]:
    """Bytes of each shard that is there."""
    return {entry.path.removeprefix(f"{FOLDER}/"): entry.bytes for entry in store.list(FOLDER)}


def _by_shard(lake: Lake, shards: list[str] | None = None) -> dict[str, Rows]:
    """The pictures of some shards, or of all."""
    if shards == []:
        return {}
    named = f"and {one_of('shard', shards)}" if shards else ""
    query = f"select picture, shard, \"offset\", length from {PICTURES.name} where status = '{DONE}' {named}"  # noqa: S608
    found: dict[str, Rows] = defaultdict(list)
    for row in lake.tables.sql(query, [PICTURES]).to_pylist():
        found[row["shard"]].append(row)
    return found


def _rejected(lake: Lake, table: Table) -> int:
    query = f"select count(*) n from {table.name} where {OF_A_SHARD}"  # noqa: S608
    return int(lake.tables.sql(query, [table])["n"][0].as_py())


def _lost(store: Store, by_shard: dict[str, Rows], deep: bool) -> Iterator[tuple[str, str, Rows]]:
    """Shard, what is wrong with it, and the rows of its pictures that are lost."""
    sizes = _sizes(store)
    for shard, rows in sorted(by_shard.items()):
        if shard not in sizes:
            yield shard, "is missing", rows
            continue
        beyond = [row for row in rows if row["offset"] + row["length"] > sizes[shard]]
        if deep:
            with ThreadPoolExecutor(READERS) as pool:
                whole = list(pool.map(partial(_is_whole, store), rows))
            lost = [row for row, is_whole in zip(rows, whole, strict=True) if not is_whole]
        else:
            lost = beyond
        if lost:
            yield shard, "is cut" if beyond else "holds other bytes than its pictures'", lost


def _is_whole(store: Store, row: dict[str, Any]) -> bool:
    try:
        body = read_picture(store, Place(row["shard"], row["offset"], row["length"]))
    except PictureLost:
        return False
    return hashlib.sha256(body).digest() == bytes(row["picture"])


def mend(lake: Lake, findings: Iterable[Finding]) -> None:
    """Forget lost pictures, so that `fetch` asks for them, and every verdict that was given without their bytes."""
    kinds = {finding.kind for finding in findings}
    if Kind.SHARD in kinds:
        by_shard = _by_shard(lake)
        lost = list(_lost(lake.store, by_shard, deep=True))
        gone = pa.array([row["picture"] for _, _, rows in lost for row in rows], PICTURES.stored.field("picture").type)
        drop(lake.tables, Keep(PICTURES, ("picture",), lambda rows: pc.invert(pc.is_in(rows["picture"], gone))))
        for shard, _, rows in lost:
            if len(rows) == len(by_shard[shard]) and lake.store.exists(f"{FOLDER}/{shard}"):
                set_aside(lake.store, f"{FOLDER}/{shard}")
    for table in LOOKED if kinds else ():
        if _rejected(lake, table):
            drop(lake.tables, Keep(table, ("code", "detail"), _says_nothing_lost))


def _says_nothing_lost(rows: pa.Table) -> pa.Array:
    says_lost = pc.and_(pc.equal(rows["code"], str(Code.INTERNAL)), pc.starts_with(rows["detail"], f"{FOLDER}/"))
    return pc.invert(pc.fill_null(says_lost, False))
