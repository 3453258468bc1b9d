"""Reads the files of a snapshot from a folder or from S3, with a cache of downloads named by their sha256."""

import hashlib
import os
import re
import tempfile
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

import pyarrow as pa
import pyarrow.fs as pafs

from selvedge_searcher.errors import LakeUnreachable, SnapshotDamaged
from selvedge_searcher.manifest import File

DOWNLOADS = 8  # at a time; S3 gives one stream a fraction of the line
PIECE_BYTES = 8 << 20
TEMPORARY = ".tmp-"
LEFT_OVER_S = 24 * 3600  # no download takes a day
DOWNLOAD = re.compile("[0-9a-f]{64}")
"""The name of a file in the cache is its sha256."""
MAPPED = ".vectors"
"""What follows it in the name of a segment's vectors as they are mapped into memory."""


class Lake:
    """Reads and checks files below a root. Local files are memory-mapped in place, remote ones in the cache."""

    def __init__(self, uri: str, cache: Path | None = None, filesystem: pafs.FileSystem | None = None) -> None:
        self.uri = uri
        self._named = cache
        remote = uri.startswith("s3://")
        if remote or filesystem is not None:
            root = uri.removeprefix("s3://").rstrip("/")
            self.filesystem = pafs.SubTreeFileSystem(root, filesystem or s3_from_environment())
            self.cache: Path | None = self.kept
            self.cache.mkdir(parents=True, exist_ok=True)
        else:
            self.root = Path(uri.removeprefix("file://")).absolute()
            self.filesystem = pafs.SubTreeFileSystem(str(self.root), pafs.LocalFileSystem())
            self.cache = None

    @property
    def kept(self) -> Path:
        """Where downloads lie, and vectors that are mapped into memory. It need not exist yet."""
        return self._named or default_cache()

    def read(self, path: str) -> bytes | None:
        """A small file as a whole; None if it does not exist."""
        with self._reached():
            if self.filesystem.get_file_info(path).type == pafs.FileType.NotFound:
                return None
            with self.filesystem.open_input_stream(path) as file:
                return bytes(file.read())

    @contextmanager
    def _reached(self) -> Iterator[None]:
        """A refused request raises LakeUnreachable with the lake's address; a missing file raises FileNotFoundError."""
        try:
            yield
        except FileNotFoundError:
            raise
        except OSError as error:
            raise LakeUnreachable(f"{self.uri}: {' '.join(str(error).split())[:300]}") from error

    def proven(self, files: Iterable[File]) -> dict[str, pa.Buffer]:
        """Path -> memory-mapped bytes of each file, after size and sha256 were compared; raises SnapshotDamaged."""
        listed = list(files)
        with ThreadPoolExecutor(DOWNLOADS) as pool:
            return dict(zip((file.path for file in listed), pool.map(self._proven, listed), strict=True))

    def _proven(self, file: File) -> pa.Buffer:
        _refuse_strange(file)
        if self.cache is None:
            return _mapped(self._below_root(file.path), file)
        held = self.cache / file.sha256
        try:
            return _mapped(held, file)
        except SnapshotDamaged:  # not held, or spoilt on our own disk
            self._download(file, held)
            return _mapped(held, file)

    def _below_root(self, path: str) -> Path:
        """A file's place on disk; a link that leads out of the lake raises SnapshotDamaged."""
        place = (self.root / path).resolve()
        if not place.is_relative_to(self.root.resolve()):
            raise SnapshotDamaged(f"{path}: leads outside the lake")
        return place

    def _download(self, file: File, target: Path) -> None:
        """Download a file completely under its final name, or not at all."""
        with tempfile.NamedTemporaryFile(dir=target.parent, prefix=TEMPORARY, delete=False) as copy:
            try:
                for piece in self._pieces(file.path):
                    copy.write(piece)
                copy.flush()
                _compare(Path(copy.name), file)
                Path(copy.name).replace(target)
            except FileNotFoundError as error:
                raise SnapshotDamaged(f"{file.path}: is missing") from error
            finally:
                Path(copy.name).unlink(missing_ok=True)

    def _pieces(self, path: str) -> Iterator[bytes]:
        with self._reached(), self.filesystem.open_input_stream(path) as source:
            while piece := source.read(PIECE_BYTES):
                yield piece


def s3_from_environment() -> pafs.FileSystem:
    """S3 with the usual AWS_* variables; AWS_ENDPOINT_URL selects another endpoint."""
    scheme, _, host = os.environ.get("AWS_ENDPOINT_URL", "").rpartition("://")
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    return pafs.S3FileSystem(endpoint_override=host or None, scheme=scheme or "https", region=region)


def default_cache() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "selvedge"


def prune(cache: Path | str, keep: Iterable[File]) -> int:
    """Delete downloads that are not in `keep`, and leftovers of killed downloads -> bytes freed.

    Open files stay readable. Running downloads, and files that are not downloads, are kept.
    """
    kept = {file.sha256 for file in keep}
    freed = 0
    for path in list(Path(cache).iterdir()):
        try:
            state = path.stat()
            left_over = path.name.startswith(TEMPORARY) and time.time() - state.st_mtime > LEFT_OVER_S
            name = path.name.removesuffix(MAPPED)
            if left_over or (DOWNLOAD.fullmatch(name) and name not in kept):
                path.unlink()
                freed += state.st_size
        except FileNotFoundError:  # another process of the machine was faster
            continue
    return freed


def _refuse_strange(file: File) -> None:
    """A manifest may come from a stranger: paths stay below the lake's root, a sha256 names a download."""
    parts = PurePosixPath(file.path).parts
    if not parts or parts[0] == "/" or ".." in parts or "\\" in file.path:
        raise SnapshotDamaged(f"{file.path}: is not a path inside the lake")
    if not DOWNLOAD.fullmatch(file.sha256):
        raise SnapshotDamaged(f"{file.path}: the manifest has no valid sha256 for it")


def _mapped(place: Path, file: File) -> pa.Buffer:
    _compare(place, file)
    with pa.memory_map(str(place)) as source:
        return source.read_buffer()


def _compare(place: Path, file: File) -> None:
    try:
        size = place.stat().st_size
    except FileNotFoundError as error:
        raise SnapshotDamaged(f"{file.path}: is missing") from error
    if size != file.bytes:
        raise SnapshotDamaged(f"{file.path}: {size} bytes where the manifest says {file.bytes}")
    with place.open("rb") as opened:
        if hashlib.file_digest(opened, "sha256").hexdigest() != file.sha256:
            raise SnapshotDamaged(f"{file.path}: its sha256 differs from the manifest's")
