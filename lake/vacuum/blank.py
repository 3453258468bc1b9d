"""Overwrites the bytes of erased pictures in every shard. Lengths and places stay, so that all others stay readable."""

import tarfile
from collections.abc import Collection
from typing import Any

from lake.shards import FOLDER
from lake.store import Store

NOTHING = b"{}"
"""What is left of a picture's response; it must stay JSON."""


def blank_pictures(store: Store, digests: Collection[bytes]) -> int:
    """Overwrite pictures by their SHA-256, and the responses with their URLs -> how many pictures were overwritten."""
    names = {digest.hex() for digest in digests}
    count = 0
    for entry in store.list(FOLDER):
        with store.filesystem.open_input_file(entry.path) as file:
            parts = _parts(file, names)
        if parts:
            store.overwrite(entry.path, parts)
            count += sum(not body.startswith(NOTHING) for _, body in parts)
    return count


def _parts(file: Any, names: set[str]) -> list[tuple[int, bytes]]:
    """Offset and new bytes of each member that is not blank yet."""
    found = []
    try:
        with tarfile.open(fileobj=file, mode="r:") as tar:
            for member in tar:
                name, _, extension = member.name.partition(".")
                if name in names:
                    blank = bytes(member.size) if extension != "json" else NOTHING.ljust(member.size)
                    found.append((member.offset_data, blank, member.size))
    except tarfile.TarError:
        pass  # cut off by a kill: what stands before is complete
    return [(offset, blank) for offset, blank, size in found if _at(file, offset, size) != blank]


def _at(file: Any, offset: int, size: int) -> bytes:
    return bytes(file.read_at(size, offset))
