"""Shards that vacuum took out of use: nothing is salvaged from them, and they are deleted once no task reads them."""

from collections.abc import Iterable
from datetime import datetime

from pydantic import TypeAdapter

from lake.store import Store
from schemas.errors import DamagedLake

PATH = "retired_shards.json"
_Retired = TypeAdapter(dict[str, datetime])


def retired(store: Store) -> dict[str, datetime]:
    """Name of each retired shard -> since when. Raises DamagedLake."""
    try:
        return _Retired.validate_json(store.read(PATH)) if store.exists(PATH) else {}
    except ValueError:
        text = "is damaged; to act: the data engineer (delete it; the next `selvedge vacuum` writes it again)"
        raise DamagedLake(f"{store.uri}/{PATH}: {text}") from None


def retire(store: Store, shards: Iterable[str], at: datetime) -> None:
    """Note shards that no live row is going to name. The caller holds the lease."""
    noted = dict.fromkeys(shards, at) | retired(store)
    store.write(PATH, _Retired.dump_json(dict(sorted(noted.items())), indent=1) + b"\n")


def forget(store: Store, shards: Iterable[str]) -> None:
    """Take deleted shards off the list."""
    gone = set(shards)
    left = {shard: at for shard, at in retired(store).items() if shard not in gone}
    store.write(PATH, _Retired.dump_json(left, indent=1) + b"\n")
