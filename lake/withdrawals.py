"""Retailers that a person removed from the index with `selvedge withdraw`, because they have no spec any more."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, TypeAdapter

from lake.store import Store
from schemas.errors import REPAIR, DamagedLake

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
        text = f"is damaged; to act: the data engineer ({REPAIR}, then `selvedge withdraw` again where needed)"
        raise DamagedLake(f"{store.uri}/{PATH}: {text}") from None


def withdraw(store: Store, retailer: str, withdrawal: Withdrawal) -> None:
    """Record that a retailer leaves with the next version. The caller holds the lease."""
    store.write(PATH, _Withdrawals.dump_json(withdrawals(store) | {retailer: withdrawal}, indent=1) + b"\n")
