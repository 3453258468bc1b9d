"""Retailers that a person removed from the index with `selvedge withdraw`, because they have no spec any more."""

from collections.abc import Callable
from datetime import datetime

from pydantic import BaseModel, ConfigDict, TypeAdapter

from lake.notes import read_notes, write_notes
from lake.store import Store

PATH = "withdrawn.json"


class Withdrawal(BaseModel):
    """Who withdrew a retailer, and why. It ends once a version after `version` has the retailer again."""

    model_config = ConfigDict(frozen=True)

    version: int  # the one that it leaves
    who: str
    why: str
    at: datetime


NOTES = TypeAdapter(dict[str, Withdrawal])


def withdrawals(store: Store) -> dict[str, Withdrawal]:
    """All withdrawals, by retailer. Raises DamagedLake."""
    return read_notes(store, PATH, NOTES)


def withdraw(store: Store, retailer: str, withdrawal: Withdrawal) -> None:
    """Record that a retailer leaves with the next version. The caller holds the lease."""
    write_notes(store, PATH, NOTES, withdrawals(store) | {retailer: withdrawal})


def forget(store: Store, is_erased: Callable[[str], bool]) -> None:
    """Take erased retailers off the list. The caller holds the lease."""
    noted = withdrawals(store)
    left = {name: withdrawal for name, withdrawal in noted.items() if not is_erased(name)}
    if left != noted:
        write_notes(store, PATH, NOTES, left)
