"""docs/snapshot.md names every published column as it is, and none that is not."""

import pyarrow as pa
import pytest

from schemas.published import ADDED, PUBLISHED_TABLES, SCHEMA_MINOR, SCHEMA_VERSION
from schemas.table import Table
from tests.docs.pages import DOCS, names, rows, section

PAGE = (DOCS / "snapshot.md").read_text(encoding="utf-8")


def said(kind: pa.DataType) -> str:
    """An Arrow type in the words of the page."""
    if pa.types.is_decimal(kind):
        return f"decimal({kind.precision},{kind.scale})"
    if pa.types.is_fixed_size_binary(kind):
        return f"binary({kind.byte_width})"
    if pa.types.is_fixed_size_list(kind):
        return f"{said(kind.value_type)}[{kind.list_size}]"
    if pa.types.is_list(kind):
        return f"list<{said(kind.value_type)}>"
    return {"float": "float32"}.get(str(kind), str(kind))


@pytest.mark.parametrize("table", PUBLISHED_TABLES, ids=lambda table: table.name)
def test_the_columns_of_the_page_are_those_of_the_schema(table: Table) -> None:
    written = [(*names(row[0]), *names(row[1])) for row in rows(section(PAGE, f"## {table.name}"))]
    assert written == [(field.name, said(field.type)) for field in table.schema]


@pytest.mark.parametrize("table", PUBLISHED_TABLES, ids=lambda table: table.name)
def test_a_promise_of_no_nulls_is_the_schema_s(table: Table) -> None:
    promised = {names(row[0])[0] for row in rows(section(PAGE, f"## {table.name}")) if row[2] == "never"}
    assert promised == {field.name for field in table.schema if not field.nullable}


@pytest.mark.parametrize("table", PUBLISHED_TABLES, ids=lambda table: table.name)
def test_the_key_is_named(table: Table) -> None:
    text = section(PAGE, f"## {table.name}")
    assert "Key: " + ", ".join(f"`{name}`" for name in table.key) in text


def test_the_schema_version_is_that_of_now() -> None:
    now = f"{SCHEMA_VERSION}.{SCHEMA_MINOR}"
    history = rows(section(PAGE, "## What may change, and when").partition("The searcher reads")[2])
    assert f"now `{now}`" in PAGE
    assert history[0][0] == now


def test_a_column_that_was_added_says_since_when() -> None:
    for table in PUBLISHED_TABLES:
        said_of = {names(row[0])[0]: row[3] for row in rows(section(PAGE, f"## {table.name}"))}
        for column, minor in ADDED[table.name].items():
            assert said_of[column].endswith(f"Since {SCHEMA_VERSION}.{minor}")
