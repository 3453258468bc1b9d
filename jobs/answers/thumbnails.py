"""Stored pictures as small ones."""

import base64

import cv2
import pyarrow as pa
import pyarrow.compute as pc

from lake.shards import Place
from lake.tables import Tables
from schemas.table import DONE
from schemas.tables import PICTURES
from udfs.pictures.decode import decode

JPEG_QUALITY = 72
"""A thumbnail of 132 pixels weighs about 4 kB."""


def stored_places(tables: Tables) -> pa.Table:
    """Where the bytes of each picture are: picture, shard, offset, length. A table, as there may be millions."""
    query = f"select picture, shard, \"offset\", length from {PICTURES.name} where status = '{DONE}'"  # noqa: S608
    return tables.sql(query, [PICTURES])


def place_of(places: pa.Table, picture: bytes) -> Place | None:
    """The place of one of them."""
    at = pc.index(places["picture"], pa.scalar(picture, places["picture"].type)).as_py()
    return None if at < 0 else Place(*(places[name][at].as_py() for name in ("shard", "offset", "length")))


def small(body: bytes, side: int, quality: int = JPEG_QUALITY) -> bytes:
    """The picture as a JPEG with no side longer than `side`, never enlarged. Raises PictureRefused."""
    pixels = decode(body, side)
    scale = min(1.0, side / max(pixels.shape[:2]))
    size = max(1, round(pixels.shape[1] * scale)), max(1, round(pixels.shape[0] * scale))
    shrunk = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    _, encoded = cv2.imencode(".jpg", shrunk[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    return encoded.tobytes()


def data_uri(jpeg: bytes) -> str:
    """A JPEG as a page holds it."""
    return "data:image/jpeg;base64," + base64.b64encode(jpeg).decode()


def thumbnail(body: bytes, side: int) -> str:
    """The picture with no side longer than `side`, as a data URI. Raises PictureRefused."""
    return data_uri(small(body, side))
