"""Pictures in shards: plain tar files in WebDataset layout, written once, read by place.

A shard holds `<sha256>.<ext>` and `<sha256>.json` (URL and answer) for each picture, so that a fetch that was killed
before its commit gives its pictures back without asking a shop twice (`salvage`).
"""

import hashlib
import io
import json
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self
from uuid import uuid4

from lake.store import Store

FOLDER = "shards"
EXTENSIONS = {
    "image/jpeg": "jpg", "image/png": "png", "image/webp": "webp", "image/avif": "avif", "image/gif": "gif",
}  # fmt: skip


@dataclass(frozen=True)
class Place:
    """Where a picture's bytes lie."""

    shard: str
    offset: int
    length: int


def read_picture(store: Store, place: Place) -> bytes:
    """The bytes of one picture: one ranged read."""
    return store.read_range(f"{FOLDER}/{place.shard}", place.offset, place.length)


class ShardWriter:
    """Appends pictures to a shard and starts another when one is full. Used as a context manager."""

    def __init__(self, store: Store, shard_bytes: int) -> None:
        self._store, self._limit = store, shard_bytes
        self._open: Any = None
        self._file: Any = None
        self._tar: tarfile.TarFile | None = None
        self._name = ""

    def add(self, body: bytes, mime: str, answer: dict[str, Any]) -> Place:
        """Store one picture with the answer that brought it; the shard is durable after the `with` block."""
        tar = self._tar or self._start()
        name = hashlib.sha256(body).hexdigest()
        _add_member(tar, f"{name}.json", json.dumps(answer, sort_keys=True, ensure_ascii=False).encode())
        offset = tar.offset + tarfile.BLOCKSIZE
        _add_member(tar, f"{name}.{EXTENSIONS.get(mime, 'bin')}", body)
        place = Place(self._name, offset, len(body))
        if tar.offset >= self._limit:
            self._finish(None, None, None)
        return place

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._finish(kind, error, trace)

    def _start(self) -> tarfile.TarFile:
        self._name = f"{uuid4().hex}.tar"
        self._open = self._store.open_output(f"{FOLDER}/{self._name}")
        self._file = self._open.__enter__()
        self._tar = tarfile.open(fileobj=self._file, mode="w|", format=tarfile.USTAR_FORMAT)  # noqa: SIM115
        return self._tar

    def _finish(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._tar is None:
            return
        self._tar.close()
        self._tar = None
        self._open.__exit__(kind, error, trace)


def salvage(store: Store, shard: str) -> Iterator[tuple[bytes, Place, dict[str, Any]]]:
    """sha256, place and answer of each whole, hash-checked picture of a shard that no row names."""
    with store.filesystem.open_input_file(f"{FOLDER}/{shard}") as file:
        answer: dict[str, Any] = {}
        for member, content in _members(file):
            digest = hashlib.sha256(content)
            if member.name.endswith(".json"):
                answer = json.loads(content)
            elif digest.hexdigest() == member.name.partition(".")[0]:
                yield digest.digest(), Place(shard, member.offset_data, member.size), answer


def _members(file: Any) -> Iterator[tuple[tarfile.TarInfo, bytes]]:
    """The members with their content, up to where the file was cut."""
    try:
        with tarfile.open(fileobj=file, mode="r:") as tar:
            for member in tar:
                body = tar.extractfile(member)
                yield member, body.read() if body else b""
    except tarfile.TarError:
        return


def _add_member(tar: tarfile.TarFile, name: str, body: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size = len(body)
    tar.addfile(info, io.BytesIO(body))
