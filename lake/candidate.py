"""The next version, in memory: what changed against its parent, with places for its vectors. Nothing is written.

Its rows are looked at part by part (`lake.parts`). A part whose digests are the parent's stays as its files are: it is
not compared, not judged, and nothing of it is read.

A large version is made in steps, some retailers in each: a step is a candidate on what the step before has written.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lake.changes import CHANGES, changes
from lake.content_digest import joined_content, keys_digest, snapshot_digest
from lake.parts import Part, parts_of
from lake.published_files import (
    ROW_TABLES,
    VECTOR_COLUMNS,
    PartKey,
    StoredPart,
    nullable,
    read_rows,
    retailer_rows,
    stored_parts,
    with_vector_keys,
)
from lake.segments import NO_KEYS, Held, Shelf, Vectors, absent, fixed_width, one_array, shelve, staying
from lake.store import Store
from schemas.manifest import Content, Counts, DataFile, Manifest, PublishedTable, check_parent
from schemas.published import ADDED, GARMENTS, PRODUCTS, SCHEMA_MINOR, VECTORS

KEYED_GARMENTS = pa.schema(
    [field for field in nullable(GARMENTS.schema) if field.name not in ("segment", "row")]
    + [pa.field("vector_key", pa.binary(32))]
)
"""Garments whose vectors have no place yet."""


@dataclass(frozen=True)
class Rows:
    """The rows of the next version, in any order. Columns beyond the schemas are left out."""

    garments: pa.Table  # KEYED_GARMENTS
    products: pa.Table  # schemas.published.PRODUCTS
    vectors: Vectors  # at least those that `missing_vectors` asks for
    unchanged: frozenset[str] = frozenset()  # retailers whose rows are the base's, and are not among these


@dataclass(frozen=True)
class Base:
    """What a candidate is made on: its parent, or what the steps before have written of the same version."""

    parts: dict[PartKey, StoredPart]
    held: Held  # the segments, with the keys of their vectors
    references: dict[str, list[int]]  # by retailer, its garments of each segment
    counts: dict[str, Counts]
    minor: int  # of the schema by which its rows were written
    changes: pa.Table  # of its rows against the parent's

    @classmethod
    def of(cls, store: Store, parent: Manifest | None) -> "Base":
        """The parent; the keys of its segments are read here and nowhere else."""
        if parent is None:
            return cls({}, Held.of(store, []), {}, {}, 0, CHANGES.empty_table())
        held, minor = Held.of(store, parent.of("vectors")), parent.schema_minor
        return cls(stored_parts(parent), held, parent.references, parent.counts, minor, CHANGES.empty_table())


@dataclass(frozen=True)
class NewPart:
    """A part of the next version that is not as its files in the parent are."""

    content: Content
    rows: dict[PublishedTable, pa.Table]  # as published, sorted by id. A garment without a vector has a null place
    kept: dict[PublishedTable, list[DataFile]]  # the parent's files that hold these rows already
    judged: bool = True  # False: its rows are the parent's, and lie elsewhere now


@dataclass(frozen=True)
class Candidate:
    """A version that could be written."""

    parent: Manifest | None
    parts: dict[PartKey, StoredPart | NewPart]  # in the order of the version's rows
    shelf: Shelf
    content: dict[str, Content]  # by retailer
    counts: dict[str, Counts]  # by retailer
    references: dict[str, list[int]]  # by retailer, the garments of each segment of the shelf
    changes: pa.Table  # table, id, change against the parent
    encoder: str | None  # digest

    @property
    def content_digest(self) -> str:
        return snapshot_digest(self.content)

    @property
    def is_new(self) -> bool:
        """Whether its content differs from its parent."""
        if self.parent is None:
            return self.rows("products") > 0
        encoder = self.parent.encoder.digest if self.parent.encoder else None
        return (self.content_digest, self.encoder) != (self.parent.content_digest, encoder)

    def rows(self, table: PublishedTable) -> int:
        """The number of rows of garments or products."""
        return sum(getattr(counts, table) for counts in self.counts.values())

    @cached_property
    def garments(self) -> pa.Table:
        """The garments of the parts that differ from the parent's, as published."""
        return self._judged("garments", GARMENTS.schema)

    @cached_property
    def products(self) -> pa.Table:
        """The products of the parts that differ from the parent's."""
        return self._judged("products", PRODUCTS.schema)

    def _judged(self, table: PublishedTable, schema: pa.Schema) -> pa.Table:
        new = [part.rows[table] for part in self.parts.values() if isinstance(part, NewPart) and part.judged]
        return pa.concat_tables([*new, *([] if new else [nullable(schema).empty_table()])])

    def as_written(self, store: Store, files: list[DataFile], parts: dict[PartKey, StoredPart]) -> Base:
        """What the next step is made on. `files`: all segments, `parts`: all parts, as they were written."""
        held = Held(store, files, self.shelf.keys)
        return Base(parts, held, self.references, self.counts, SCHEMA_MINOR, self.changes)


