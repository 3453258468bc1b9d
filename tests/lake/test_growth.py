"""Lakes of an older and of a newer program than this one, of every table."""

from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import DeltaTable

from lake.store import DiskStore
from lake.tables import RowWriter, Tables, _plain
from schemas.errors import WrongInput
from schemas.published import PUBLISHED_TABLES
from schemas.table import DIGEST, PRICE, Table, stage_table
from schemas.tables import RUNS, STAGE_TABLES
from schemas.version import program_version

EVERY = (*STAGE_TABLES, RUNS, *PUBLISHED_TABLES)
OLD = stage_table(
    "things", ("thing",), pa.field("thing", DIGEST), pa.field("price", PRICE), pa.field("name", pa.string())
)
COUNTS = pa.list_(pa.struct([("name", pa.string()), ("parts", pa.list_(pa.binary()))]))
NEW = replace(OLD, schema=OLD.schema.append(pa.field("colour", pa.string())).append(pa.field("counts", COUNTS)))


def of(table: Table, number: int, **values: object) -> pa.Table:
    """A row of a table, with nulls where it may have them."""
    known = {"thing": bytes([number]) * 32, "function": bytes(32), "status": "done", "name": f"thing {number}"}
    return pa.Table.from_pylist([known | values], table.schema)


@pytest.fixture
def tables(tmp_path: Path) -> Tables:
    """A lake in which an older program has been."""
    older = Tables(DiskStore(tmp_path))
    older.append(OLD, of(OLD, 1))
    return older


def log(tables: Tables, table: Table) -> list[str]:
    return [entry["operation"] for entry in DeltaTable(tables.uri(table)).history()]


def unlike(table: Table, schema: pa.Schema) -> Table:
    return replace(table, schema=schema)


@pytest.mark.parametrize("table", EVERY, ids=lambda table: table.name)
def test_a_column_of_every_type_is_read_and_added(tmp_path: Path, table: Table) -> None:
    """The oldest lake that there can be: the columns that are not null, and a row."""
    new = Tables(DiskStore(tmp_path))
    older = unlike(table, pa.schema([field for field in table.schema if not field.nullable]))
    blank = {
        field.name: bytes(field.type.byte_width) if pa.types.is_fixed_size_binary(field.type) else _blank(field.type)
        for field in older.schema
    }
    new.append(older, pa.Table.from_pylist([blank], older.schema))
    read = new.sql(f"select * from {table.name}", [table])
    new.open(table)
    grown = new.sql(f"select * from {table.name}", [table])
    assert read.schema.names == table.schema.names
    assert set(grown.schema.names) == set(read.schema.names)
    assert [field.type for field in read.schema] == [_plain(field.type) for field in table.stored]
    assert read.to_pylist() == grown.select(read.schema.names).to_pylist()
    assert {field.name for field in read.schema if read[field.name].null_count} == set(table.schema.names) - set(
        older.schema.names
    )


def _blank(kind: pa.DataType) -> object:
    if pa.types.is_fixed_size_list(kind):
        return [0.0] * kind.list_size
    return [] if pa.types.is_list(kind) else "" if pa.types.is_string(kind) else 0


def test_reading_an_older_lake_gives_nulls_and_writes_nothing(tables: Tables) -> None:
    query = "with mine as (select * from things where colour is null) select name, colour, counts from mine"
    assert tables.sql(query, [NEW, NEW]).to_pylist() == [{"name": "thing 1", "colour": None, "counts": None}]
    assert log(tables, OLD) == ["WRITE", "CREATE TABLE"]


def test_the_first_one_who_writes_adds_the_columns_once(tables: Tables) -> None:
    counts = [{"name": "red", "parts": [b"1", b"2"]}]
    tables.append(NEW, of(NEW, 2, colour="red", counts=counts))
    handle = tables.open(NEW)
    file = RowWriter(tables.store.uri, NEW)(of(NEW, 3, colour="blue"))
    tables.commit(handle, [file], "things")
    rows = tables.sql("select name, colour, counts from things order by name", [NEW]).to_pylist()
    assert rows == [
        {"name": "thing 1", "colour": None, "counts": None},
        {"name": "thing 2", "colour": "red", "counts": counts},
        {"name": "thing 3", "colour": "blue", "counts": None},
    ]
    assert log(tables, NEW) == ["WRITE", "WRITE", "ADD COLUMN", "WRITE", "CREATE TABLE"]
    other_readers = DeltaTable(tables.uri(NEW)).to_pyarrow_table(columns=["name", "colour", "counts"])
    assert other_readers.sort_by("name").to_pylist() == rows


def test_two_who_open_an_older_table_at_once(tables: Tables, monkeypatch: pytest.MonkeyPatch) -> None:
    early = tables.found(NEW)
    tables.open(NEW)
    monkeypatch.setattr(tables, "found", lambda table: early)
    assert [field.name for field in tables.open(NEW).schema().fields] == NEW.schema.names
    assert log(tables, NEW).count("ADD COLUMN") == 1


def test_every_commit_says_which_program_made_it(tables: Tables) -> None:
    tables.append(NEW, of(NEW, 2))
    assert {entry["selvedge"] for entry in DeltaTable(tables.uri(NEW)).history()} == {program_version()}


@pytest.mark.parametrize("use", ["sql", "open", "append"])
def test_a_newer_lake_is_left_alone(tables: Tables, use: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lake.growth.program_version", lambda: "9.8.7")
    tables.append(NEW, of(NEW, 2, colour="red"))
    monkeypatch.undo()
    before = tables.store.list("")
    uses = {
        "sql": lambda: tables.sql("select name from things", [OLD]),
        "open": lambda: tables.open(OLD),
        "append": lambda: tables.append(OLD, of(OLD, 3)),
    }
    with pytest.raises(WrongInput) as refused:
        uses[use]()
    assert refused.value.exit_code == 2
    assert str(refused.value) == (
        f"{tables.open(NEW).table_uri}: has the column colour, counts, which this program ({program_version()}) does "
        "not know: a newer one (9.8.7) wrote to this lake; to act: the data engineer (upgrade selvedge)"
    )
    assert tables.store.list("") == before


@pytest.mark.parametrize(
    ("table", "text"),
    [
        (unlike(OLD, OLD.schema.append(pa.field("colour", pa.string(), nullable=False))),
         "lacks the column colour, which is not null in this program"),
        (unlike(OLD, OLD.schema.set(5, pa.field("price", pa.float64()))),
         r"the column price is decimal(18,2) in the lake and double in this program"),
        (unlike(OLD, OLD.schema.set(6, pa.field("name", pa.list_(pa.struct([("said", pa.string())]))))),
         "the column name is string in the lake and array<struct<said string>> in this program"),
        (unlike(OLD, OLD.schema.set(6, pa.field("name", pa.string(), nullable=False))),
         "the column name is string in the lake and string not null in this program"),
        (unlike(OLD, OLD.schema.set(0, pa.field("thing", DIGEST))),
         "the column thing is binary not null in the lake and binary in this program"),
        (unlike(OLD, OLD.schema.remove(6)), "has the column name, which this program"),
    ],
)  # fmt: skip
def test_whatever_else_differs_is_refused(tables: Tables, table: Table, text: str) -> None:
    for use in (tables.open, lambda table: tables.sql("select 1", [table])):
        with pytest.raises(WrongInput, match="things") as refused:
            use(table)
        assert text in str(refused.value)
        assert "\n" not in str(refused.value)
    assert log(tables, OLD) == ["WRITE", "CREATE TABLE"]
