"""Feeds as received, stored by sha256, so that a better parser can read them again."""

import shutil
from pathlib import Path
from typing import BinaryIO, cast

from lake.store import Store

FOLDER = "feeds"


def path_of(feed: bytes) -> str:
    return f"{FOLDER}/{feed.hex()[:2]}/{feed.hex()}"


def keep(store: Store, feed: bytes, file: Path) -> None:
    """Store a received file under its digest, once."""
    if store.exists(path_of(feed)):
        return
    with file.open("rb") as source, store.open_output(path_of(feed)) as target:
        shutil.copyfileobj(source, target)


def open_feed(store: Store, feed: bytes) -> BinaryIO:
    """The bytes of a kept feed, as a stream."""
    return cast(BinaryIO, store.filesystem.open_input_stream(path_of(feed)))
