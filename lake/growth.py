"""Handles tables that an older program made (they lack columns) or a newer one wrote to (they have unknown columns).

Tables grow by nullable columns at the top level and by nothing else: what rows that are there can say of the new column
is null. Whatever else differs between a lake and `schemas/` is refused in a line before a row is read or written.
"""

from functools import cache

import pyarrow as pa
from deltalake import CommitProperties, DeltaTable, Transaction
from deltalake import Schema as DeltaSchema
from deltalake.exceptions import CommitFailedError
from deltalake.schema import ArrayType, Field, PrimitiveType, StructType

from lake.engine_errors import in_one_line
from schemas.errors import WrongInput
from schemas.table import Table
from schemas.version import program_version

WRITTEN_BY = "selvedge"
"""Key under which every commit names the program version that made it."""


def signed(*transactions: Transaction, retries: int | None = None) -> CommitProperties:
    """The properties of a commit: the program version that made it. `retries`: how often after another's commit."""
    return CommitProperties(
        custom_metadata={WRITTEN_BY: program_version()},
        app_transactions=list(transactions) or None,
        max_commit_retries=retries,
    )


def lacking(handle: DeltaTable, table: Table, newer_too: bool = False) -> list[Field]:
    """The columns that the lake's table does not have yet; raises WrongInput where the two do not fit.

    A column that this program does not know was written by a newer one, whose rows this one cannot make: refused, but
    for `newer_too`, which is for those who make no rows.
    """
    stored = {field.name: field for field in handle.schema().fields}
    declared = {field.name: field for field in _declared(table)}
    if unknown := [] if newer_too else sorted(stored.keys() - declared.keys()):
        raise WrongInput(handle.table_uri, None, _newer(handle, unknown))
    for name in declared.keys() & stored.keys():
        had, has = stored[name], declared[name]
        if (had.type, had.nullable) != (has.type, has.nullable):
            raise WrongInput(
                handle.table_uri, None,
                f"the column {name} is {_said(had)} in the lake and {_said(has)} in this program; "
                "to act: the data engineer (in schemas/, a new column beside the old one)",
            )  # fmt: skip
    new = [field for name, field in declared.items() if name not in stored]
    for field in new:
        if not field.nullable:
            raise WrongInput(
                handle.table_uri, None,
                f"lacks the column {field.name}, which is not null in this program, and its rows have no value for it; "
                "to act: the data engineer (in schemas/, let it be null)",
            )  # fmt: skip
    return new


def grow(handle: DeltaTable, table: Table, newer_too: bool = False) -> None:
    """Give the lake's table the columns that it lacks, in one commit without a file; the handle sees them."""
    new = lacking(handle, table, newer_too)
    if not new:
        return
    try:
        with in_one_line():
            handle.alter.add_columns(new, commit_properties=signed())
    except CommitFailedError:  # another process did at this moment
        handle.update_incremental()
        if lacking(handle, table, newer_too):
            raise


def view(handle: DeltaTable, table: Table, stored_as: str) -> str | None:
    """SQL that makes a view of the table with all its columns, null where the lake lacks one; None: it lacks none."""
    new = {field.name for field in lacking(handle, table)}
    if not new:
        return None
    columns = (_null(field) if field.name in new else f'"{field.name}"' for field in table.stored)
    return f"create view {table.name} as select {', '.join(columns)} from {stored_as}"  # noqa: S608


def empty_view(table: Table) -> str:
    """SQL that makes a view without rows, for a table that the lake does not have yet."""
    return f"create view {table.name} as select {', '.join(map(_null, table.stored))} where false"


def _null(field: pa.Field) -> str:
    return f"arrow_cast(null, '{_kind(field.type)}') \"{field.name}\""


@cache
def _declared(table: Table) -> list[Field]:
    return list(DeltaSchema.from_arrow(table.stored).fields)


def _said(field: Field) -> str:
    return f"{_said_type(field.type)}{'' if field.nullable else ' not null'}"


def _said_type(kind: object) -> str:
    if isinstance(kind, ArrayType):
        return f"array<{_said_type(kind.element_type)}>"
    if isinstance(kind, StructType):
        return f"struct<{', '.join(f'{field.name} {_said(field)}' for field in kind.fields)}>"
    return kind.type if isinstance(kind, PrimitiveType) else str(kind)


def _newer(handle: DeltaTable, unknown: list[str]) -> str:
    last = handle.history(1)[0].get(WRITTEN_BY)
    return (
        f"has the column {', '.join(unknown)}, which this program ({program_version()}) does not know: "
        f"a newer one{f' ({last})' if last else ''} wrote to this lake; to act: the data engineer (upgrade selvedge)"
    )


SIMPLE = {
    pa.string(): "Utf8", pa.binary(): "Binary", pa.bool_(): "Boolean", pa.int32(): "Int32", pa.int64(): "Int64",
    pa.float32(): "Float32", pa.float64(): "Float64", pa.date32(): "Date32",
    pa.timestamp("us", tz="UTC"): 'Timestamp(Microsecond, Some("UTC"))',
}  # fmt: skip


def _kind(kind: pa.DataType) -> str:
    """A stored type as `arrow_cast` writes it."""
    if pa.types.is_decimal128(kind):
        return f"Decimal128({kind.precision}, {kind.scale})"
    if pa.types.is_list(kind):
        return f"List({_kind(kind.value_type)})"
    if pa.types.is_struct(kind):
        fields = (f'"{field.name}": {_kind(field.type)}' for field in kind)
        return f"Struct({', '.join(fields)})"
    return SIMPLE[kind]
