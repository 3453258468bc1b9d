"""Opens pictures from shards for visual functions, ahead of the networks, keeping the order of rows.

A picture is opened once for all functions that look at it: beside its own rows the work of a stage makes those of
later stages where they are due too (`jobs.engine.beside`).
"""

import hashlib
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from jobs.engine.beside import SECONDS, due_in, made_column, without_due
from jobs.engine.night import Night
from lake.shards import PictureLost, Place, read_picture
from lake.store import Store, open_store
from schemas.errors import Stop
from schemas.rejects import Code
from schemas.table import DONE, Table
from udfs.pictures.decode import Opened
from udfs.pictures.inspect import PictureRefused
from udfs.runtime.isolation import rejected

READERS = 4
"""Threads that read and decode pictures ahead of the networks; decoding releases the GIL."""

GROUPS = 8
"""Groups of pictures in a batch of rows. While the networks look at one, the next is opened; two at most are held."""

Pixels = np.ndarray
Look = Callable[[Sequence[Pixels], pa.RecordBatch], dict[str, Any]]
"""A visual function: takes pixels and their rows, gives one column of values for each column of the table."""


def batch_rows(night: Night) -> int:
    """Rows that a stage over pictures gets at once."""
    return GROUPS * night.settings.work.batch_rows


@dataclass(frozen=True)
class OverPixels:
    """The work of a stage over pictures. The columns `shard, offset, length` say where a row's picture is stored."""

    lake: str
    table: Table
    side: int  # the shorter side is opened at no less than this
    look: Look
    group: int = 32
    """Pictures that the function gets at once; half of them where that takes more memory than there is."""
    beside: tuple["Aside", ...] = ()

    def __call__(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        answers = []
        with ThreadPoolExecutor(READERS) as readers:
            for rows, opened in self._groups(batch, readers):
                answers.append(self._with_others(rows, opened, self.answered(opened, rows)))
        return _one_batch(answers)

    def _groups(
        self, batch: pa.RecordBatch, readers: ThreadPoolExecutor
    ) -> Iterator[tuple[pa.RecordBatch, list["_Picture"]]]:
        """Rows with their pictures, one group ahead of who takes them."""
        store = open_store(self.lake)
        waiting: deque[tuple[pa.RecordBatch, list[Future[_Picture]]]] = deque()
        for at in range(0, batch.num_rows, self.group):
            rows = batch.slice(at, self.group)
            waiting.append((rows, [readers.submit(self._opened, store, row) for row in rows.to_pylist()]))
            if len(waiting) > 1:
                yield _ready(*waiting.popleft())
        while waiting:
            yield _ready(*waiting.popleft())

    def _opened(self, store: Store, row: dict[str, Any]) -> "_Picture":
        """A row's picture, decoded for everyone who surely looks at it."""
        picture = _Picture(store, row)
        for work in (self, *(one.work for one in self.beside if one.where is None and row.get(due_in(one.name)))):
            picture.pixels(work.side_for(row))
        return picture

    def side_for(self, row: dict[str, Any]) -> int:
        """The side to decode at: the smaller the box, the larger the picture has to be."""
        box = row.get("box")
        return round(self.side / max(min(box[2] - box[0], box[3] - box[1]), 0.1)) if box else self.side

    def answered(self, opened: Sequence["_Picture"], rows: pa.RecordBatch) -> pa.RecordBatch:
        """One row of the table for each picture."""
        if not opened:
            return pa.RecordBatch.from_pylist([], self._schema)
        found = [picture.pixels(self.side_for(picture.row)) for picture in opened]
        good = [at for at, pixels in enumerate(found) if not isinstance(pixels, PictureRefused)]
        answers = {
            at: rejected(self.table, rows.slice(at, 1), refused.code, refused.detail)
            for at, refused in enumerate(found)
            if isinstance(refused, PictureRefused)
        }
        if good:
            seen = self._looked([found[at] for at in good], rows.take(pa.array(good)))
            answers |= {at: seen.slice(place, 1) for place, at in enumerate(good)}
        return _one_batch([answers[at] for at in range(rows.num_rows)])

    def _looked(self, pixels: Sequence[Any], rows: pa.RecordBatch) -> pa.RecordBatch:
        try:
            return self._rows(rows, self.look(pixels, rows))
        except MemoryError:
            if len(pixels) == 1:
                raise
        half = len(pixels) // 2
        return _one_batch([self._looked(pixels[:half], rows.slice(0, half)),
                           self._looked(pixels[half:], rows.slice(half))])  # fmt: skip

    def _with_others(
        self, rows: pa.RecordBatch, opened: Sequence["_Picture"], answer: pa.RecordBatch
    ) -> pa.RecordBatch:
        """The answer with a column more for each other stage in which a row may be due."""
        for one in self.beside:
            if due_in(one.name) in rows.schema.names:
                answer = answer.append_column(made_column(one.name), one.made(rows, opened, answer))
        return answer

    def _rows(self, rows: pa.RecordBatch, columns: dict[str, Any]) -> pa.RecordBatch:
        count = rows.num_rows
        fixed = {"status": [DONE] * count, "code": [None] * count, "detail": [None] * count}
        arrays = []
        for field in self._schema:
            if field.name in fixed:
                arrays.append(pa.array(fixed[field.name], field.type))
            elif field.name in columns:
                arrays.append(_column(columns[field.name], field.type))
            else:
                arrays.append(rows.column(field.name).cast(field.type))
        return pa.RecordBatch.from_arrays(arrays, schema=self._schema)

    @property
    def _schema(self) -> pa.Schema:
        return pa.schema([field for field in self.table.schema if field.name != "function"])


@dataclass(frozen=True)
class Aside:
    """Another stage that looks at the same pictures: its work, and at which of the answered rows (None: at all)."""

    name: str
    work: OverPixels
    where: Callable[[pa.RecordBatch], pa.Array] | None = None

    def made(self, rows: pa.RecordBatch, opened: Sequence["_Picture"], answer: pa.RecordBatch) -> pa.StructArray:
        """The other stage's row for each picture that is due there, with the seconds that it took; else null.

        Where the work fails, nothing is made: the rows stay due in their own stage, which says what is wrong.
        """
        chosen = rows.column(due_in(self.name))
        if self.where is not None:
            chosen = pc.and_(chosen, self.where(answer))
        places = np.flatnonzero(chosen.to_numpy(zero_copy_only=False))
        began = time.perf_counter()
        try:
            made = self._answers(rows, opened, places)
        except Stop:
            raise
        except Exception:
            made, places = self._answers(rows, opened, ()), places[:0]
        return _spread(made, places, rows.num_rows, time.perf_counter() - began)

    def _answers(
        self, rows: pa.RecordBatch, opened: Sequence["_Picture"], places: Sequence[int] | np.ndarray
    ) -> pa.RecordBatch:
        if not len(places):
            return self.work.answered([], rows.slice(0, 0))
        return self.work.answered([opened[at] for at in places], without_due(rows.take(pa.array(places))))


class _Picture:
    """The picture of one row, or why there is none."""

    def __init__(self, store: Store, row: dict[str, Any]) -> None:
        self.row = row
        self._found: Opened | PictureRefused
        try:
            self._found = Opened(_proven(store, row))
        except PictureRefused as refused:
            self._found = refused
        except PictureLost as lost:
            self._found = PictureRefused(Code.INTERNAL, str(lost))
        except OSError as error:  # of the disk or the store: no row is at fault
            raise Stop(
                f"shards/{row['shard']}: {error}; to act: the data engineer (check the store, then run again)"
            ) from error

    def pixels(self, side: int) -> Pixels | PictureRefused:
        if isinstance(self._found, PictureRefused):
            return self._found
        try:
            return self._found.pixels(side)
        except PictureRefused as refused:
            return refused


def _ready(rows: pa.RecordBatch, opened: Sequence[Future[_Picture]]) -> tuple[pa.RecordBatch, list[_Picture]]:
    return rows, [one.result() for one in opened]


def _proven(store: Store, row: dict[str, Any]) -> bytes:
    """The bytes of a row's picture; raises PictureLost where they are no longer those that were fetched."""
    body = read_picture(store, Place(row["shard"], row["offset"], row["length"]))
    if hashlib.sha256(body).digest() != row["picture"]:
        raise PictureLost(f"shards/{row['shard']}: holds other bytes at {row['offset']} than were fetched")
    return body


def _one_batch(batches: Sequence[pa.RecordBatch]) -> pa.RecordBatch:
    return pa.Table.from_batches(batches).combine_chunks().to_batches()[0]


def _spread(made: pa.RecordBatch, places: Sequence[int] | np.ndarray, count: int, seconds: float) -> pa.StructArray:
    """Rows put to their places among `count`, null elsewhere; each with its share of the seconds."""
    index = np.full(count, -1)
    index[places] = np.arange(len(places))
    at = pa.array(index, mask=index < 0)
    share = pa.array(np.full(count, seconds / max(len(places), 1)))
    columns = [*(column.take(at) for column in made.columns), share]
    fields = [*(field.with_nullable(True) for field in made.schema), pa.field(SECONDS, pa.float64())]
    return pa.StructArray.from_arrays(columns, fields=fields, mask=pa.array(index < 0))


def _column(values: Any, kind: pa.DataType) -> pa.Array:
    if isinstance(values, pa.Array):
        return values.cast(kind)
    if isinstance(values, np.ndarray) and values.ndim == 2 and pa.types.is_fixed_size_list(kind):
        return pa.FixedSizeListArray.from_arrays(pa.array(values.ravel(), kind.value_type), kind.list_size)
    if isinstance(values, np.ndarray) and values.ndim == 2:
        return pa.array([row.tobytes() for row in values], kind)
    return pa.array(values, kind)
