"""Notes that a lake keeps by name in a small JSON file: what was withdrawn, retired or erased."""

from typing import TypeVar

from pydantic import TypeAdapter

from lake.store import Store
from schemas.errors import DamagedLake

Note = TypeVar("Note")


def read_notes(store: Store, path: str, notes: TypeAdapter[dict[str, Note]], remedy: str) -> dict[str, Note]:
    """Every note; none where the file is missing. Raises DamagedLake, with `remedy` behind what is wrong."""
    try:
        return notes.validate_json(store.read(path)) if store.exists(path) else {}
    except ValueError:
        raise DamagedLake(f"{store.uri}/{path}: is damaged{remedy}") from None


def write_notes(store: Store, path: str, notes: TypeAdapter[dict[str, Note]], noted: dict[str, Note]) -> None:
    """Write the whole file. The caller holds the lease."""
    store.write(path, notes.dump_json(noted, indent=1) + b"\n")
