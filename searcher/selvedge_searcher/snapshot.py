"""An open version of the index, with all its files checked."""

import hashlib
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.fs as pafs

from selvedge_searcher import parquet
from selvedge_searcher.errors import EncoderMismatch, SnapshotDamaged, SnapshotMissing
from selvedge_searcher.lake import Lake
from selvedge_searcher.manifest import DataFile, File, Manifest, Pointer, parse_manifest, parse_pointer
from selvedge_searcher.mapped import mapped
from selvedge_searcher.nearest import Coded, Codes, best
from selvedge_searcher.where import Filters, Where

if TYPE_CHECKING:
    from selvedge_searcher.encoder import Encoder

DECODERS = min(os.cpu_count() or 1, 4)  # segments at a time, each up to 140 MB beside the array that is filled

IN_MEMORY = 200_000
"""Garments (200 MB of vectors) up to which a search holds all vectors in memory; of more they are mapped."""
COMPARED = 20_000
"""Garments up to which each is compared by its vector, and to which codes cut down what is more."""

CUT_WEIGHTS = (2, 1)
"""Of the shape code and the colour code: what keeps most of the nearest by vector (docs/benchmarks.md)."""
SCATTERED = 8
"""To gather one of so many vectors takes as long as to read them all in their order."""

POINTER = "snapshots/CURRENT"

ARRAYS = {"vectors": "embedding", "shape_codes": "shape_code", "colour_codes": "colour_code"}
"""What a snapshot makes when it is first used, and the column of `vectors` that it is."""


@dataclass(frozen=True)
class Segment:
    """Rows of `vectors` as one night wrote them, including unused rows. Nothing is copied after decoding."""

    keys: pa.ChunkedArray  # binary(32)
    vectors: np.ndarray  # (R, 256) float32, unit length
    shape_codes: np.ndarray  # (R, 16) uint8
    colour_codes: np.ndarray  # (R, 16) uint8


