"""Rows by their keys: what is said of them comes from whole files alone."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lake.lookup import rows_with
from lake.store import DiskStore
from lake.tables import Tables
from schemas.errors import DamagedLake
from schemas.tables import TEXTS

KEYS = [bytes([number]) * 32 for number in range(4)]


@pytest.fixture
def tables(tmp_path: Path) -> Tables:
    """Four texts in four files."""
    tables = Tables(DiskStore(tmp_path))
    for number, key in enumerate(KEYS):
        row = {"text_key": key, "function": bytes(32), "status": "done", "language": f"l{number}"}
        tables.append(TEXTS, pa.Table.from_pylist([row], TEXTS.schema))
    return tables


def file_with(tables: Tables, key: bytes) -> Path:
    assert isinstance(tables.store, DiskStore)
    files = (tables.store.root / "tables" / "texts").glob("*.parquet")
    return next(file for file in files if pq.read_table(file)["text_key"][0].as_py() == key)


def spoil(file: Path, column: str) -> None:
    """Change the last byte of a column's only page: the file can still be read, or not."""
    body = bytearray(file.read_bytes())
    group = pq.ParquetFile(file).metadata.row_group(0)
    (at,) = (number for number in range(group.num_columns) if group.column(number).path_in_schema == column)
    found = group.column(at)
    start = found.dictionary_page_offset or found.data_page_offset
    body[start + found.total_compressed_size - 1] ^= 1
    file.write_bytes(body)


def languages(tables: Tables, *keys: bytes) -> list[str]:
    fresh = Tables(tables.store)
    return sorted(rows_with(fresh, TEXTS, "text_key", keys, ["language"])["language"].to_pylist())


def test_rows_are_found_whatever_file_holds_them(tables: Tables) -> None:
    assert languages(tables, KEYS[1], KEYS[3]) == ["l1", "l3"]
    assert languages(tables) == []
    whole = rows_with(tables, TEXTS, "text_key", [KEYS[2]])
    rows = tables.sql(f"select * from texts where text_key = X'{KEYS[2].hex()}'", [TEXTS])
    assert whole.to_pylist() == rows.to_pylist()


def test_a_table_that_the_lake_has_not_is_empty(tmp_path: Path) -> None:
    assert rows_with(Tables(DiskStore(tmp_path)), TEXTS, "text_key", KEYS).num_rows == 0


@pytest.mark.parametrize("column", ["language", "text_key"])
def test_damage_in_a_file_whose_rows_are_used_is_said(tables: Tables, column: str) -> None:
    spoil(file_with(tables, KEYS[1]), column)
    with pytest.raises(DamagedLake, match=r"sha256|cannot be read"):
        languages(tables, KEYS[1])


def test_damage_beside_the_keys_of_other_files_is_not_looked_for(tables: Tables) -> None:
    spoil(file_with(tables, KEYS[0]), "language")
    assert languages(tables, KEYS[1]) == ["l1"]


def test_that_there_is_no_row_is_said_of_whole_files_alone(tables: Tables) -> None:
    assert languages(tables, KEYS[1], bytes(32)[:31] + b"x") == ["l1"]
    spoil(file_with(tables, KEYS[0]), "language")
    with pytest.raises(DamagedLake, match="sha256"):
        languages(tables, KEYS[1], bytes(32)[:31] + b"x")


def test_a_file_of_another_size_is_said_wherever_it_is(tables: Tables) -> None:
    file = file_with(tables, KEYS[0])
    file.write_bytes(file.read_bytes() + b"x")
    with pytest.raises(DamagedLake, match="bytes where the table's log says"):
        languages(tables, KEYS[1])
