"""The files of a lake, on disk or in S3. Paths are relative to the lake's root, with '/' between their parts."""

import errno
import fcntl
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, Protocol, cast

import pyarrow.fs as pafs

from schemas.errors import LakeFull, WrongInput


@dataclass(frozen=True)
class Entry:
    """A file of the lake."""

    path: str
    bytes: int
    modified: datetime


class Store(Protocol):
    """The interface of a lake's storage."""

    uri: str
    filesystem: pafs.FileSystem  # rooted at the lake
    storage_options: dict[str, str]  # for delta-rs

    def read(self, path: str) -> bytes: ...
    def read_range(self, path: str, offset: int, length: int) -> bytes: ...
    def write(self, path: str, body: bytes) -> None: ...
    def write_if(self, path: str, body: bytes, expected: bytes | None) -> bool: ...
    def open_output(self, path: str) -> Any: ...
    def overwrite(self, path: str, parts: Sequence[tuple[int, bytes]]) -> None: ...
    def exists(self, path: str) -> bool: ...
    def list(self, prefix: str) -> list[Entry]: ...
    def delete(self, path: str) -> None: ...
    def move(self, path: str, to: str) -> None: ...
    def delta_uri(self, path: str) -> str: ...


def open_store(uri: str) -> Store:
    """Open the lake at a folder or at `s3://bucket/prefix`; S3 takes its endpoint and secrets from the environment.

    Raises WrongInput for a folder that the engine of the tables would look for elsewhere: it decodes `%41`.
    """
    if uri.startswith("s3://"):
        return ObjectStore(uri)
    store = DiskStore(Path(uri.removeprefix("file://")))
    if "%" in store.uri:
        text = "no folder of a lake may have a % in its path; to act: the data engineer (the setting `lake`)"
        raise WrongInput(store.uri, None, text)
    return store


class _Listing:
    """Reading and listing through pyarrow's file systems, the same for disk and S3."""

    filesystem: pafs.FileSystem

    def read(self, path: str) -> bytes:
        """The whole file; raises FileNotFoundError."""
        with self.filesystem.open_input_stream(path) as file:
            return cast(bytes, file.read())

    def read_range(self, path: str, offset: int, length: int) -> bytes:
        """`length` bytes from `offset`, or fewer if the file ends earlier."""
        with self.filesystem.open_input_file(path) as file:
            return cast(bytes, file.read_at(length, offset))

    def exists(self, path: str) -> bool:
        return bool(self.filesystem.get_file_info(path).type != pafs.FileType.NotFound)

    def list(self, prefix: str) -> list[Entry]:
        """All files below a folder, sorted by path; none if the folder is missing."""
        found = self.filesystem.get_file_info(pafs.FileSelector(prefix, allow_not_found=True, recursive=True))
        files = (info for info in found if info.type == pafs.FileType.File)
        return sorted(
            (Entry(f.path, f.size, f.mtime or datetime.now(UTC)) for f in files), key=lambda entry: entry.path
        )

    def delete(self, path: str) -> None:
        self.filesystem.delete_file(path)


class DiskStore(_Listing):
    """A lake in a folder, which the first file makes. A file gets its name only when its content is on the disk."""

    def __init__(self, root: Path) -> None:
        self.root = root.absolute()
        self.uri = str(self.root)
        self.storage_options: dict[str, str] = {}
        self.filesystem = pafs.SubTreeFileSystem(str(self.root), pafs.LocalFileSystem())

    def read_range(self, path: str, offset: int, length: int) -> bytes:
        descriptor = os.open(self.root / path, os.O_RDONLY)
        try:
            return os.pread(descriptor, length, offset)
        finally:
            os.close(descriptor)

    def write(self, path: str, body: bytes) -> None:
        """Write a whole file atomically and durably."""
        with self.open_output(path) as file:
            file.write(body)

    @contextmanager
    def open_output(self, path: str) -> Iterator[BinaryIO]:
        """A file that gets its name only after it was closed without an error and synced."""
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        with (
            _naming_a_full_disk(),
            tempfile.NamedTemporaryFile(dir=target.parent, prefix=".tmp-", delete=False) as file,
        ):
            try:
                yield cast(BinaryIO, file)
                file.flush()
                os.fsync(file.fileno())
                Path(file.name).replace(target)
            except BaseException:
                Path(file.name).unlink(missing_ok=True)
                raise
        _sync_folder(target.parent)

    def overwrite(self, path: str, parts: Sequence[tuple[int, bytes]]) -> None:
        """Put other bytes at some offsets of a file, in place: not even a deleted copy of the old ones is left."""
        with (self.root / path).open("r+b") as file:
            for offset, body in parts:
                file.seek(offset)
                file.write(body)
            file.flush()
            os.fsync(file.fileno())

    def write_if(self, path: str, body: bytes, expected: bytes | None) -> bool:
        """Replace the file only if its content is still `expected` (None: only if there is none). One writer wins."""
        guard = self.root / f"{path}.lock"
        guard.parent.mkdir(parents=True, exist_ok=True)
        with guard.open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            present = self.read(path) if self.exists(path) else None
            if present != expected:
                return False
            self.write(path, body)
            return True

    def move(self, path: str, to: str) -> None:
        """Give a file another name, durably."""
        target = self.root / to
        target.parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).replace(target)
        _sync_folder(target.parent)

    def delete(self, path: str) -> None:
        """Delete a file, and its folder if that is empty now."""
        super().delete(path)
        with suppress(OSError):  # it holds other files
            (self.root / path).parent.rmdir()

    def delta_uri(self, path: str) -> str:
        return str(self.root / path)


