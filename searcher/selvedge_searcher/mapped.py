"""Vectors as plain files beside the downloads: made of a segment once, mapped into memory, never copied."""

import tempfile
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np

from selvedge_searcher.errors import SnapshotError
from selvedge_searcher.lake import MAPPED, TEMPORARY
from selvedge_searcher.manifest import DataFile
from selvedge_searcher.parquet import DIMENSIONS

SUM_BYTES = 4
"""Behind the numbers: their CRC-32, low byte first."""

Decode = Callable[[DataFile], np.ndarray]


def mapped(folder: Path, file: DataFile, decode: Decode) -> np.ndarray:
    """(R, 256) float32, read-only: the vectors of a segment, whose numbers stay on disk until they are used.

    The file is made again where it is not what it should be. Raises SnapshotError where the folder takes none.
    """
    place = folder / (file.sha256 + MAPPED)
    found = _opened(place, file.rows)
    if found is None:
        _write(place, decode(file))
        found = _opened(place, file.rows)
    if found is None:
        raise SnapshotError(f"{place}: cannot be read again after it was written; name another folder by `cache`")
    return found


def _opened(place: Path, rows: int) -> np.ndarray | None:
    size = rows * DIMENSIONS * 4
    if not place.is_file() or place.stat().st_size != size + SUM_BYTES:
        return None
    if not rows:
        return np.empty((0, DIMENSIONS), np.float32)
    bytes_ = np.memmap(place, np.uint8, "r")
    if zlib.crc32(bytes_[:size].data) != int.from_bytes(bytes_[size:].tobytes(), "little"):
        return None
    return bytes_[:size].view("<f4").reshape(rows, DIMENSIONS)


def _write(place: Path, vectors: np.ndarray) -> None:
    """The whole file under its name, or none."""
    body = np.ascontiguousarray(vectors, "<f4").reshape(-1).view(np.uint8)
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=place.parent, prefix=TEMPORARY, delete=False) as copy:
            try:
                copy.write(body.data)
                copy.write(zlib.crc32(body.data).to_bytes(SUM_BYTES, "little"))
                copy.flush()
                Path(copy.name).replace(place)
            finally:
                Path(copy.name).unlink(missing_ok=True)
    except OSError as error:
        raise SnapshotError(
            f"{place.parent}: cannot keep vectors there ({error.strerror}); name another folder by `cache`"
        ) from error
