"""Shards beside the rows that name them."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from lake.doctor.finding import Lake
from lake.doctor.pictures import check
from lake.store import DiskStore
from lake.tables import Tables
from schemas.table import DONE
from schemas.tables import PICTURES

EACH = 10  # bytes


@pytest.mark.parametrize("spoil", ["nothing", "cut", "gone"])
def test_before_a_night_only_the_rows_of_faulty_shards_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spoil: str
) -> None:
    store = DiskStore(tmp_path)
    rows = [
        {"picture": bytes([shard, at]) * 16, "function": bytes(32), "status": DONE, "shard": f"{shard}.tar",
         "offset": at * EACH, "length": EACH}
        for shard in range(2) for at in range(50)
    ]  # fmt: skip
    Tables(store).append(PICTURES, pa.Table.from_pylist(rows, PICTURES.schema))
    for shard in range(2):
        store.write(f"shards/{shard}.tar", bytes(50 * EACH))
    if spoil == "cut":
        store.write("shards/1.tar", bytes(45 * EACH))
    if spoil == "gone":
        (tmp_path / "shards" / "1.tar").unlink()

    read: list[int] = []
    sql = Tables.sql

    def counted(self: Tables, *asked: Any) -> pa.Table:
        found = sql(self, *asked)
        read.append(found.num_rows)
        return found

    monkeypatch.setattr(Tables, "sql", counted)
    found = [finding.wrong for finding in check(Lake(store, tmp_path / "models", 60), deep=False)]
    said = {"nothing": [], "cut": ["is cut (5 of 50 pictures)"], "gone": ["is missing (50 of 50 pictures)"]}
    assert found == said[spoil]
    assert sum(read) == 2 + (0 if spoil == "nothing" else 50)
