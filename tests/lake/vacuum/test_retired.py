"""The list of shards that went out of use."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from lake.store import DiskStore
from lake.vacuum.retired import PATH, forget, retire, retired
from schemas.errors import DamagedLake

FIRST, LATER = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 9, tzinfo=UTC)


def test_a_shard_keeps_the_day_of_its_first_retirement(tmp_path: Path) -> None:
    store = DiskStore(tmp_path)
    assert retired(store) == {}
    retire(store, ["b.tar"], FIRST)
    retire(store, ["a.tar", "b.tar"], LATER)
    assert retired(store) == {"a.tar": LATER, "b.tar": FIRST}
    forget(store, ["b.tar", "unknown.tar"])
    assert retired(store) == {"a.tar": LATER}


def test_a_damaged_list_is_said_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / PATH).write_text('{"a.tar": ')
    with pytest.raises(DamagedLake, match=r"retired_shards\.json: is damaged; .* \(`selvedge doctor --repair`\)"):
        retired(DiskStore(tmp_path))
