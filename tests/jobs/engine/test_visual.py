"""Between a shard and a visual function: rows stay in order; a store that fails is told from what is no picture."""

import hashlib
import io
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from jobs.engine import visual
from jobs.engine.beside import due_in, made_column
from jobs.engine.visual import Aside, OverPixels
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


def jpeg(width: int, height: int) -> bytes:
    target = io.BytesIO()
    Image.new("RGB", (width, height), "teal").save(target, "JPEG")
    return target.getvalue()


def enlarged(body: bytes, width: int, height: int) -> bytes:
    """A JPEG whose header says that it is larger than it is."""
    at = body.index(b"\xff\xc0") + 5
    return body[:at] + struct.pack(">HH", height, width) + body[at + 4 :]


def test_a_corrupt_and_a_huge_picture_in_a_batch_harm_no_other(tmp_path: Path) -> None:
    whole = jpeg(60, 40)
    bodies = [png(10), whole[: len(whole) - 60] + whole[-2:], png(30), enlarged(whole, 10_000, 10_000), png(50)]
    places = stored(tmp_path, bodies)
    rows = [{"picture": fetched(tmp_path, place), **vars(place)} for place in places]
    found = OverPixels(str(tmp_path), GREYS, 8, mean, group=2)(pa.RecordBatch.from_pylist(rows)).to_pylist()
    assert [row["grey"] for row in found] == [10, None, 30, None, 50]
    assert found[1]["code"] in (Code.PICTURE_TRUNCATED, Code.PICTURE_DECODE)
    assert (found[3]["code"], found[3]["detail"][:15]) == (Code.PICTURE_PIXELS, "10000 x 10000 p")


def test_a_group_that_takes_too_much_memory_is_halved(tmp_path: Path) -> None:
    sizes = []

    def greedy(pixels: Sequence[np.ndarray], rows: pa.RecordBatch) -> dict[str, Any]:
        sizes.append(len(pixels))
        if len(pixels) > 2:
            raise MemoryError
        return mean(pixels, rows)

    places = stored(tmp_path, [png(grey) for grey in range(10, 60, 10)])
    batch = pa.RecordBatch.from_pylist([{"picture": fetched(tmp_path, place), **vars(place)} for place in places])
    assert OverPixels(str(tmp_path), GREYS, 8, greedy)(batch)["grey"].to_pylist() == [10, 20, 30, 40, 50]
    assert sizes == [5, 2, 3, 1, 2]

    def hopeless(pixels: Sequence[np.ndarray], rows: pa.RecordBatch) -> dict[str, Any]:
        raise MemoryError

    with pytest.raises(MemoryError):
        OverPixels(str(tmp_path), GREYS, 8, hopeless)(batch)


def test_no_more_than_two_groups_are_open_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[int] = []
    real = visual.read_picture
    monkeypatch.setattr(visual, "read_picture", lambda *which: opened.append(1) or real(*which))
    ahead = []

    def looking(pixels: Sequence[np.ndarray], rows: pa.RecordBatch) -> dict[str, Any]:
        ahead.append(len(opened))
        return mean(pixels, rows)

    places = stored(tmp_path, [png(grey) for grey in range(10, 90, 10)])
    batch = pa.RecordBatch.from_pylist([{"picture": fetched(tmp_path, place), **vars(place)} for place in places])
    OverPixels(str(tmp_path), GREYS, 8, looking, group=2)(batch)
    assert all(count <= 2 * (at + 2) for at, count in enumerate(ahead))
    assert len(opened) == 8


DARKS = stage_table("darks", ("picture",), pa.field("picture", DIGEST), pa.field("dark", pa.bool_()))


def dark(pixels: Sequence[np.ndarray], rows: pa.RecordBatch) -> dict[str, Any]:
    if any(picture.mean() > 200 for picture in pixels):
        raise ValueError("too bright to look at")
    return {"dark": [picture.mean() < 50 for picture in pixels]}


def below_100(answer: pa.RecordBatch) -> pa.Array:
    return pa.array([grey is not None and grey < 100 for grey in answer["grey"].to_pylist()])


def test_another_stage_looks_at_what_was_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reads = []
    real = visual.read_picture
    monkeypatch.setattr(visual, "read_picture", lambda *which: reads.append(1) or real(*which))
    places = stored(tmp_path, [png(10), b"<html>", png(60), png(70), png(120)])
    due = [True, True, False, True, True]
    rows = [{"picture": fetched(tmp_path, place), **vars(place), due_in("darks"): wanted}
            for place, wanted in zip(places, due, strict=True)]  # fmt: skip
    other = Aside("darks", OverPixels(str(tmp_path), DARKS, 8, dark), below_100)
    work = OverPixels(str(tmp_path), GREYS, 8, mean, beside=(other,))
    made = work(pa.RecordBatch.from_pylist(rows))[made_column("darks")].to_pylist()
    assert [row and (row["picture"], row["dark"], row["status"]) for row in made] == [
        (rows[0]["picture"], True, "done"), None, None, (rows[3]["picture"], False, "done"), None,
    ]  # fmt: skip
    assert len(reads) == 5
    assert (
        made_column("darks") not in work(pa.RecordBatch.from_pylist(rows).drop_columns([due_in("darks")])).schema.names
    )


def test_where_another_stage_fails_its_rows_are_left_to_it(tmp_path: Path) -> None:
    places = stored(tmp_path, [png(10), png(250), png(30)])
    rows = [{"picture": fetched(tmp_path, place), **vars(place), due_in("darks"): True} for place in places]
    other = Aside("darks", OverPixels(str(tmp_path), DARKS, 8, dark))
    answer = OverPixels(str(tmp_path), GREYS, 8, mean, group=2, beside=(other,))(pa.RecordBatch.from_pylist(rows))
    assert answer["grey"].to_pylist() == [10, 250, 30]
    assert [row is not None for row in answer[made_column("darks")].to_pylist()] == [False, False, True]
