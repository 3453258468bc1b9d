"""Between a shard and a visual function: rows stay in order; a store that fails is told from what is no picture."""

import hashlib
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from jobs.engine.visual import OverPixels
from lake.shards import Place, ShardWriter
from lake.store import open_store
from schemas.errors import Stop
from schemas.rejects import Code
from schemas.table import DIGEST, stage_table

GREYS = stage_table("greys", ("picture",), pa.field("picture", DIGEST), pa.field("grey", pa.int32()))


def mean(pixels: Sequence[np.ndarray], rows: pa.RecordBatch) -> dict[str, Any]:
    return {"grey": [round(float(picture.mean())) for picture in pixels]}


def png(grey: int) -> bytes:
    target = io.BytesIO()
    Image.new("RGB", (9, 9), (grey, grey, grey)).save(target, "PNG")
    return target.getvalue()


def stored(lake: Path, bodies: Sequence[bytes]) -> list[Place]:
    with ShardWriter(open_store(str(lake)), 1 << 20) as shards:
        return [shards.add(bytes([at]) * 32, body, "image/png", {}) for at, body in enumerate(bodies)]


def fetched(lake: Path, place: Place) -> bytes:
    """The digest of the bytes as they are now."""
    shard = lake / "shards" / place.shard
    body = shard.read_bytes()[place.offset : place.offset + place.length] if shard.is_file() else b""
    return hashlib.sha256(body).digest()


def answers(lake: Path, places: Sequence[Place]) -> list[dict[str, Any]]:
    rows = [{"picture": fetched(lake, place), **vars(place)} for place in places]
    return OverPixels(str(lake), GREYS, 8, mean)(pa.RecordBatch.from_pylist(rows)).to_pylist()


def test_rows_keep_their_order_around_what_is_no_picture(tmp_path: Path) -> None:
    bodies = [png(10), b"<html>", png(30)]
    found = answers(tmp_path, stored(tmp_path, bodies))
    assert [row["grey"] for row in found] == [10, None, 30]
    assert [row["code"] for row in found] == [None, Code.FETCH_TYPE, None]
    assert [row["picture"] for row in found] == [hashlib.sha256(b).digest() for b in bodies]


def test_a_lost_shard_is_our_own_error_and_not_the_shops(tmp_path: Path) -> None:
    first, second = stored(tmp_path, [png(10), png(20)])
    lost = Place("lost.tar", 0, 9)
    beyond = Place(second.shard, second.offset, 1 << 20)
    found = answers(tmp_path, [lost, first, beyond])
    assert [row["code"] for row in found] == [Code.INTERNAL, None, Code.INTERNAL]
    assert found[0]["detail"] == "shards/lost.tar: is missing"


def test_a_picture_of_other_bytes_than_were_fetched_is_not_looked_at(tmp_path: Path) -> None:
    (place,) = stored(tmp_path, [png(10)])
    row = {"picture": hashlib.sha256(png(20)).digest(), **vars(place)}
    (found,) = OverPixels(str(tmp_path), GREYS, 8, mean)(pa.RecordBatch.from_pylist([row])).to_pylist()
    assert (found["code"], found["detail"][:7]) == (Code.INTERNAL, "shards/")


def test_a_store_that_fails_ends_the_run_and_rejects_nothing(tmp_path: Path) -> None:
    places = stored(tmp_path, [png(10)])
    (tmp_path / "shards" / "odd.tar").mkdir()  # the disk answers with an error of its own
    with pytest.raises(Stop, match=r"shards/odd\.tar: .*to act: the data engineer"):
        answers(tmp_path, [*places, Place("odd.tar", 0, 9)])