def missing_vectors(held: Held, vector_keys: pa.ChunkedArray, banned: pa.Array = NO_KEYS) -> pa.Array:
    """The vector keys, each once, that no segment holds, or that are `banned`; publish has to supply these vectors."""
    present = held.keys
    if len(banned):
        present = present.filter(pc.invert(pc.is_in(present, banned)))
    return absent(one_array(vector_keys.cast(present.type)), present)


def rows_of(store: Store, manifest: Manifest, retailers: Iterable[str]) -> tuple[pa.Table, pa.Table]:
    """A version's garments (KEYED_GARMENTS) and products of some retailers, to be published again unchanged."""
    wanted = set(retailers)
    garments = retailer_rows(store, manifest, "garments", wanted)
    garments = with_vector_keys(store, manifest.of("vectors"), garments)
    return garments.select(KEYED_GARMENTS.names), retailer_rows(store, manifest, "products", wanted)


def prepare(
    store: Store,
    rows: Rows,
    parent: Manifest | None,
    encoder: str | None = None,
    banned: pa.Array = NO_KEYS,
    base: Base | None = None,
) -> Candidate:
    """Build the candidate from the rows and the parent. Writes nothing and does not change its arguments.

    No segment of it holds a `banned` vector of the parent (its published key), not even unused. Retailers that show one
    are not `unchanged`. `base`: the parent, where it has been read, or the step before.
    Raises WrongInput if a newer program made the parent, ValueError for an unchanged retailer that it does not have.
    """
    check_parent(parent)
    base = base or Base.of(store, parent)
    held, offered = base.held, rows.vectors
    found = _compared(rows, base, _renewed(held, banned, offered))
    kept = _references(store, found)
    wanted = _vector_keys(found.fresh.values())
    others = np.sum([np.zeros(len(held.files), np.int64), *kept.values()], axis=0)
    carried = staying(held, wanted, others, banned)
    moved = _moved(store, found, kept, carried)
    touched = dict(sorted({**found.fresh, **moved}.items()))
    shelf = shelve(held, carried, _vector_keys(touched.values()), offered, banned)
    new = _placed(found, touched, shelf)
    parts: dict[PartKey, StoredPart | NewPart] = {**found.kept, **new}
    parts = dict(sorted(parts.items()))
    return Candidate(
        parent=parent,
        parts=parts,
        shelf=shelf,
        content=_joined(parts),
        counts=dict(sorted(found.counts.items())),
        references=_counted(found, kept, new, held.files, shelf),
        changes=pa.concat_tables([base.changes, _changes(store, found)]),
        encoder=encoder,
    )


@dataclass(frozen=True)
class _Found:
    """Tonight's parts beside the base's."""

    base: Base
    kept: dict[PartKey, StoredPart] = field(default_factory=dict)  # as they are in the base
    fresh: dict[PartKey, Part] = field(default_factory=dict)
    counts: dict[str, Counts] = field(default_factory=dict)
    grown: frozenset[str] = frozenset()  # tables that got a column since
    renewed: pa.Table = field(default_factory=VECTORS.schema.empty_table)  # vectors with other values under their keys


def _renewed(held: Held, banned: pa.Array, offered: Vectors) -> pa.Table:
    """`banned` vectors of the parent, as they are offered now; without values where they are not. None is the same."""
    if not len(banned):
        return VECTORS.schema.empty_table()
    old = read_rows(held.store, "vectors", held.having(banned))
    old = old.filter(pc.is_in(old["vector_key"], banned))
    whole = offered.take(offered.keys.filter(pc.is_in(offered.keys, banned))).drop_null()
    at = pc.index_in(old["vector_key"], one_array(whole["vector_key"]))
    there = one_array(at.is_valid()).to_numpy(zero_copy_only=False)
    before, now = old.filter(pa.array(there)), whole.take(at.drop_null())
    same = np.zeros(len(old), bool)
    same[there] = np.all(
        [np.all(fixed_width(before[name]) == fixed_width(now[name]), axis=1) for name in VECTOR_COLUMNS], axis=0
    )
    renewed = whole.take(at).set_column(0, "vector_key", old["vector_key"])
    return renewed.filter(pa.array(~same)).sort_by("vector_key")


