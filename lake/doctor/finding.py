"""What the doctor finds, and where it puts what is taken out of use."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from lake.store import Store
from lake.tables import Tables
from schemas.errors import REPAIR, WrongInput

LOST = "lost+found"
"""Folder of the lake for damaged and left over files: nothing is deleted."""

MADE_AGAIN = "its rows are due again, and the next night makes them"


class Kind(StrEnum):
    """What is damaged."""

    LEASE = "lease"
    LOG = "log"
    TABLE_FILE = "table file"
    ROWS = "rows"
    SHARD = "shard"
    FEED = "feed"
    ENCODER = "encoder"
    SECOND = "second embedding"
    VERSION = "version"
    POINTER = "pointer"
    HOLD = "hold"
    PUBLISHED_LOG = "published log"
    NOTES = "notes"
    RELEASE = "release"
    LEFTOVER = "leftover"
    NEWER = "newer program"


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong."""

    kind: Kind
    place: str  # path in the lake
    wrong: str
    cost: str  # what is lost, and what the next night does about it
    stops: bool = True  # whether a night on this lake would do harm
    remedy: str = REPAIR

    @property
    def line(self) -> str:
        return f"{self.place}: {self.wrong}; {self.cost}{ACTS}{self.remedy})"

    def error_in(self, store: Store) -> WrongInput:
        """What `of_another_program` was made of."""
        return WrongInput(f"{store.uri}/{self.place}", None, f"{self.wrong}{ACTS}{self.remedy})")

    @property
    def is_damage(self) -> bool:
        return self.kind is not Kind.LEFTOVER


ACTS = "; to act: the data engineer ("


def of_another_program(place: str, error: WrongInput) -> Finding:
    """A table that this program cannot use as another one has made it."""
    wrong, _, remedy = error.text.partition(ACTS)
    return Finding(Kind.NEWER, place, wrong, "nothing is lost", remedy=remedy.removesuffix(")"))


@dataclass(frozen=True)
class Lake:
    """A lake that is examined, and the folder of model releases from which its encoders are mended."""

    store: Store
    models: Path
    lease_seconds: float

    @property
    def tables(self) -> Tables:
        """A new handle each time: it has seen no file yet."""
        return Tables(self.store)


def set_aside(store: Store, path: str) -> str:
    """Move a file to `lost+found/` -> its new path. What lies there already stays."""
    target, number = f"{LOST}/{path}", 1
    while store.exists(target):
        number += 1
        target = f"{LOST}/{path}.{number}"
    store.move(path, target)
    return target
