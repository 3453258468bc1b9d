"""Groups near-duplicate pictures within each retailer, around a medoid."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from jobs.engine.night import Night
from jobs.live.asked import Asked
from jobs.live.catalog import Catalog
from jobs.live.functions import duplicates_function, fingerprint_function
from jobs.live.verdict import Verdict
from jobs.stages.record import Rule
from lake.tables import literal
from schemas.table import DONE
from schemas.tables import DUPLICATES, FINGERPRINTS
from udfs.rules.duplicates import groups

HASHES = ("phash", "trimmed_phash", "descriptor")


@dataclass(frozen=True)
class Grouping:
    """One row per retailer, with its pictures and their fingerprints as lists."""

    bits: int

    def __call__(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        rows = [self._grouped(row) for row in batch.to_pylist()]
        return pa.RecordBatch.from_pylist(rows, pa.schema([f for f in DUPLICATES.schema if f.name != "function"]))

    def _grouped(self, row: dict[str, Any]) -> dict[str, Any]:
        phash, trimmed, descriptor = (_bytes(row[name]) for name in HASHES)
        found = groups(row["pictures"], phash, trimmed, descriptor, self.bits) if row["pictures"] else []
        return {
            "pictures_key": row["pictures_key"],
            "retailer": row["retailer"],
            "status": DONE,
            "groups": [
                {
                    "group_id": g.group_id,
                    "medoid": g.medoid,
                    "members": g.members,
                    "largest_distance": g.largest_distance,
                }
                for g in found
            ],
        }


def _bytes(values: list[bytes]) -> np.ndarray:
    """(N, width) uint8."""
    return np.array([np.frombuffer(value, np.uint8) for value in values])


def _sets(night: Night) -> pa.Table:
    """One key per retailer: the set of its live pictures."""
    sets = Catalog.of(night).picture_sets
    return pa.table({"pictures_key": pa.array([s["pictures_key"] for s in sets], pa.binary())})


def _with_fingerprints(night: Night, due: pa.Table) -> pa.Table:
    """Each due set with the fingerprints of its pictures. Pictures whose fingerprint failed are left out; a set waits
    until all its pictures have a row."""
    wanted = set(due["pictures_key"].to_pylist())
    sets = [s for s in Catalog.of(night).picture_sets if s["pictures_key"] in wanted]
    kinds = [("pictures", pa.list_(pa.binary())), *((name, pa.list_(pa.binary())) for name in HASHES)]
    schema = pa.schema([("pictures_key", pa.binary()), ("retailer", pa.string()), *kinds])
    query = f"""
        select picture, status, {", ".join(HASHES)} from {FINGERPRINTS.name}
        where function = {literal(fingerprint_function())} order by picture"""  # noqa: S608
    prints = night.tables.sql(query, [FINGERPRINTS])
    rows = []
    for one in sets:
        mine = prints.filter(pc.is_in(prints["picture"], pc.cast(one["pictures"], pa.binary())))
        if mine.num_rows < len(one["pictures"]):
            continue
        mine = mine.filter(pc.equal(mine["status"], DONE))
        lists = {name: mine[name].to_pylist() for name in HASHES}
        keys = {
            "pictures_key": one["pictures_key"],
            "retailer": one["retailer"],
            "pictures": mine["picture"].to_pylist(),
        }
        rows.append(keys | lists)
    return pa.Table.from_pylist(rows, schema)


def _verdicts(night: Night, asked: Asked) -> Iterator[Verdict]:
    groups = asked.catalog.groups if asked.pictures else {}
    for picture in asked.pictures:
        group = groups.get(picture)
        alike = sum(other == group for other in groups.values()) if group else 0
        if group and alike > 1:
            found = f"one of {alike} near-duplicate pictures, group {group.hex()[:16]}"
            yield Verdict("dedup", picture.hex(), "done", found)


RULE = Rule(
    name="dedup",
    table=DUPLICATES,
    function=duplicates_function,
    needed=_sets,
    gather=_with_fingerprints,
    work=lambda night: Grouping(night.settings.choice.duplicate_bits),
    batch_rows=lambda night: 1,
)
STAGE = RULE.record(verdicts=_verdicts)
