"""Parquet files of the published tables: how they are laid out, and what is said of one that is not as it was."""

import hashlib
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lake.published_files import (
    DENSE_VECTORS,
    TABLES,
    DamagedSnapshot,
    folder,
    parquet,
    read_rows,
    segment_starts,
    stored,
    write_rows,
    write_segment,
)
from lake.store import DiskStore
from schemas.published import PRODUCTS
from tests.lake.published import catalog, digest, vectors


@pytest.fixture
def store(tmp_path: Path) -> DiskStore:
    return DiskStore(tmp_path)


def encodings(body: bytes, column: str) -> set[str]:
    groups = pq.read_metadata(pa.BufferReader(body)).row_group(0)
    (found,) = [groups.column(at) for at in range(groups.num_columns) if groups.column(at).path_in_schema == column]
    return set(found.encodings) | ({"statistics"} if found.is_stats_set else set())


def test_columns_that_repeat_have_a_dictionary_and_vectors_are_plain() -> None:
    products = parquet(catalog({"aa": 5}).products, "zstd")
    assert {"RLE_DICTIONARY", "statistics"} <= encodings(products, "retailer")
    rows = parquet(vectors([digest(str(n)) for n in range(4)]).cast(DENSE_VECTORS), "none")
    for column in ("vector_key", "embedding.list.element", "shape_code"):
        assert encodings(rows, column) & {"RLE_DICTIONARY", "PLAIN_DICTIONARY", "statistics"} == set()


def test_a_stored_file_says_how_it_is_found_again(store: DiskStore) -> None:
    file = stored(store, "a/b", b"body")
    assert file.model_dump() == {"path": "a/b", "bytes": 4, "sha256": hashlib.sha256(b"body").hexdigest()}
    assert store.read("a/b") == b"body"


def test_rows_are_written_in_files_and_read_back_in_their_order(
    store: DiskStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lake.published_files.ROWS_PER_FILE", 2)
    products = catalog({"aa": 5}).products
    files = write_rows(store, "products", "aa", products)
    assert [(file.table, file.retailer, file.rows, file.segment) for file in files] == [
        ("products", "aa", rows, None) for rows in (2, 2, 1)
    ]
    assert all(Path(file.path).parent == Path("published/products") for file in files)
    assert read_rows(store, "products", files).to_pylist() == products.to_pylist()
    assert read_rows(store, "products", files[1:], ["product_id"]).to_pylist() == [
        {"product_id": f"aa:{number:04}"} for number in (2, 3, 4)
    ]
    (none,) = write_rows(store, "products", None, products.slice(0, 0))
    assert (none.rows, none.retailer) == (0, None)
    assert pq.read_metadata(store.root / files[0].path).row_group(0).column(0).compression == "ZSTD"


def test_no_file_reads_as_no_rows_of_the_columns_asked_for(store: DiskStore) -> None:
    assert read_rows(store, "products", []).schema.names == PRODUCTS.schema.names
    assert read_rows(store, "vectors", [], ["vector_key"]).schema.names == ["vector_key"]


def test_a_segment_has_its_own_name(store: DiskStore) -> None:
    file = write_segment(store, "one", vectors([digest("a"), digest("b")]))
    assert (file.path, file.table, file.rows, file.segment, file.retailer) == (
        "published/vectors/one.parquet", "vectors", 2, "one", None,
    )  # fmt: skip
    assert folder("garments") == "published/garments"
    assert TABLES["products"] is PRODUCTS


def test_a_file_that_is_gone_or_shorter_is_damage(store: DiskStore) -> None:
    (file,) = write_rows(store, "products", "aa", catalog({"aa": 3}).products)
    with pytest.raises(DamagedSnapshot) as caught:
        read_rows(store, "products", [file.model_copy(update={"rows": 4})])
    assert (
        str(caught.value)
        == f"{file.path}: 3 rows, the manifest says 4; to act: the data engineer (`selvedge doctor --repair`)"
    )
    store.write(file.path, b"no Parquet")
    with pytest.raises(
        DamagedSnapshot,
        match=rf"^{file.path}: cannot be read \(.+\); to act: the data engineer \(`selvedge doctor --repair`\)$",
    ):
        read_rows(store, "products", [file])
    store.delete(file.path)
    with pytest.raises(DamagedSnapshot, match="cannot be read"):
        read_rows(store, "products", [file])


def test_segments_begin_where_the_last_ends(store: DiskStore) -> None:
    files = [write_segment(store, name, vectors([digest(name + n) for n in "abc"[:size]])) for name, size in
             (("one", 3), ("two", 1))]  # fmt: skip
    assert segment_starts(files).tolist() == [0, 3, 4]
    assert segment_starts([]).tolist() == [0]
