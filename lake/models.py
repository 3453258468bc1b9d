"""Releases of models in the lake, by digest: what a digest stands for, and the files for workers without a folder.

`models/<digest>/release.json` says what answers stand under a digest in this lake: a release that has the same weights
but names its classes otherwise is refused. The files themselves are only there if a Spark cluster loads them.
"""

import hashlib
import json
import os
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from lake.store import Store
from lake.table_files import digest_of
from schemas.errors import REPAIR, DamagedLake, WrongInput

FOLDER = "models"
NOTE = "release.json"

CACHE_BYTES = 1 << 30
"""The cache of a machine is kept below this size: the files that were not used for longest go."""


def check_note(store: Store, digest: str, note: bytes, place: Path) -> bool:
    """Whether the lake has noted the release. `note`: a JSON object; `place`: the file that it was made from.

    Raises WrongInput if the lake knows other answers under the digest, DamagedLake if nobody can read what it knows.
    """
    path = _path(digest, NOTE)
    if not store.exists(path):
        return False
    known = read_note(store, path)
    if known is None:
        raise DamagedLake(f"{store.uri}/{path}: is damaged; to act: the data engineer ({REPAIR})")
    said: dict[str, object] = json.loads(note)
    if any(known[name] != said[name] for name in known.keys() & said.keys()):  # another version may say more
        text = (
            f"its classes, batch or golden answers are not those of the rows under the same digest ({digest[:12]}) in "
            f"{store.uri}/{path}; to act: the data engineer (restore the file; other answers need another digest)"
        )
        raise WrongInput(place, None, text)
    return True


def keep_note(store: Store, digest: str, note: bytes, place: Path) -> None:
    """Note what answers stand under a digest, once. The caller holds the lease. Raises what `check_note` raises."""
    if not check_note(store, digest, note, place):
        store.write(_path(digest, NOTE), b"%s\n%s\n" % (note, _sha256(note)))


def read_note(store: Store, path: str) -> dict[str, Any] | None:
    """What a note says: a line of JSON, and a line with the SHA-256 of the first. None where it is damaged."""
    note, _, digest = store.read(path).partition(b"\n")
    return dict(json.loads(note)) if digest == _sha256(note) + b"\n" else None


def damaged_files(store: Store) -> list[str]:
    """Paths of the files that are not those that the note beside them names; a note that is damaged names none."""
    notes: dict[str, dict[str, str]] = {}
    found = []
    for entry in store.list(FOLDER):
        folder, _, name = entry.path.rpartition("/")
        if folder not in notes:
            note = f"{folder}/{NOTE}"
            notes[folder] = ((read_note(store, note) if store.exists(note) else None) or {}).get("files", {})
        sha256 = notes[folder].get(name)
        if sha256 is not None and digest_of(store, entry.path) != sha256:
            found.append(entry.path)
    return found


def _sha256(note: bytes) -> bytes:
    return hashlib.sha256(note).hexdigest().encode()


def missing_files(store: Store, digest: str, names: Mapping[str, int]) -> list[str]:
    """Those of the files, given with their sizes in bytes, that the lake lacks."""
    sizes = {entry.path: entry.bytes for entry in store.list(f"{FOLDER}/{digest}")}
    return [name for name, size in names.items() if sizes.get(_path(digest, name)) != size]


def keep_file(store: Store, digest: str, name: str, body: bytes) -> None:
    store.write(_path(digest, name), body)


def model_file(store: Store, digest: str, name: str, sha256: str, cache: Path | None = None) -> bytes:
    """A file of a release, checked; from this machine's cache if it is there.

    Raises DamagedLake if the lake's file is missing or has another sha256. The cache (default: a folder of this user
    among the temporary files) is trusted for nothing, and nothing is lost without it.
    """
    place = (cache or _cache()) / sha256
    with suppress(OSError):
        body = place.read_bytes()
        if hashlib.sha256(body).hexdigest() == sha256:
            os.utime(place)  # used just now
            return body
    path = _path(digest, name)
    try:
        body = store.read(path)
    except FileNotFoundError:
        raise DamagedLake(f"{store.uri}/{path}: is missing; to act: the data engineer (run the night again)") from None
    if (found := hashlib.sha256(body).hexdigest()) != sha256:
        text = f"sha256 is {found[:12]}, expected {sha256[:12]}"
        raise DamagedLake(f"{store.uri}/{path}: {text}; to act: the data engineer ({REPAIR}, then the night)")
    with suppress(OSError):  # a full or foreign folder
        _remember(place, body)
    return body


def _path(digest: str, name: str) -> str:
    return f"{FOLDER}/{digest}/{name}"


def _cache() -> Path:
    return Path(tempfile.gettempdir()) / f"selvedge-models-{os.getuid()}"


def _remember(place: Path, body: bytes) -> None:
    """Write a file of the cache under its name once it is whole: another process may do the same just now."""
    place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    _make_room(place.parent, len(body))
    with tempfile.NamedTemporaryFile(dir=place.parent, prefix=".tmp-", delete=False) as file:
        try:
            file.write(body)
            file.close()
            Path(file.name).replace(place)
        except BaseException:
            Path(file.name).unlink(missing_ok=True)
            raise


def _make_room(cache: Path, size: int) -> None:
    known = []
    for path in cache.iterdir():
        with suppress(FileNotFoundError):  # another process makes room too
            known.append((path.stat().st_mtime, path.stat().st_size, path))
    used = sum(size for _, size, _ in known)
    for _, gone, path in sorted(known):
        if used + size <= CACHE_BYTES:
            return
        path.unlink(missing_ok=True)
        used -= gone