def _compared(rows: Rows, base: Base, renewed: pa.Table) -> _Found:
    before, known = base.parts, base.counts
    grown = {table for table in ROW_TABLES if base.minor < max(ADDED[table].values(), default=0)}
    found = _Found(base, grown=frozenset(grown if before else ()), renewed=renewed)
    if unknown := rows.unchanged - known.keys():
        raise ValueError(f"the parent has no {sorted(unknown)[0]} that could be unchanged")
    found.kept.update((key, part) for key, part in before.items() if key[0] in rows.unchanged)
    found.counts.update((name, known[name]) for name in rows.unchanged)
    products = nullable(PRODUCTS.schema)
    for part in parts_of(
        rows.garments.select(KEYED_GARMENTS.names).cast(KEYED_GARMENTS),
        rows.products.select(products.names).cast(products),
    ):
        old = before.get(part.key)
        counts = found.counts.get(part.retailer, Counts(garments=0, products=0, categories={}))
        found.counts[part.retailer] = _added(counts, part)
        same = old and (old.content.garments, old.content.products) == (part.garments_digest, part.products_digest)
        if old and same and not _shown(part, renewed).num_rows:
            found.kept[part.key] = old
        else:
            found.fresh[part.key] = part
    return found


def _shown(part: Part, vectors: pa.Table) -> pa.Table:
    """Those of some vectors that a part's garments show."""
    if not len(vectors):
        return vectors
    return vectors.filter(pc.is_in(vectors["vector_key"], one_array(part.garments["vector_key"])))


def _added(counts: Counts, part: Part) -> Counts:
    counted = pc.value_counts(part.garments["category"].drop_null())
    categories = dict(counts.categories)
    for name, count in zip(counted.field("values").to_pylist(), counted.field("counts").to_pylist(), strict=True):
        categories[name] = categories.get(name, 0) + count
    return Counts(
        garments=counts.garments + len(part.garments),
        products=counts.products + len(part.products),
        categories=dict(sorted(categories.items())),
    )


def _vector_keys(parts: Iterable[Part]) -> pa.Array:
    """The vector keys of the parts' garments, one part after the other."""
    return pa.concat_arrays([NO_KEYS, *(chunk for part in parts for chunk in part.garments["vector_key"].chunks)])


def _references(store: Store, found: _Found) -> dict[str, np.ndarray]:
    """By retailer, how many garments of its kept parts have their vector in each of the base's segments.

    Read from the files only where the manifest does not say it: of retailers with fresh parts too, and of a parent
    before 1.2.
    """
    names = pa.array([file.segment for file in found.base.held.files], pa.string())
    mixed = {retailer for retailer, _ in found.fresh} | {
        retailer for retailer, _ in found.base.parts.keys() - found.kept.keys()
    }
    files: dict[str, list[DataFile]] = {}
    for (retailer, _), part in found.kept.items():
        files.setdefault(retailer, []).extend(part.files["garments"])
    counted = {}
    for retailer, own in files.items():
        said = found.base.references.get(retailer, [])
        if len(said) == len(names) and retailer not in mixed:
            counted[retailer] = np.array(said, np.int64)
        else:
            used = read_rows(store, "garments", own, ["segment"])["segment"]
            counted[retailer] = _by_segment(used, names)
    return counted


def _by_segment(used: pa.ChunkedArray, names: pa.Array) -> np.ndarray:
    places = pc.index_in(used, names).drop_null().to_numpy()
    return np.bincount(places, minlength=len(names))


def _moved(store: Store, found: _Found, kept: Mapping[str, np.ndarray], carried: list[DataFile]) -> dict[PartKey, Part]:
    """The kept parts that have to be written again: a table got a column, or their vectors lie elsewhere now."""
    segments, stay = found.base.held.files, {file.segment for file in carried}
    leaving = np.array([file.segment not in stay for file in segments], bool)
    moved = {key: part for key, part in found.kept.items() if found.grown or kept[key[0]][leaving].any()}
    rows = {
        table: read_rows(store, table, [file for part in moved.values() for file in part.files[table]])
        for table in ROW_TABLES
    }
    rows["garments"] = with_vector_keys(store, segments, rows["garments"]).select(KEYED_GARMENTS.names)
    again, starts = {}, dict.fromkeys(ROW_TABLES, 0)
    for key, part in moved.items():
        sizes = {table: sum(file.rows for file in part.files[table]) for table in ROW_TABLES}
        mine = {table: rows[table].slice(starts[table], sizes[table]) for table in ROW_TABLES}
        starts = {table: starts[table] + sizes[table] for table in ROW_TABLES}
        again[key] = Part(
            *key, mine["garments"], mine["products"], part.content.garments, part.content.products
        )  # fmt: skip
    return again


