"""Shards that vacuum took out of use: nothing is salvaged from them, and they are deleted once no task reads them."""

from collections.abc import Iterable
from datetime import datetime

from pydantic import TypeAdapter

from lake.notes import read_notes, write_notes
from lake.store import Store

PATH = "retired_shards.json"
NOTES = TypeAdapter(dict[str, datetime])


def retired(store: Store) -> dict[str, datetime]:
    """Name of each retired shard -> since when. Raises DamagedLake."""
    return read_notes(store, PATH, NOTES)


def retire(store: Store, shards: Iterable[str], at: datetime) -> None:
    """Note shards that no live row is going to name. The caller holds the lease."""
    noted = dict.fromkeys(shards, at) | retired(store)
    write_notes(store, PATH, NOTES, dict(sorted(noted.items())))


def forget(store: Store, shards: Iterable[str]) -> None:
    """Take deleted shards off the list."""
    gone = set(shards)
    left = {shard: at for shard, at in retired(store).items() if shard not in gone}
    write_notes(store, PATH, NOTES, left)
