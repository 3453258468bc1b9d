"""Segments of `vectors`. Each night adds new segments; a segment is rewritten when too many of its rows are unused.

Keys are held in memory, vectors are not: those of a new segment are read when it is written.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, reduce
from itertools import pairwise
from typing import Protocol
from uuid import uuid4

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lake.published_files import ROWS_PER_SEGMENT, VECTOR_COLUMNS, nullable, read_rows, segment_starts
from lake.store import Store
from schemas.manifest import DataFile
from schemas.published import VECTORS

DEAD_RATIO = 0.25
"""A segment with more than this share of unused rows is rewritten. With 1% changes per night (23% after 30 nights) that
is about once a month."""

NO_KEYS = pa.array([], pa.binary(32))


class Vectors(Protocol):
    """Vectors that are read when they are asked for."""

    @property
    def keys(self) -> pa.Array:
        """binary(32): the key of each that is there."""

    def take(self, keys: pa.Array) -> pa.Table:
        """schemas.published.VECTORS, nullable, of some of the keys, in their order."""


@dataclass(frozen=True)
class InMemory:
    """Vectors of which a table is at hand; one that lacks a value counts as none."""

    table: pa.Table  # schemas.published.VECTORS

    @cached_property
    def _whole(self) -> pa.Table:
        rows = self.table.select(VECTOR_COLUMNS).cast(nullable(VECTORS.schema))
        filled = [rows[field.name].is_valid() for field in VECTORS.schema if not field.nullable]
        return rows.filter(reduce(pc.and_, filled)).combine_chunks()

    @cached_property
    def keys(self) -> pa.Array:
        return one_array(self._whole["vector_key"])

    def take(self, keys: pa.Array) -> pa.Table:
        return self._whole.take(pa.array(places_of(keys, self.keys)))


@dataclass(frozen=True)
class Shelf:
    """The segments of one version: carried ones are in the store, new ones are still to be written."""

    carried: list[DataFile]
    new: dict[str, pa.Array]  # by name, the keys of its rows
    keys: pa.Array  # binary(32), of every row, carried segments first
    sources: Sequence[Vectors] = ()  # the vectors of the new ones; of a key that several have, the first one counts

    @property
    def rows(self) -> dict[str, int]:
        """Rows of each segment, in the order of `keys`."""
        return {str(file.segment): file.rows for file in self.carried} | {name: len(k) for name, k in self.new.items()}

    def vectors_of(self, name: str) -> pa.Table:
        """schemas.published.VECTORS, nullable, of a new segment."""
        wanted = left = self.new[name]
        found = [nullable(VECTORS.schema).empty_table()]
        for source in self.sources:
            there = pa.array(places_of(left, source.keys) >= 0)
            found.append(source.take(left.filter(there)))
            left = left.filter(pc.invert(there))
        rows = pa.concat_tables(found)
        at = places_of(wanted, one_array(rows["vector_key"]))
        return rows if np.array_equal(at, np.arange(len(rows))) else rows.combine_chunks().take(pa.array(at))

    def find(self, vector_keys: pa.Array) -> np.ndarray:
        """(N,) int64: the position of each key in `keys`, or -1."""
        return places_of(vector_keys, self.keys)

    def places(self, positions: np.ndarray) -> tuple[pa.Array, pa.Array]:
        """The segment name and row of each position; both null for -1."""
        names = pa.array(list(self.rows), pa.string())
        starts = np.cumsum([0, *self.rows.values()])
        segment = np.searchsorted(starts, positions, side="right") - 1
        missing = positions < 0
        row = positions - starts[segment]
        return names.take(pa.array(segment, mask=missing)), pa.array(row, pa.int32(), mask=missing)


@dataclass(frozen=True)
class Held:
    """The segments of the parent, with the keys of all their rows."""

    store: Store
    files: list[DataFile]
    keys: pa.Array  # binary(32)

    @classmethod
    def of(cls, store: Store, files: list[DataFile]) -> "Held":
        return cls(store, files, segment_keys(store, files))

    @property
    def spans(self) -> list[tuple[DataFile, int, int]]:
        """Each segment with the first of its rows in `keys` and the one after its last."""
        return [
            (file, int(a), int(b))
            for file, (a, b) in zip(self.files, pairwise(segment_starts(self.files)), strict=True)
        ]

    def having(self, wanted: pa.Array) -> list[DataFile]:
        """The segments in which one of some keys lies."""
        found = pc.is_in(self.keys, wanted).to_numpy(zero_copy_only=False)
        return [file for file, start, end in self.spans if found[start:end].any()]


@dataclass(frozen=True)
class Leaving:
    """The vectors of segments that are not carried, but for some keys."""

    held: Held
    files: Sequence[DataFile]
    barred: pa.Array

    @cached_property
    def keys(self) -> pa.Array:
        found = [self.held.keys.slice(start, end - start) for file, start, end in self.held.spans if file in self.files]
        keys = pa.concat_arrays([NO_KEYS, *found])
        return keys.filter(pc.invert(pc.is_in(keys, self.barred))) if len(self.barred) else keys

    def take(self, keys: pa.Array) -> pa.Table:
        files = [file for file in self.held.having(keys) if file in self.files]
        rows = read_rows(self.held.store, "vectors", files)
        return rows.take(pa.array(places_of(keys, one_array(rows["vector_key"]))))


def staying(held: Held, wanted: pa.Array, others: np.ndarray, banned: pa.Array = NO_KEYS) -> list[DataFile]:
    """The segments that are carried: those with few unused rows and without a `banned` vector.

    `wanted` are the keys of the garments that are placed anew; `others` has for each segment the number of garments
    that stay and have their vector in it.
    """
    alive = pc.is_in(held.keys, wanted).to_numpy(zero_copy_only=False)
    spoilt = held.having(banned)
    return [
        file
        for (file, start, end), other in zip(held.spans, others.tolist(), strict=True)
        if end > start and alive[start:end].sum() + other >= (1 - DEAD_RATIO) * (end - start) and file not in spoilt
    ]


def shelve(
    held: Held, carried: list[DataFile], wanted: pa.Array, offered: Vectors, banned: pa.Array = NO_KEYS
) -> Shelf:
    """Carry some of the segments; put all other wanted vectors into new ones.

    A `banned` vector is not taken from the others: `offered` may have another of its key. `wanted` are the vector keys
    of garments in their order; `offered` has the vectors that no segment holds. New rows are in the order of the
    garments, so that a first version is read sequentially.
    """
    kept = [held.keys.slice(start, end - start) for file, start, end in held.spans if file in carried]
    kept_keys = held.keys if len(kept) == len(held.files) else pa.concat_arrays([NO_KEYS, *kept])
    sources = [offered, Leaving(held, [file for file in held.files if file not in carried], banned)]
    left = absent(wanted, kept_keys)
    there = np.any([places_of(left, source.keys) >= 0 for source in sources], axis=0)
    new = _new_segments(left.filter(pa.array(there)))
    return Shelf(carried, new, pa.concat_arrays([kept_keys, *new.values()]), sources)


def segment_keys(store: Store, segments: list[DataFile]) -> pa.Array:
    """The vector keys of all rows, segment after segment."""
    return one_array(read_rows(store, "vectors", segments, ["vector_key"])["vector_key"])


def absent(wanted: pa.Array, present: pa.Array) -> pa.Array:
    """Keys of `wanted` that are not in `present`, each once, in their first order."""
    unique = pc.unique(wanted)
    return unique.filter(pa.array(places_of(unique, present) < 0))


def places_of(wanted: pa.Array, keys: pa.Array) -> np.ndarray:
    """(N,) int64: where each wanted key first stands in `keys`, or -1. Only the shorter of the two is hashed."""
    if len(wanted) >= len(keys):
        places: np.ndarray = pc.index_in(wanted, keys).fill_null(-1).to_numpy()
        return places.astype(np.int64)
    unique = pc.unique(wanted)
    seen = pc.index_in(keys, unique).fill_null(-1).to_numpy()
    hits = np.flatnonzero(seen >= 0)[::-1]
    first = np.full(len(unique), -1, np.int64)
    first[seen[hits]] = hits  # the last one written is the first one in `keys`
    found: np.ndarray = first[pc.index_in(wanted, unique).to_numpy()]
    return found


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


def _new_segments(keys: pa.Array) -> dict[str, pa.Array]:
    return {uuid4().hex: keys.slice(start, ROWS_PER_SEGMENT) for start in range(0, len(keys), ROWS_PER_SEGMENT)}
