"""The definition of a table: its name, its Arrow schema and its key columns."""

from dataclasses import dataclass

import pyarrow as pa

DIGEST = pa.binary(32)
"""A sha256. Delta stores it as variable-length binary; its length is checked on writing."""

PRICE = pa.decimal128(18, 2)
"""Two decimals: what a shop states more precisely is rounded, and counted as a repair."""
TIME = pa.timestamp("us", tz="UTC")

DONE = "done"
REJECTED = "rejected"

VERDICT = (
    pa.field("status", pa.string(), nullable=False),  # done or rejected
    pa.field("code", pa.string()),  # why it was rejected, a schemas.rejects.Code
    pa.field("detail", pa.string()),  # one line for a person
)


@dataclass(frozen=True)
class Table:
    """A Delta table of the lake. The columns of `key` and the column `function` together identify a row."""

    name: str
    key: tuple[str, ...]
    schema: pa.Schema

    @property
    def stored(self) -> pa.Schema:
        """The schema as Delta keeps it: fixed-size binary and lists lose their length."""
        return pa.schema([field.with_type(without_fixed_sizes(field.type)) for field in self.schema])


def stage_table(name: str, key: tuple[str, ...], *columns: pa.Field) -> Table:
    """A stage's table: its key, the function's digest, the verdict, then what the stage found."""
    keys = [field.with_nullable(False) for field in columns if field.name in key]
    found = [field for field in columns if field.name not in key]
    return Table(name, key, pa.schema([*keys, pa.field("function", DIGEST, nullable=False), *VERDICT, *found]))


def without_fixed_sizes(kind: pa.DataType) -> pa.DataType:
    """The type with variable-size binaries and lists, which is what Delta and Spark support."""
    if pa.types.is_fixed_size_binary(kind):
        return pa.binary()
    if pa.types.is_fixed_size_list(kind) or pa.types.is_list(kind):
        return pa.list_(without_fixed_sizes(kind.value_type))
    if pa.types.is_struct(kind):
        return pa.struct([field.with_type(without_fixed_sizes(field.type)) for field in kind])
    return kind


def wide(schema: pa.Schema) -> pa.Schema:
    """The schema with 64-bit offsets, so that the texts of any number of rows fit into one array."""
    return pa.schema([field.with_type(_wide(field.type)) for field in schema])


def _wide(kind: pa.DataType) -> pa.DataType:
    if pa.types.is_list(kind):
        return pa.large_list(_wide(kind.value_type))
    if pa.types.is_struct(kind):
        return pa.struct([field.with_type(_wide(field.type)) for field in kind])
    if pa.types.is_binary(kind):
        return pa.large_binary()
    return pa.large_string() if pa.types.is_string(kind) else kind
