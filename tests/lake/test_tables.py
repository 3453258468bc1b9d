"""Tables without a JVM: rows in, rows out, files that workers wrote, and who may commit."""

import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lake.store import Store, open_store
from lake.tables import ROW_GROUP_ROWS, RowWriter, Tables, WrittenFile, literal, write_rows
from schemas.errors import HeldByAnother
from schemas.table import Table
from schemas.tables import RUNS, STAGE_TABLES
from tests.jobs.works import FUNCTION, NUMBERS

THINGS = Table(
    "things",
    ("name",),
    pa.schema([
        pa.field("name", pa.string(), nullable=False), ("digest", pa.binary(2)), ("words", pa.list_(pa.string())),
        ("pairs", pa.list_(pa.struct([("left", pa.binary()), ("box", pa.list_(pa.float32(), 2))]))),
        ("at", pa.timestamp("us", tz="UTC")), ("count", pa.int64()),
    ]),
)  # fmt: skip
ROW = {
    "name": "it's", "digest": b"ab", "words": ["x", None], "pairs": [{"left": b"l", "box": [0.0, 1.0]}], "at": None,
    "count": 3,
}  # fmt: skip


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(str(tmp_path))


def things(*rows: dict) -> pa.Table:
    return pa.Table.from_pylist(list(rows), THINGS.schema)


@pytest.mark.parametrize(
    ("value", "written"),
    [(None, "NULL"), (b"\x00\xff", "X'00ff'"), ("shop", "'shop'"), ("it's 'so'", "'it''s ''so'''"), ("", "''")],
)
def test_a_value_as_sql_writes_it(store: Store, value: bytes | str | None, written: str) -> None:
    assert literal(value) == written
    assert Tables(store).sql(f"select {written} found", []).to_pylist() == [{"found": value}]


def test_what_is_appended_is_found_with_plain_types(store: Store) -> None:
    tables = Tables(store)
    tables.append(THINGS, things(ROW))
    found = tables.sql("select * from things", [THINGS])
    assert found.to_pylist() == [ROW]
    assert found.schema.types == [
        pa.string(), pa.binary(), pa.list_(pa.string()),
        pa.list_(pa.struct([("left", pa.binary()), ("box", pa.list_(pa.float32()))])), pa.timestamp("us", tz="UTC"),
        pa.int64(),
    ]  # fmt: skip
    assert tables.sql(f"select name from things where name = {literal(ROW['name'])}", [THINGS]).num_rows == 1


def test_no_rows_are_no_commit(store: Store) -> None:
    tables = Tables(store)
    tables.append(THINGS, things())
    assert tables.commits.total() == 0
    assert tables.open(THINGS).version() == 0
    tables.append(THINGS, things(ROW))
    tables.append(THINGS, things(ROW))
    assert dict(tables.commits) == {"things": 2}
    assert tables.open(THINGS).version() == 2


def test_tables_lie_in_their_folder_and_are_joined_by_name(store: Store) -> None:
    tables, aside = Tables(store), Tables(store, "aside")
    assert tables.uri(THINGS) == f"{store.uri}/tables/things"
    aside.append(THINGS, things(ROW))
    assert tables.sql("select * from things", [THINGS]).num_rows == 0
    assert aside.sql("select * from things t cross join numbers n", [THINGS, NUMBERS]).num_rows == 0
    assert {entry.path.split("/")[0] for entry in store.list("")} == {"aside"}, "reading makes nothing"


def test_a_lake_that_is_not_there_is_read_as_empty_and_made_by_the_first_row(tmp_path: Path) -> None:
    root = tmp_path / "no" / "lake"
    tables = Tables(open_store(str(root)))
    for table in (*STAGE_TABLES, RUNS):
        rows = tables.sql(f"select * from {table.name}", [table])
        assert (rows.num_rows, rows.schema.types) == (0, table.stored.types)
    assert (tables.store.list(""), tables.store.exists("x"), root.parent.exists()) == ([], False, False)
    tables.append(THINGS, things(ROW))
    assert tables.sql("select * from things", [THINGS]).num_rows == 1


