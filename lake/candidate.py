"""The next version, in memory: its rows, the place of each garment's vector, and the changes. Nothing is written."""

from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lake.changes import changes
from lake.content_digest import snapshot_digest, sorted_table_digest
from lake.published_files import VECTOR_COLUMNS, nullable, retailer_rows, with_vector_keys
from lake.segments import NO_KEYS, Shelf, absent, one_array, segment_keys, shelve
from lake.store import Store
from schemas.manifest import Content, DataFile, Manifest, PublishedTable, check_parent
from schemas.published import ADDED, GARMENTS, PRODUCTS, VECTORS

KEYED_GARMENTS = pa.schema(
    [field for field in nullable(GARMENTS.schema) if field.name not in ("segment", "row")]
    + [pa.field("vector_key", pa.binary(32))]
)
"""Garments whose vectors have no place yet."""

ROW_TABLES: tuple[PublishedTable, ...] = ("garments", "products")
"""Written a file a retailer; vectors lie in segments."""

ROWS_AT_ONCE = 1_000_000  # vectors whose digests are taken together: 1.1 GB


@dataclass(frozen=True)
class Rows:
    """All rows of the next version, in any order. Columns beyond the schemas are left out."""

    garments: pa.Table  # KEYED_GARMENTS
    products: pa.Table  # schemas.published.PRODUCTS
    vectors: pa.Table  # schemas.published.VECTORS: at least those that `missing_vectors` asks for


@dataclass(frozen=True)
class Candidate:
    """A version that could be written. A garment without a vector has a null place."""

    parent: Manifest | None
    garments: pa.Table  # schemas.published.GARMENTS, sorted by retailer and id
    products: pa.Table  # schemas.published.PRODUCTS, sorted by retailer and id
    offered: pa.Table  # the vectors as they were handed in
    shelf: Shelf
    carried: list[DataFile]  # the parent's files of garments and products that stay
    content: dict[str, Content]  # by retailer
    changes: pa.Table  # table, id, change against the parent
    encoder: str | None  # digest

    @property
    def content_digest(self) -> str:
        return snapshot_digest(self.content)

    @property
    def is_new(self) -> bool:
        """Whether its content differs from its parent."""
        if self.parent is None:
            return len(self.products) > 0
        encoder = self.parent.encoder.digest if self.parent.encoder else None
        return (self.content_digest, self.encoder) != (self.parent.content_digest, encoder)

    def rows(self, table: PublishedTable) -> pa.Table:
        return {"garments": self.garments, "products": self.products}[table]


def missing_vectors(
    store: Store, parent: Manifest | None, vector_keys: pa.ChunkedArray, banned: pa.Array = NO_KEYS
) -> pa.Array:
    """The vector keys, each once, that no segment of the parent holds, or that are `banned`; publish has to supply
    these vectors."""
    present = segment_keys(store, parent.of("vectors") if parent else [])
    return absent(one_array(vector_keys.cast(present.type)), present.filter(pc.invert(pc.is_in(present, banned))))


def rows_of(store: Store, manifest: Manifest, retailers: Iterable[str]) -> tuple[pa.Table, pa.Table]:
    """A version's garments (KEYED_GARMENTS) and products of some retailers, to be published again unchanged."""
    wanted = set(retailers)
    garments = with_vector_keys(store, manifest, retailer_rows(store, manifest, "garments", wanted))
    return garments.select(KEYED_GARMENTS.names), retailer_rows(store, manifest, "products", wanted)


def prepare(
    store: Store,
    rows: Rows,
    parent: Manifest | None,
    encoder: str | None = None,
    banned: pa.Array = NO_KEYS,
) -> Candidate:
    """Build the candidate from the rows and the parent. Writes nothing and does not change its arguments.

    No segment of it holds a `banned` vector of the parent (its published key), not even unused.
    Raises WrongInput if a newer program made the parent.
    """
    check_parent(parent)
    garments = _sorted(rows.garments.select(KEYED_GARMENTS.names).cast(KEYED_GARMENTS), "garment_id")
    products_schema = nullable(PRODUCTS.schema)
    products = _sorted(rows.products.select(products_schema.names).cast(products_schema), "product_id")
    offered = rows.vectors.select(VECTOR_COLUMNS).cast(nullable(VECTORS.schema))

    wanted = one_array(garments["vector_key"])
    shelf = shelve(store, parent.of("vectors") if parent else [], wanted, offered, banned)
    positions = shelf.find(wanted)
    segment, row = shelf.places(positions)
    placed = garments.drop_columns("vector_key").append_column("segment", segment).append_column("row", row)
    renewed = set(garments.filter(pc.is_in(garments["vector_key"], banned))["retailer"].to_pylist())
    content = _content(parent, garments, products, shelf, positions, renewed)
    return Candidate(
        parent=parent,
        garments=placed,
        products=products,
        offered=offered,
        shelf=shelf,
        carried=_carried(parent, content, placed, shelf),
        content=content,
        changes=_changes(store, parent, content, garments, products, banned),
        encoder=encoder,
    )


def _sorted(rows: pa.Table, key: str) -> pa.Table:
    return rows.sort_by([("retailer", "ascending"), (key, "ascending")]).combine_chunks()


