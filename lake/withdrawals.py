"""Retailers that a person removed from the index with `selvedge withdraw`, because they have no spec any more."""

from collections.abc import Callable
from datetime import datetime

from pydantic import BaseModel, ConfigDict, TypeAdapter

from lake.store import Store
from schemas.errors import DamagedLake

PATH = "withdrawn.json"


class Withdrawal(BaseModel):
    """Who withdrew a retailer, and why. It ends once a version after `version` has the retailer again."""

    model_config = ConfigDict(frozen=True)

    version: int  # the one that it leaves
    who: str
    why: str
    at: datetime


_Withdrawals = TypeAdapter(dict[str, Withdrawal])


def withdrawals(store: Store) -> dict[str, Withdrawal]:
    """All withdrawals, by retailer. Raises DamagedLake."""
    try:
        return _Withdrawals.validate_json(store.read(PATH)) if store.exists(PATH) else {}
    except ValueError:
        text = "is damaged; to act: the data engineer (delete it, then repeat `selvedge withdraw` where needed)"
        raise DamagedLake(f"{store.uri}/{PATH}: {text}") from None


def withdraw(store: Store, retailer: str, withdrawal: Withdrawal) -> None:
    """Record that a retailer leaves with the next version. The caller holds the lease."""
    store.write(PATH, _Withdrawals.dump_json(withdrawals(store) | {retailer: withdrawal}, indent=1) + b"\n")


def forget(store: Store, is_erased: Callable[[str], bool]) -> None:
    """Take erased retailers off the list. The caller holds the lease."""
    noted = withdrawals(store)
    left = {name: withdrawal for name, withdrawal in noted.items() if not is_erased(name)}
    if left != noted:
        store.write(PATH, _Withdrawals.dump_json(left, indent=1) + b"\n")