def test_a_table_is_made_once_with_the_schema_that_is_stored(store: Store) -> None:
    first = Tables(store).open(THINGS)
    assert first.version() == 0
    assert pa.schema(first.schema().to_arrow()) == THINGS.stored
    Tables(store).append(THINGS, things(ROW))
    assert Tables(store).open(THINGS).version() == 1


def test_a_written_file_is_whole_and_named_by_nobody_yet(store: Store, tmp_path: Path) -> None:
    rows = things(ROW, ROW | {"name": "two"})
    files = [write_rows(store, THINGS, rows), RowWriter(str(tmp_path), THINGS, "aside")(rows.slice(1))]
    for folder, file, count in (("tables", files[0], 2), ("aside", files[1], 1)):
        path = tmp_path / folder / "things" / file.path
        assert (file.bytes, file.rows) == (path.stat().st_size, count)
        body = pq.ParquetFile(path)
        assert body.read().schema.equals(THINGS.stored)
        assert body.metadata.row_group(0).column(0).compression == "ZSTD"
    assert len({file.path for file in files}) == 2
    assert Tables(store).sql("select * from things", [THINGS]).num_rows == 0


def test_keys_are_scanned_in_large_row_groups(store: Store, tmp_path: Path) -> None:
    numbers = pa.table({"number": pa.array(range(ROW_GROUP_ROWS + 1), pa.int64())})
    constant = {"function": pa.binary(32), "status": pa.string(), "code": pa.string(), "detail": pa.string()}
    for name, kind in constant.items():
        value = FUNCTION if name == "function" else "done"
        numbers = numbers.append_column(name, pa.repeat(pa.scalar(value, kind), len(numbers)))
    file = write_rows(store, NUMBERS, numbers.append_column("square", numbers["number"]))
    groups = pq.ParquetFile(tmp_path / "tables" / "numbers" / file.path).metadata
    assert [groups.row_group(at).num_rows for at in range(groups.num_row_groups)] == [64_000, 1]


def test_a_commit_names_its_files_with_their_rows_and_sizes(store: Store) -> None:
    tables = Tables(store)
    handle = tables.open(THINGS)
    tables.commit(handle, [WrittenFile("a.parquet", 7, 3), WrittenFile("b.parquet", 8, 4)])
    actions = tables.open(THINGS).get_add_actions()
    rows = zip(*(actions[name].to_pylist() for name in ("path", "size_bytes", "num_records")), strict=True)
    assert sorted(rows) == [("a.parquet", 7, 3), ("b.parquet", 8, 4)]
    assert handle.version() == 1, "the handle is advanced"
    assert abs(actions["modification_time"][0].as_py() - 1000 * time.time()) < 600_000


def test_a_transaction_counts_on_and_tells_another_run(store: Store) -> None:
    tables = Tables(store)
    mine, other = tables.open(THINGS), tables.open(THINGS)
    for turn in (1, 2, 3):
        tables.commit(mine, [WrittenFile(f"{turn}.parquet", 1, 1)], "night")
        assert mine.transaction_version("night") == turn
    said = f"{store.uri}/tables/things/?: another run of this stage is writing; this one ends"
    with pytest.raises(HeldByAnother, match=said):
        tables.commit(other, [WrittenFile("x.parquet", 1, 1)], "night")
    tables.commit(tables.open(THINGS), [WrittenFile("y.parquet", 1, 1)], "another stage")
    with pytest.raises(HeldByAnother, match=said):
        tables.commit(mine, [], "another stage")


def test_commits_without_a_transaction_pass_each_other(store: Store) -> None:
    tables = Tables(store)
    one, other = tables.open(THINGS), tables.open(THINGS)
    tables.commit(one, [WrittenFile("a.parquet", 1, 1)])
    tables.commit(other, [WrittenFile("b.parquet", 1, 1)])
    assert tables.open(THINGS).version() == 2
    assert one.transaction_version("None") is None
