"""Segments of `vectors`. Each night adds new segments; a segment is rewritten when too many of its rows are unused."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce
from itertools import pairwise
from uuid import uuid4

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lake.published_files import ROWS_PER_SEGMENT, read_rows, segment_starts
from lake.store import Store
from schemas.manifest import DataFile
from schemas.published import VECTORS
from schemas.tables import CODE_BYTES, EMBEDDING_SIZE

DEAD_RATIO = 0.25
"""A segment with more than this share of unused rows is rewritten. With 1% changes per night (23% after 30 nights) that
is about once a month."""

NO_KEYS = pa.array([], pa.binary(32))


@dataclass(frozen=True)
class Shelf:
    """The segments of one version: carried ones are in the store, new ones in memory."""

    store: Store
    carried: list[DataFile]
    new: dict[str, pa.Table]  # by name, schemas.published.VECTORS
    keys: pa.Array  # binary(32), of every row, carried segments first

    @property
    def rows(self) -> dict[str, int]:
        """Rows of each segment, in the order of `keys`."""
        return {str(file.segment): file.rows for file in self.carried} | {name: len(t) for name, t in self.new.items()}

    def find(self, vector_keys: pa.Array) -> np.ndarray:
        """(N,) int64: the position of each key in `keys`, or -1."""
        found: np.ndarray = pc.index_in(vector_keys, self.keys).fill_null(-1).to_numpy()
        return found.astype(np.int64)

    def places(self, positions: np.ndarray) -> tuple[pa.Array, pa.Array]:
        """The segment name and row of each position; both null for -1."""
        names = pa.array(list(self.rows), pa.string())
        starts = np.cumsum([0, *self.rows.values()])
        segment = np.searchsorted(starts, positions, side="right") - 1
        missing = positions < 0
        row = positions - starts[segment]
        return names.take(pa.array(segment, mask=missing)), pa.array(row, pa.int32(), mask=missing)

    def vectors(self, positions: np.ndarray) -> pa.Table:
        """Embedding, shape code and colour code of each position; zeros for -1."""
        count, codes = len(positions), pa.binary(CODE_BYTES)
        embedding = np.zeros((count, EMBEDDING_SIZE), np.float32)
        shape, colour = np.zeros((count, CODE_BYTES), np.uint8), np.zeros((count, CODE_BYTES), np.uint8)
        for start, segment in self._segments(positions):
            here = np.flatnonzero((positions >= start) & (positions < start + len(segment)))
            rows = positions[here] - start
            embedding[here] = fixed_width(segment["embedding"])[rows]
            shape[here] = fixed_width(segment["shape_code"])[rows]
            colour[here] = fixed_width(segment["colour_code"])[rows]
        return pa.table({
            "embedding": pa.FixedSizeListArray.from_arrays(embedding.ravel(), EMBEDDING_SIZE),
            "shape_code": pa.Array.from_buffers(codes, count, [None, pa.py_buffer(shape)]),
            "colour_code": pa.Array.from_buffers(codes, count, [None, pa.py_buffer(colour)]),
        })  # fmt: skip

    def _segments(self, positions: np.ndarray) -> Iterator[tuple[int, pa.Table]]:
        """Each segment that is needed for the positions, one at a time, with its first position."""
        places: list[DataFile | pa.Table] = [*self.carried, *self.new.values()]
        for place, (start, end) in zip(places, pairwise(np.cumsum([0, *self.rows.values()])), strict=True):
            if np.any((positions >= start) & (positions < end)):
                yield int(start), read_rows(self.store, "vectors", [place]) if isinstance(place, DataFile) else place


def shelve(
    store: Store, segments: list[DataFile], wanted: pa.Array, offered: pa.Table, banned: pa.Array = NO_KEYS
) -> Shelf:
    """Carry the parent's segments that have few unused rows; put all other wanted vectors into new segments.

    A segment with a `banned` vector is not carried, nor is that vector itself: `offered` may have another of its key.
    `wanted` are the vector keys of all garments in their order; `offered` has the vectors that no segment holds.
    New rows are in the order of the garments, so that a first version is read sequentially.
    """
    keys = segment_keys(store, segments)
    alive = pc.is_in(keys, wanted).to_numpy(zero_copy_only=False)
    starts = segment_starts(segments)
    clean = pc.invert(pc.is_in(keys, banned)).to_numpy(zero_copy_only=False)
    spans = list(pairwise(starts))
    shares = [alive[start:end].mean() for start, end in spans]
    stays = [share >= 1 - DEAD_RATIO and clean[start:end].all()
             for share, (start, end) in zip(shares, spans, strict=True)]  # fmt: skip
    carried = [file for file, stay in zip(segments, stays, strict=True) if stay]
    moved = [file for file, share, stay in zip(segments, shares, stays, strict=True) if share > 0 and not stay]

    kept_keys = keys if carried == segments else segment_keys(store, carried)
    rescued = [rows.filter(pc.invert(pc.is_in(rows["vector_key"], banned)))
               for rows in (read_rows(store, "vectors", [file]) for file in moved)]  # fmt: skip
    pool = pa.concat_tables([offered.filter(_whole(offered)), *rescued])
    new = _new_segments(absent(wanted, kept_keys), pool)
    new_keys = [chunk for table in new.values() for chunk in table["vector_key"].chunks]
    return Shelf(store, carried, new, pa.concat_arrays([kept_keys, *new_keys]))


def segment_keys(store: Store, segments: list[DataFile]) -> pa.Array:
    """The vector keys of all rows, segment after segment."""
    return one_array(read_rows(store, "vectors", segments, ["vector_key"])["vector_key"])


def _whole(offered: pa.Table) -> pa.ChunkedArray:
    """Whether a row has everything that a vector must have."""
    return reduce(pc.and_, [offered[field.name].is_valid() for field in VECTORS.schema if not field.nullable])


def absent(wanted: pa.Array, present: pa.Array) -> pa.Array:
    """Keys of `wanted` that are not in `present`, each once, in their first order."""
    unique = pc.unique(wanted)
    return unique.filter(pc.invert(pc.is_in(unique, present)))


def one_array(column: pa.ChunkedArray) -> pa.Array:
    """The column as one array."""
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def fixed_width(column: pa.ChunkedArray) -> np.ndarray:
    """(N, width) view of a column of fixed-size lists or binaries without nulls."""
    array = one_array(column)
    if pa.types.is_fixed_size_list(array.type):
        items: np.ndarray = array.flatten().to_numpy(zero_copy_only=False)
        return items.reshape(len(array), array.type.list_size)
    width = array.type.byte_width
    values = np.frombuffer(array.buffers()[1], np.uint8)
    return values[array.offset * width : (array.offset + len(array)) * width].reshape(len(array), width)


def _new_segments(wanted: pa.Array, pool: pa.Table) -> dict[str, pa.Table]:
    found = pc.index_in(wanted, one_array(pool["vector_key"])).drop_null()
    return {
        uuid4().hex: pool.take(found.slice(start, ROWS_PER_SEGMENT)).combine_chunks()
        for start in range(0, len(found), ROWS_PER_SEGMENT)
    }