def _placed(found: _Found, touched: Mapping[PartKey, Part], shelf: Shelf) -> dict[PartKey, NewPart]:
    """The parts with the place of each garment's vector, and with the parent's files where they can be kept."""
    positions = shelf.find(_vector_keys(touched.values()))
    carried = pa.array([file.segment for file in shelf.carried], pa.string())
    new, start = {}, 0
    for key, part in touched.items():
        segment, row = shelf.places(positions[start : start + len(part.garments)])
        start += len(part.garments)
        garments = part.garments.drop_columns("vector_key").append_column("segment", segment).append_column("row", row)
        unmoved = pc.all(pc.is_in(segment, carried)).as_py() is not False
        content, kept = _kept(found, part, unmoved)
        new[key] = NewPart(content, {"garments": garments, "products": part.products}, kept, key in found.fresh)
    return new


def _kept(found: _Found, part: Part, unmoved: bool) -> tuple[Content, dict[PublishedTable, list[DataFile]]]:
    """A part's digests, and its files of the parent that hold the same rows with their vectors where they were.

    None of a table that got a column since: all files of a version have the same columns, for readers that lay them
    end to end.
    """
    old = found.base.parts.get(part.key)
    same = {"garments": False, "products": False}
    if old:
        same = {
            "garments": old.content.garments == part.garments_digest,
            "products": old.content.products == part.products_digest,
        }
    renewed = _shown(part, found.renewed)
    if old and same["garments"] and not len(renewed):
        vectors = old.content.vectors
    else:
        vectors = keys_digest(part.garments.select(["vector_key"]), renewed)
    content = Content(garments=part.garments_digest, products=part.products_digest, vectors=vectors)
    stays = {"garments": same["garments"] and unmoved, "products": same["products"]}
    kept = {table: old.files[table] for table in ROW_TABLES if old and stays[table] and table not in found.grown}
    return content, kept


def _joined(parts: Mapping[PartKey, StoredPart | NewPart]) -> dict[str, Content]:
    by_retailer: dict[str, list[tuple[str, Content]]] = {}
    for (retailer, start), part in parts.items():
        by_retailer.setdefault(retailer, []).append((start, part.content))
    return {retailer: joined_content(own) for retailer, own in by_retailer.items()}


def _counted(
    found: _Found,
    kept: Mapping[str, np.ndarray],
    new: Mapping[PartKey, NewPart],
    segments: Sequence[DataFile],
    shelf: Shelf,
) -> dict[str, list[int]]:
    """By retailer, its garments of each segment of the shelf."""
    names = pa.array(list(shelf.rows), pa.string())
    before = pa.array([file.segment for file in segments], pa.string())
    moved = {retailer for retailer, start in new if (retailer, start) in found.kept}
    place = pc.index_in(names, before).fill_null(-1).to_numpy()
    counted = {}
    for retailer, own in kept.items():
        if retailer not in moved:
            counted[retailer] = np.where(place >= 0, np.append(own, 0)[place], 0)
    for (retailer, _), part in new.items():
        there = _by_segment(part.rows["garments"]["segment"], names)
        counted[retailer] = counted.get(retailer, 0) + there
    return {retailer: counts.tolist() for retailer, counts in sorted(counted.items())}


def _without_keys(garments: pa.Table, renewed: pa.Table) -> pa.Table:
    """KEYED_GARMENTS whose vector is as good as unknown where it has other values now: so each of them has changed."""
    keys = garments["vector_key"]
    if len(renewed):
        gone = pc.is_in(keys, one_array(renewed["vector_key"]))
        keys = pc.if_else(gone, pa.scalar(None, pa.binary(32)), keys)
    return garments.drop_columns("vector_key").append_column("vector_key", keys).select(KEYED_GARMENTS.names)


def _changes(store: Store, found: _Found) -> pa.Table:
    """The changed rows: fresh parts compared with the base's parts that they stand for."""
    fresh = found.fresh.values()
    gone = [part for key, part in found.base.parts.items() if key not in found.kept]
    listed = []
    for table in ROW_TABLES:
        empty = KEYED_GARMENTS.empty_table() if table == "garments" else nullable(PRODUCTS.schema).empty_table()
        old = read_rows(store, table, [file for part in gone for file in part.files[table]])
        if table == "garments":
            old = _without_keys(with_vector_keys(store, found.base.held.files, old), found.renewed)
        new = pa.concat_tables([empty, *(getattr(part, table) for part in fresh)])
        listed.append(changes(table, f"{table.removesuffix('s')}_id", old, new))
    return pa.concat_tables(listed)
