"""What was erased for good, by hash and date only: pictures by the SHA-256 of their bytes; URLs, product ids and names
of retailers by that of their text. So the same thing is known when it comes again, and nobody can read what it was."""

import hashlib
from collections.abc import Iterable
from datetime import date

from pydantic import TypeAdapter

from lake.notes import read_notes, write_notes
from lake.store import Store

PATH = "erased.json"
NOTES = TypeAdapter(dict[str, date])


def hash_of(text: str) -> bytes:
    """The hash under which a URL, a product id or a retailer is listed."""
    return hashlib.sha256(text.encode()).digest()


def erased(store: Store) -> frozenset[bytes]:
    """The hashes of all that was erased. Raises DamagedLake."""
    return frozenset(bytes.fromhex(digest) for digest in _listed(store))


def erased_on(store: Store, digest: bytes) -> date | None:
    """When something was erased; None if it was not. Raises DamagedLake."""
    return _listed(store).get(digest.hex())


def note_erased(store: Store, hashes: Iterable[bytes], on: date) -> None:
    """Add to the list. The caller holds the lease."""
    listed = dict.fromkeys((digest.hex() for digest in hashes), on) | _listed(store)
    write_notes(store, PATH, NOTES, dict(sorted(listed.items())))


def _listed(store: Store) -> dict[str, date]:
    return read_notes(store, PATH, NOTES)