def retailer_slices(rows: pa.Table) -> dict[str, tuple[int, int]]:
    """Start and end of each retailer's rows in a table sorted by retailer."""
    runs = pc.run_end_encode(one_array(rows["retailer"]))
    ends = runs.run_ends.to_numpy().tolist()
    return dict(zip(runs.values.to_pylist(), zip([0, *ends], ends, strict=False), strict=True))


def _content(
    parent: Manifest | None,
    garments: pa.Table,
    products: pa.Table,
    shelf: Shelf,
    positions: np.ndarray,
    renewed: Container[str],
) -> dict[str, Content]:
    """The digests of every retailer's rows. Vectors are read again only if the garments differ from the parent's, or if
    the retailer has others under the same keys (`renewed`)."""
    known = parent.content if parent else {}
    garment_slices, product_slices = retailer_slices(garments), retailer_slices(products)
    digests = {}
    for retailer in sorted({*garment_slices, *product_slices}):
        digests[retailer] = (
            _slice_digest("garments", garments, garment_slices.get(retailer, (0, 0))),
            _slice_digest("products", products, product_slices.get(retailer, (0, 0))),
        )
    same = {
        retailer
        for retailer, (of_garments, _) in digests.items()
        if retailer in known and known[retailer].garments == of_garments and retailer not in renewed
    }
    changed = {retailer: garment_slices.get(retailer, (0, 0)) for retailer in digests if retailer not in same}
    vectors = {retailer: known[retailer].vectors for retailer in same} | _vector_digests(shelf, positions, changed)
    return {r: Content(garments=g, products=p, vectors=vectors[r]) for r, (g, p) in digests.items()}


def _slice_digest(table: PublishedTable, rows: pa.Table, place: tuple[int, int]) -> str:
    start, end = place
    return sorted_table_digest(rows.slice(start, end - start), ADDED[table])


def _vector_digests(shelf: Shelf, positions: np.ndarray, slices: dict[str, tuple[int, int]]) -> dict[str, str]:
    digests = {}
    for group in _groups(slices):
        spans = [slices[retailer] for retailer in group]
        vectors = shelf.vectors(np.concatenate([positions[start:end] for start, end in spans]))
        ends = np.cumsum([end - start for start, end in spans]).tolist()
        for retailer, start, end in zip(group, [0, *ends], ends, strict=False):
            digests[retailer] = _slice_digest("vectors", vectors, (start, end))
    return digests


def _groups(slices: dict[str, tuple[int, int]]) -> Iterator[list[str]]:
    """Groups of retailers with at most `ROWS_AT_ONCE` rows together; a larger retailer is a group of its own."""
    group: list[str] = []
    rows = 0
    for retailer, (start, end) in slices.items():
        if group and rows + end - start > ROWS_AT_ONCE:
            yield group
            group, rows = [], 0
        group.append(retailer)
        rows += end - start
    if group:
        yield group


def _carried(parent: Manifest | None, content: dict[str, Content], garments: pa.Table, shelf: Shelf) -> list[DataFile]:
    """The parent's files that can be kept: those of retailers with equal rows and unmoved vectors.

    None of a table that got a column since: all files of a version have the same columns, for readers that lay them
    end to end.
    """
    if parent is None:
        return []
    grown = {table for table, columns in ADDED.items() if parent.schema_minor < max(columns.values(), default=0)}
    old = pa.array([file.segment for file in shelf.carried], pa.string())
    moved = set(pc.unique(garments.filter(pc.invert(pc.is_in(garments["segment"], old)))["retailer"]).to_pylist())
    return [
        file
        for file in parent.files
        if file.table in ROW_TABLES
        and file.table not in grown
        and _equal(parent, content, file)
        and not (file.table == "garments" and file.retailer in moved)
    ]


def _equal(parent: Manifest, content: dict[str, Content], file: DataFile) -> bool:
    retailer = str(file.retailer)
    now, before = content.get(retailer), parent.content.get(retailer)
    return now is not None and before is not None and getattr(now, file.table) == getattr(before, file.table)


def _changes(
    store: Store,
    parent: Manifest | None,
    content: dict[str, Content],
    garments: pa.Table,
    products: pa.Table,
    banned: pa.Array,
) -> pa.Table:
    """The changed rows, compared only for retailers whose content differs. A garment whose vector was `banned` has
    changed."""
    before = parent.content if parent else {}
    retailers = sorted(r for r in {*before, *content} if before.get(r) != content.get(r))
    old_garments, old_products = garments.slice(0, 0), products.slice(0, 0)
    if parent:
        old_garments, old_products = rows_of(store, parent, retailers)
        was_banned = pc.is_in(old_garments["vector_key"], banned)
        keys = pc.if_else(was_banned, pa.scalar(None, pa.binary(32)), old_garments["vector_key"])
        old_garments = old_garments.drop_columns("vector_key").append_column("vector_key", keys)
    return pa.concat_tables([
        changes("garments", "garment_id", old_garments, _only(garments, retailers)),
        changes("products", "product_id", old_products, _only(products, retailers)),
    ])  # fmt: skip


def _only(rows: pa.Table, retailers: Sequence[str]) -> pa.Table:
    return rows.filter(pc.is_in(rows["retailer"], pa.array(retailers, pa.string())))
