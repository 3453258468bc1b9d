"""Small copies of stored pictures."""

from collections.abc import Callable

import cv2
import pyarrow as pa
import pyarrow.compute as pc

from lake.shards import PictureLost, Place, read_picture
from lake.store import Store
from udfs.pictures.decode import decode
from udfs.pictures.inspect import PictureRefused

SIDES = (160, 480)
"""Longest sides in pixels that may be asked for."""

QUALITY = 78


def reader(store: Store, places: pa.Table) -> Callable[[bytes], bytes | None]:
    """Reads a stored picture by its sha256; `places` has columns picture, shard, offset and length."""

    def read(sha: bytes) -> bytes | None:
        at = pc.index(places["picture"], pa.scalar(sha, places["picture"].type)).as_py()
        if at < 0:
            return None
        try:
            return read_picture(store, Place(*(places[name][at].as_py() for name in ("shard", "offset", "length"))))
        except (PictureLost, OSError):
            return None

    return read


def small(body: bytes, side: int) -> bytes | None:
    """The picture as JPEG with `side` pixels on its longest side, never enlarged; None if it cannot be read."""
    try:
        pixels = decode(body, side)
    except PictureRefused:
        return None
    scale = min(1.0, side / max(pixels.shape[:2]))
    size = max(1, round(pixels.shape[1] * scale)), max(1, round(pixels.shape[0] * scale))
    shrunk = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    done, encoded = cv2.imencode(".jpg", shrunk[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    return encoded.tobytes() if done else None
