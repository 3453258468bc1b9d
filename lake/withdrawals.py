"""Retailers that somebody took out of the index by a command, because no spec can say so any more."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, TypeAdapter

from lake.store import Store
from schemas.errors import DamagedLake

PATH = "withdrawn.json"


class Withdrawal(BaseModel):
    """Who took a retailer out, and why."""

    model_config = ConfigDict(frozen=True)

    who: str
    why: str
    at: datetime


_Withdrawals = TypeAdapter(dict[str, Withdrawal])


def withdrawals(store: Store) -> dict[str, Withdrawal]:
    """By retailer. Raises DamagedLake."""
    try:
        return _Withdrawals.validate_json(store.read(PATH)) if store.exists(PATH) else {}
    except ValueError:
        text = "is damaged; to act: the data engineer (delete it, then `selvedge withdraw` what has to leave)"
        raise DamagedLake(f"{store.uri}/{PATH}: {text}") from None


def withdraw(store: Store, retailer: str, withdrawal: Withdrawal) -> None:
    """Note that a retailer is to leave with the next version. The caller holds the lease."""
    store.write(PATH, _Withdrawals.dump_json(withdrawals(store) | {retailer: withdrawal}, indent=1) + b"\n")
