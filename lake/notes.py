"""Notes that a lake keeps by name in a small JSON file: what was withdrawn, retired or erased.

Each file has a copy beside it, since nothing else in the lake says what it says: a lost note would bring back what was
erased. The notes of both are read, so that one lost file, or a kill between the two writes, loses none.
"""

from typing import TypeVar

from pydantic import TypeAdapter

from lake.store import Store
from schemas.errors import REPAIR, DamagedLake

Note = TypeVar("Note")
Notes = dict[str, Note]


def copy_of(path: str) -> str:
    """Where the copy of a file of notes is."""
    return f"{path}.copy"


def read_notes(store: Store, path: str, notes: TypeAdapter[Notes[Note]]) -> Notes[Note]:
    """Every note; none where there is no file. Raises DamagedLake."""
    found: Notes[Note] = {}
    for place in (copy_of(path), path):
        part = parse_notes(store, place, notes)
        if part is None:
            raise DamagedLake(f"{store.uri}/{place}: is damaged; to act: the data engineer ({REPAIR})")
        found |= part
    return found


def parse_notes(store: Store, place: str, notes: TypeAdapter[Notes[Note]]) -> Notes[Note] | None:
    """The notes of one file: none where it is missing, None where nobody can read it."""
    try:
        return notes.validate_json(store.read(place)) if store.exists(place) else {}
    except ValueError:
        return None


def write_notes(store: Store, path: str, notes: TypeAdapter[Notes[Note]], noted: Notes[Note]) -> None:
    """Write the whole file and its copy. The caller holds the lease."""
    for place in (copy_of(path), path):
        store.write(place, notes.dump_json(noted, indent=1) + b"\n")