class Snapshot:
    """Garments, products and vectors of one version; G garments, P products.

    The vectors are decoded once, when they are first used; everything else is decoded on opening. What a `held` version
    of the same lake has open already is taken from it.
    """

    def __init__(self, lake: Lake, manifest: Manifest, held: "Snapshot | None" = None) -> None:
        self.lake, self.manifest = lake, manifest
        self.version = manifest.version
        both = set(held.manifest.files) & set(manifest.files) if held else set()
        self._bytes = lake.proven(file for file in manifest.files if file not in both)
        self._segments = manifest.of("vectors")
        rows = [file for file in manifest.files if file.table != "vectors"]
        self._tables = {file.path: self._decoded(file) for file in rows if file not in both}
        if held:
            self._bytes |= {file.path: held._bytes[file.path] for file in both}
            self._tables |= {file.path: held._tables[file.path] for file in rows if file in both}
        self.garments, self.products = self._placed(self._joined("garments")), self._joined("products")
        self._segment_of, self._row_of = self._places()
        if held:
            self._mapped |= {file: held._mapped[file] for file in self._segments if file in held._mapped}
        for name, column in ARRAYS.items():
            if held and name in held.__dict__:
                self.__dict__[name] = self._read_only(self._gathered_over(held, column, held.__dict__[name]))

    def _placed(self, garments: pa.Table) -> pa.Table:
        """The garments that have a vector, with its segment and row; all of them where they say these themselves."""
        stated = self.manifest.places
        if stated is None:
            return garments
        self._bytes |= self.lake.proven([stated])
        places = self._read(stated)
        at = pc.index_in(garments["garment_id"], places["garment_id"].combine_chunks())
        own = garments.filter(at.is_valid()).drop_columns(["segment", "row"])
        for name in ("segment", "row"):
            own = own.append_column(name, places[name].take(at.drop_null()))
        return own

    def _joined(self, table: str) -> pa.Table:
        return parquet.joined(table, (self._tables[file.path] for file in self.manifest.of(table)))

    @cached_property
    def second(self) -> "Snapshot | None":
        """The version by its second embedding: other vectors, another encoder, and the garments that have a vector in
        it. None where the version has no second one. Opened when it is first used, with what is open already."""
        other = self.manifest.by_second
        return Snapshot(self.lake, other, self) if other else None

    @cached_property
    def product_rows(self) -> np.ndarray:
        """(G,) int64: the row in `products` of each garment's product."""
        found = pc.index_in(self.garments["product_id"], self.products["product_id"].combine_chunks())
        if found.null_count:
            raise SnapshotDamaged(f"version {self.version}: {found.null_count} garments have no product")
        rows: np.ndarray = found.to_numpy()
        return rows.astype(np.int64)

    @cached_property
    def vectors(self) -> np.ndarray:
        """(G, 256) float32, unit length, in the order of `garments`."""
        return self._in_order("embedding")

    def vectors_of(self, rows: np.ndarray) -> np.ndarray:
        """(N, 256) float32: the vectors of some garments, of which only the segments that hold them are decoded."""
        rows = np.asarray(rows, np.int64)
        out = parquet.empty("embedding", len(rows))
        if "vectors" in self.__dict__:
            return np.take(self.vectors, rows, axis=0, out=out)
        for index in np.unique(self._segment_of[rows]).tolist():
            here = np.flatnonzero(self._segment_of[rows] == index)
            out[here] = self._rows_of(index, "embedding", rows[here])
        return out

    def cosines(self, vectors: np.ndarray) -> np.ndarray:
        """(Q, G) float32: the cosine of every garment to each of some unit vectors (Q, 256).

        One segment after the other is decoded, and none is kept.
        """
        out = np.empty((len(vectors), len(self.garments)), np.float32)
        for index in np.unique(self._segment_of).tolist():
            here = np.flatnonzero(self._segment_of == index)
            found = self._rows_of(index, "embedding", here)
            for place, vector in enumerate(vectors):
                out[place, here] = np.einsum("nd,d->n", found, vector)
        return out

    @cached_property
    def shape_codes(self) -> np.ndarray:
        """(G, 16) uint8 in the order of `garments`."""
        return self._in_order("shape_code")

    @cached_property
    def colour_codes(self) -> np.ndarray:
        """(G, 16) uint8 in the order of `garments`."""
        return self._in_order("colour_code")

    @cached_property
    def vector_keys(self) -> pa.Array:
        """(G,) binary(32): the key of each garment's vector, a digest of picture, box and model."""
        keys = pa.py_buffer(self._in_order("vector_key"))
        return pa.Array.from_buffers(parquet.FIXED["vector_key"], len(self.garments), [None, keys])

    @property
    def segments(self) -> list[str]:
        """The names of the segments. A segment that an older version has too holds the same rows in both."""
        return [str(file.segment) for file in self._segments]

    def segment(self, name: str) -> Segment:
        """Decode one segment; `garments` refer to it by `segment` and `row`."""
        table = self._decoded(self._segments[self.segments.index(name)])
        views = {column: parquet.matrix(table[column]) for column in ("embedding", "shape_code", "colour_code")}
        return Segment(table["vector_key"], views["embedding"], views["shape_code"], views["colour_code"])

    def nearest(
        self, asked: "np.ndarray | Coded", k: int = 10, where: Where | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Rows in `garments` and cosines of the `k` garments closest to a unit vector, closest first, within `where`.

        `asked`: a vector (256,), which is compared with every garment, or what has codes too, such as a garment that
        `encoder.look` found. Of many garments its codes then choose the likeliest, which alone are compared.
        Raises ValueError for a vector of another shape, and for a category that the version does not know.
        """
        vector = np.asarray(asked if isinstance(asked, np.ndarray | list | tuple) else asked.vector, np.float32)
        if vector.shape != (parquet.DIMENSIONS,) or not np.isfinite(vector).all():
            raise ValueError(
                f"the vector has the shape {vector.shape}, the vectors of the snapshot have ({parquet.DIMENSIONS},), "
                "all of them numbers"
            )
        rows = None if where is None or where == Where() else self._filters.rows(where)
        count = len(self.garments) if rows is None else len(rows)
        if count > COMPARED and not isinstance(asked, np.ndarray | list | tuple):
            rows = self._codes.cut(asked, CUT_WEIGHTS, COMPARED, rows)
        if rows is None:
            cosines = self._all_cosines(vector)
        elif len(rows) > len(self.garments) // SCATTERED:
            cosines = self._all_cosines(vector)[rows]
        else:
            cosines = self._taken(rows) @ vector
        found = best(cosines, k)
        return (found if rows is None else rows[found]), cosines[found]

    @cached_property
    def _filters(self) -> Filters:
        return Filters(self.garments, self.products, self.product_rows, self.manifest.categories)

    @cached_property
    def _codes(self) -> Codes:
        return Codes(self.shape_codes, self.colour_codes)

    @cached_property
    def _mapped(self) -> dict[DataFile, np.ndarray]:
        return {}

    def _segment_vectors(self, index: int) -> np.ndarray:
        file = self._segments[index]
        if file not in self._mapped:
            self._mapped[file] = mapped(
                self.lake.kept, file, lambda one: parquet.matrix(self._decoded(one, ["embedding"])["embedding"])
            )
        return self._mapped[file]

    def _taken(self, rows: np.ndarray) -> np.ndarray:
        """(N, 256) the vectors of some garments, ascending, without decoding."""
        if "vectors" in self.__dict__ or len(self.garments) <= IN_MEMORY:
            return np.asarray(self.vectors[rows])
        out = parquet.empty("embedding", len(rows))
        segment_of = self._segment_of[rows]
        for index in np.unique(segment_of).tolist():
            here = np.flatnonzero(segment_of == index)
            out[here] = self._segment_vectors(index)[self._row_of[rows[here]]]
        return out

    def _all_cosines(self, vector: np.ndarray) -> np.ndarray:
        """(G,) float32."""
        if "vectors" in self.__dict__ or len(self.garments) <= IN_MEMORY:
            return np.asarray(self.vectors @ vector)
        out = np.empty(len(self.garments), np.float32)
        for index in range(len(self._segments)):
            here = np.flatnonzero(self._segment_of == index)
            out[here] = (self._segment_vectors(index) @ vector)[self._row_of[here]]
        return out

    @cached_property
    def encoder(self) -> "Encoder":
        """The version's own encoder (needs the extra `encoder`). `encode` of a later version may accept it as well."""
        from selvedge_searcher.encoder import Encoder

        if self.manifest.encoder is None:
            raise EncoderMismatch(f"version {self.version} was published without an encoder")
        return Encoder(self.lake, self.manifest.encoder)

    def encode(
        self,
        image: bytes | str | Path | np.ndarray,
        box: Sequence[float] | None = None,
        encoder: "Encoder | None" = None,
    ) -> np.ndarray:
        """(256,) unit vector of a photo's best garment, or of what lies in `box` (left, top, right, bottom in 0..1).

        Raises PhotoRefused, and EncoderMismatch where `encoder` is not the one that made this version's vectors.
        """
        if encoder is not None and (self.manifest.encoder is None or encoder.digest != self.manifest.encoder.digest):
            raise EncoderMismatch(f"version {self.version} was not made with the encoder {encoder.digest[:12]}")
        return (encoder or self.encoder).encode(image, box)

    def files(self) -> list[File]:
        """Every file that this snapshot may read, for `prune`."""
        encoder, second = self.manifest.encoder, self.manifest.second
        of_second = (*second.vectors, second.places, *second.encoder.files) if second else ()
        return [*self.manifest.files, self.manifest.changes, *(encoder.files if encoder else ()), *of_second]

    def _read(self, file: File, columns: list[str] | None = None) -> pa.Table:
        try:
            return parquet.read(self._bytes[file.path], columns)
        except pa.ArrowInvalid as error:
            raise SnapshotDamaged(f"{file.path}: cannot be decoded ({error})") from error

    def _decoded(self, file: DataFile, columns: list[str] | None = None) -> pa.Table:
        rows = self._read(file, columns)
        if len(rows) != file.rows:
            raise SnapshotDamaged(f"{file.path}: {len(rows)} rows where the manifest says {file.rows}")
        return rows

    def _places(self) -> tuple[np.ndarray, np.ndarray]:
        """(G,) index of the segment and (G,) row in it; raises SnapshotDamaged where there is no such place."""
        segment = pc.index_in(self.garments["segment"], pa.array(self.segments, pa.string())).fill_null(-1).to_numpy()
        row = self.garments["row"].to_numpy()
        sizes = np.array([*(file.rows for file in self._segments), 0])
        if np.any((segment < 0) | (row < 0) | (row >= sizes[segment])):
            raise SnapshotDamaged(f"version {self.version}: garments refer to vectors that do not exist")
        return segment, row

    def _in_order(self, column: str) -> np.ndarray:
        """A column of `vectors` in the order of `garments`, read-only."""
        return self._read_only(self._gathered(column))

    def _read_only(self, values: np.ndarray) -> np.ndarray:
        values.flags.writeable = False
        return values

    def _gathered_over(self, held: "Snapshot", column: str, known: np.ndarray) -> np.ndarray:
        """Rows whose place the held version has too are copied from its array; only the others are decoded."""
        place = self._places_in(held)
        out = parquet.empty(column, len(self.garments))
        if len(known):
            np.take(known, place, axis=0, out=out, mode="clip")
        left = place < 0
        for index in np.unique(self._segment_of[left]).tolist():
            here = np.flatnonzero(left & (self._segment_of == index))
            out[here] = self._rows_of(index, column, here)
        return out

    def _rows_of(self, segment: int, column: str, garments: np.ndarray) -> np.ndarray:
        """A column of `vectors` for garments of one segment."""
        found: np.ndarray = parquet.matrix(self._decoded(self._segments[segment], [column])[column])[
            self._row_of[garments]
        ]
        return found

    def _places_in(self, held: "Snapshot") -> np.ndarray:
        """(G,) the row in the held version's garments whose vector lies where this garment's does, or -1."""
        starts = np.cumsum([0, *(file.rows for file in held._segments)])
        row_there = np.full(starts[-1], -1, np.int64)
        row_there[starts[held._segment_of] + held._row_of] = np.arange(len(held.garments))
        numbers = {file: index for index, file in enumerate(held._segments)}
        there = np.array([numbers.get(file, -1) for file in self._segments], np.int64)[self._segment_of]
        both = there >= 0
        place = np.full(len(self.garments), -1, np.int64)
        place[both] = row_there[starts[there[both]] + self._row_of[both]]
        return place

    def _gathered(self, column: str) -> np.ndarray:
        """Each row is copied once, or not at all if one segment holds all garments in their order."""
        out = parquet.empty(column, len(self.garments))
        asked = [np.flatnonzero(self._segment_of == index) for index in range(len(self._segments))]
        if len(asked) == 1 and np.array_equal(self._row_of, np.arange(self._segments[0].rows)):
            return parquet.matrix(self._decoded(self._segments[0], [column])[column])

        def fill(file: DataFile, here: np.ndarray) -> None:
            values, rows = parquet.matrix(self._decoded(file, [column])[column]), self._row_of[here]
            if here[-1] - here[0] + 1 == len(here):  # a stretch of garments: written straight into its place
                np.take(values, rows, axis=0, out=out[here[0] : here[-1] + 1], mode="clip")
            else:
                out[here] = values[rows]

        with ThreadPoolExecutor(DECODERS) as pool:
            for done in [
                pool.submit(fill, f, here) for f, here in zip(self._segments, asked, strict=True) if len(here)
            ]:
                done.result()
        return out


def open_snapshot(
    uri: str,
    version: int | None = None,
    cache: Path | str | None = None,
    *,
    candidate: bool = False,
    filesystem: pafs.FileSystem | None = None,
    held: Snapshot | None = None,
) -> Snapshot:
    """Open the live version, or a named one, of the lake at a folder or `s3://bucket/prefix`.

    `cache` holds downloads (default: the user's cache folder; unused for a folder). `filesystem` replaces the S3 that
    the AWS_* variables describe. `held`: an open version of this lake; what both have is not read again, and what was
    compared with its sha256 once is not compared again. `candidate` opens a version that is not published yet.
    Raises SnapshotMissing where there is no such version, SnapshotDamaged where a file is not what it should be,
    SchemaUnknown where this package is too old for it and LakeUnreachable where the store does not answer.
    """
    lake = Lake(uri, Path(cache) if cache else None, filesystem)
    if held is not None and held.lake.uri != lake.uri:
        raise ValueError(f"the version that is held is of {held.lake.uri}, not of {lake.uri}")
    return Snapshot(lake, _manifest(lake, version, "candidate.json" if candidate else "manifest.json"), held)


def _manifest(lake: Lake, version: int | None, name: str) -> Manifest:
    pointer = None if version is not None else _pointer(lake)
    number = version if pointer is None else pointer.version
    path = f"snapshots/{number}/{name}"
    body = lake.read(path)
    if body is None and pointer is None:
        raise SnapshotMissing(f"{lake.uri}: there is no version {number}")
    if body is None:
        raise SnapshotDamaged(f"{path}: is missing, though this version should be live")
    if pointer and hashlib.sha256(body).hexdigest() != pointer.manifest_sha256:
        raise SnapshotDamaged(f"{path}: its sha256 differs from the pointer's")
    return parse_manifest(path, body)


def live_pointer(uri: str) -> bytes:
    """The pointer as it stands in the lake; empty where there is none. Raises LakeUnreachable."""
    return Lake(uri).read(POINTER) or b""


def _pointer(lake: Lake) -> Pointer:
    body = lake.read(POINTER)
    if body is None:
        raise SnapshotMissing(f"{lake.uri}: nothing has been published yet")
    return parse_pointer(POINTER, body)
