"""Feeds as received, stored by sha256, so that a better parser can read them again."""

import hashlib
import shutil
from pathlib import Path
from typing import BinaryIO, cast

from lake.store import Store
from lake.table_files import digest_of
from schemas.errors import REPAIR, DamagedLake

FOLDER = "feeds"
SCRUBBED = ".scrubbed"
"""Suffix of the file beside a feed that was scrubbed before it was kept. It holds the SHA-256 of the bytes kept."""


def path_of(feed: bytes) -> str:
    return f"{FOLDER}/{feed.hex()[:2]}/{feed.hex()}"


def keep(store: Store, feed: bytes, file: Path) -> None:
    """Store a received file under its digest, once."""
    if store.exists(path_of(feed)):
        return
    with file.open("rb") as source:
        kept = hashlib.file_digest(source, "sha256").hexdigest()
    if kept != feed.hex():
        store.write(f"{path_of(feed)}{SCRUBBED}", kept.encode())
    with file.open("rb") as source, store.open_output(path_of(feed)) as target:
        shutil.copyfileobj(source, target)


def feed_path(path: str) -> str:
    """The path of the feed to which a file of the folder belongs."""
    return path.removesuffix(SCRUBBED)


def open_feed(store: Store, feed: bytes) -> BinaryIO:
    """The bytes of a kept feed, as a stream. Reads them all first: raises DamagedLake where they are not the feed's."""
    path = path_of(feed)
    if fault := fault_of(store, path):
        raise DamagedLake(f"{store.uri}/{path}: {fault}; to act: the data engineer ({REPAIR})")
    return cast(BinaryIO, store.filesystem.open_input_stream(path))


def fault_of(store: Store, path: str) -> str | None:
    """What is wrong with a kept feed: it is gone, or its bytes are not those that were kept."""
    if not store.exists(path):
        return "is missing"
    found, side = digest_of(store, path), f"{path}{SCRUBBED}"
    if found == path.rpartition("/")[2] or (store.exists(side) and store.read(side) == found.encode()):
        return None
    return "its sha256 is not its name"
