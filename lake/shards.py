"""Pictures in shards: tar files in WebDataset layout, written once, and read by offset and length.

A shard holds `<sha256>.<ext>` and `<sha256>.json` (URL and response) for each picture. So if a fetch is killed before
its commit, its pictures are recovered without fetching them again (`salvage`).
"""

import hashlib
import json
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self
from uuid import uuid4

from lake.store import Store

FOLDER = "shards"
END = bytes(2 * tarfile.BLOCKSIZE)
"""Two empty blocks close a tar file."""

EXTENSIONS = {
    "image/jpeg": "jpg", "image/png": "png", "image/webp": "webp", "image/avif": "avif", "image/gif": "gif",
}  # fmt: skip


@dataclass(frozen=True)
class Place:
    """The place of a picture's bytes."""

    shard: str
    offset: int
    length: int


class PictureLost(OSError):
    """A stored picture's bytes are gone: its shard is missing or was cut off."""


def read_picture(store: Store, place: Place) -> bytes:
    """The bytes of one picture: one ranged read. Raises PictureLost."""
    path = f"{FOLDER}/{place.shard}"
    try:
        body = store.read_range(path, place.offset, place.length)
    except FileNotFoundError as error:
        raise PictureLost(f"{path}: is missing") from error
    if len(body) < place.length:
        raise PictureLost(f"{path}: ends before byte {place.offset + place.length}")
    return body


class ShardWriter:
    """Appends pictures to a shard and starts a new one when it is full. Used as a context manager."""

    def __init__(self, store: Store, shard_bytes: int) -> None:
        self._store, self._limit = store, shard_bytes
        self._open: Any = None
        self._file: Any = None
        self._name = ""
        self._size = 0

    def add(self, digest: bytes, body: bytes, mime: str, answer: dict[str, Any]) -> Place:
        """Store one picture, whose sha256 is `digest`, with the response that brought it. The shard is durable after
        the `with` block."""
        if self._file is None:
            self._start()
        name = digest.hex()
        self._write(f"{name}.json", json.dumps(answer, sort_keys=True, ensure_ascii=False).encode())
        place = Place(self._name, self._size + tarfile.BLOCKSIZE, len(body))
        self._write(f"{name}.{EXTENSIONS.get(mime, 'bin')}", body)
        if self._size >= self._limit:
            self._finish(None, None, None)
        return place

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._finish(kind, error, trace)

    def _start(self) -> None:
        self._name, self._size = f"{uuid4().hex}.tar", 0
        self._open = self._store.open_output(f"{FOLDER}/{self._name}")
        self._file = self._open.__enter__()

    def _write(self, name: str, body: bytes) -> None:
        """Writes one member by hand, because `TarFile` would copy the body twice."""
        member = tarfile.TarInfo(name)
        member.size = len(body)
        head, padding = member.tobuf(tarfile.USTAR_FORMAT), bytes(-len(body) % tarfile.BLOCKSIZE)
        for part in (head, body, padding):
            self._file.write(part)
        self._size += len(head) + len(body) + len(padding)

    def _finish(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is None:
            return
        if kind is None:
            self._file.write(END)
        self._file = None
        self._open.__exit__(kind, error, trace)


def salvage(store: Store, shard: str) -> Iterator[tuple[bytes, Place, dict[str, Any]]]:
    """sha256, place and response of each complete, hash-checked picture of a shard; damaged ones are left out."""
    with store.filesystem.open_input_file(f"{FOLDER}/{shard}") as file:
        answer: dict[str, Any] | None = None
        for member, content in _members(file):
            digest = hashlib.sha256(content)
            if member.name.endswith(".json"):
                answer = _answer(content)
            elif answer is not None and digest.hexdigest() == member.name.partition(".")[0]:
                yield digest.digest(), Place(shard, member.offset_data, member.size), answer


def _answer(content: bytes) -> dict[str, Any] | None:
    """A picture's response; None if it is damaged."""
    try:
        answer = json.loads(content)
    except ValueError:
        return None
    return answer if isinstance(answer, dict) else None


def _members(file: Any) -> Iterator[tuple[tarfile.TarInfo, bytes]]:
    """The members with their content, up to where the file was cut off."""
    try:
        with tarfile.open(fileobj=file, mode="r:") as tar:
            for member in tar:
                body = tar.extractfile(member)
                yield member, body.read() if body else b""
    except tarfile.TarError:
        return
