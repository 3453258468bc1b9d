"""Small copies of stored pictures."""

from collections.abc import Callable

import pyarrow as pa

from jobs.answers import thumbnails
from jobs.answers.thumbnails import place_of
from lake.shards import PictureLost, read_picture
from lake.store import Store
from udfs.pictures.inspect import PictureRefused

SIDES = (160, 480)
"""Longest sides in pixels that may be asked for."""

QUALITY = 78


def reader(store: Store, places: pa.Table) -> Callable[[bytes], bytes | None]:
    """Reads a stored picture by its sha256; `places`: of `jobs.answers.thumbnails.stored_places`."""

    def read(sha: bytes) -> bytes | None:
        place = place_of(places, sha)
        try:
            return None if place is None else read_picture(store, place)
        except (PictureLost, OSError):
            return None

    return read


def small(body: bytes, side: int) -> bytes | None:
    """The picture as JPEG with `side` pixels on its longest side, never enlarged; None if it cannot be read."""
    try:
        return thumbnails.small(body, side, QUALITY)
    except PictureRefused:
        return None