class ObjectStore(_Listing):
    """A lake in S3, or in any store with the S3 protocol and conditional puts."""

    def __init__(self, uri: str) -> None:
        self.uri = uri.rstrip("/")
        self.bucket, _, self.prefix = self.uri.removeprefix("s3://").partition("/")
        endpoint = os.environ.get("AWS_ENDPOINT_URL")
        self.storage_options = {"AWS_ALLOW_HTTP": "true"} if endpoint and endpoint.startswith("http://") else {}
        scheme, _, host = (endpoint or "").rpartition("://")
        remote = pafs.S3FileSystem(
            endpoint_override=host or None, scheme=scheme or "https", region=os.environ.get("AWS_REGION")
        )
        self.filesystem = pafs.SubTreeFileSystem(f"{self.bucket}/{self.prefix}".rstrip("/"), remote)

    def _client(self) -> Any:
        import boto3

        return boto3.client("s3")

    def _key(self, path: str) -> str:
        return f"{self.prefix}/{path}" if self.prefix else path

    def write(self, path: str, body: bytes) -> None:
        with self.filesystem.open_output_stream(path) as file:
            file.write(body)

    @contextmanager
    def open_output(self, path: str) -> Iterator[Any]:
        """An upload that becomes visible when it is closed. If it breaks off, it is deleted."""
        file = self.filesystem.open_output_stream(path)
        try:
            yield file
        except BaseException:
            with suppress(OSError):  # a store that fails here too kept nothing
                file.close()  # the client has no other end for an upload
                self.delete(path)
            raise
        file.close()

    def overwrite(self, path: str, parts: Sequence[tuple[int, bytes]]) -> None:
        """Put other bytes at some offsets of an object: it is uploaded anew."""
        whole = bytearray(self.read(path))
        for offset, body in parts:
            whole[offset : offset + len(body)] = body
        self.write(path, bytes(whole))

    def write_if(self, path: str, body: bytes, expected: bytes | None) -> bool:
        """Conditional put: `If-None-Match: *` for a new object, `If-Match` with the ETag of `expected` for another.

        Raises OSError if the store fails.
        """
        from botocore.exceptions import BotoCoreError, ClientError

        client, place = self._client(), {"Bucket": self.bucket, "Key": self._key(path)}
        try:
            if expected is None:
                condition = {"IfNoneMatch": "*"}
            else:
                present = client.get_object(**place)
                if present["Body"].read() != expected:
                    return False
                condition = {"IfMatch": present["ETag"]}
            client.put_object(**place, Body=body, **condition)
        except ClientError as error:
            changed = error.response["ResponseMetadata"]["HTTPStatusCode"] in (404, 409, 412)
            if changed and error.response["Error"]["Code"] != "NoSuchBucket":
                return False
            raise OSError(f"{self.uri}/{path}: {error}") from error
        except BotoCoreError as error:
            raise OSError(f"{self.uri}/{path}: {error}") from error
        return True

    def move(self, path: str, to: str) -> None:
        """Copy an object within the store, then delete it."""
        self.filesystem.move(path, to)

    def delta_uri(self, path: str) -> str:
        return f"{self.uri}/{path}"


def lake_full() -> LakeFull:
    """The error for a disk on which nothing more can be written."""
    return LakeFull("the lake's disk is full; the last snapshot stays live; to act: the data engineer (free space)")


@contextmanager
def _naming_a_full_disk() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise lake_full() from error
        raise


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
