"""The Parquet files of a stage's table. Each is named by the SHA-256 of its bytes, so that damage is seen before use.

The query engine trusts what it reads: one changed bit gives another number, or ends the whole process with a trace.
"""

import hashlib
import io
import re
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

from lake.store import Store

NAMED = re.compile(r"-([0-9a-f]{64})\.parquet$")
"""The end of a file's name that states its SHA-256. Files of older programs state none."""
READERS = 4
PIECE_BYTES = 4 << 20


class NewFile(io.RawIOBase):
    """A file that is being written. It has its `name` once the `with` block of `new_file` has ended."""

    def __init__(self, target: Any) -> None:
        self._target, self._digest = target, hashlib.sha256()
        self.bytes, self.name = 0, ""

    def writable(self) -> bool:
        return True

    def write(self, body: Any) -> int:
        self._target.write(body)
        self._digest.update(body)
        count = memoryview(body).nbytes
        self.bytes += count
        return count

    def tell(self) -> int:
        return self.bytes

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()


@contextmanager
def new_file(store: Store, folder: str) -> Iterator[NewFile]:
    """Write a file durably below `folder`, under a name of its own that ends with its SHA-256."""
    unique = uuid4().hex
    with store.open_output(f"{folder}/{unique}.parquet") as target:
        file = NewFile(target)
        yield file
    name = f"{unique}-{file.sha256}.parquet"
    store.move(f"{folder}/{unique}.parquet", f"{folder}/{name}")
    file.name = name


def faults(store: Store, folder: str, sizes: Mapping[str, int], read: bool = True) -> dict[str, str]:
    """What is wrong with the files of a table (name -> bytes as committed), by name; nothing for whole ones.

    Reads every byte of the files whose names state a SHA-256, unless `read` is false.
    """
    if not sizes:
        return {}
    present = {entry.path.rpartition("/")[2]: entry.bytes for entry in store.list(folder)}

    def one(name: str) -> str | None:
        if name not in present:
            return "is missing"
        if present[name] != sizes[name]:
            return f"has {present[name]} bytes where the table's log says {sizes[name]}"
        return "its sha256 is not the one that its name states" if read and not is_whole(store, folder, name) else None

    with ThreadPoolExecutor(READERS) as pool:
        return {name: fault for name, fault in zip(sizes, pool.map(one, sizes), strict=True) if fault}


def states_digest(name: str) -> bool:
    """Whether a file's name says what its bytes have to be."""
    return NAMED.search(name) is not None


def is_whole(store: Store, folder: str, name: str) -> bool:
    """Whether a file's bytes are those that its name states; true where it states nothing."""
    stated = NAMED.search(name)
    return stated is None or digest_of(store, f"{folder}/{name}") == stated[1]


def digest_of(store: Store, path: str) -> str:
    """The SHA-256 of a file of the lake."""
    digest = hashlib.sha256()
    with store.filesystem.open_input_stream(path) as file:
        while piece := file.read(PIECE_BYTES):
            digest.update(piece)
    return digest.hexdigest()
