"""Which rows differ, and by how much two answers of one function may."""

import math
from typing import Any

import pyarrow as pa
import pytest

from jobs.engine.recheck import EXACT, OF_A_NETWORK, Draw, Pair, Tolerance, differences, is_same, without
from schemas.rejects import Code
from schemas.table import stage_table

SEEN = stage_table(
    "seen", ("key",), pa.field("key", pa.binary(2)), pa.field("score", pa.float32()),
    pa.field("boxes", pa.list_(pa.struct([("class", pa.string()), ("score", pa.float32())]))),
    pa.field("code_bits", pa.binary(2)),
)  # fmt: skip


def row(key: bytes, score: float = 0.5, label: str = "hat", bits: bytes = b"ab", **other: Any) -> dict[str, Any]:
    found = {"key": key, "status": "done", "score": score, "boxes": [{"class": label, "score": score}]}
    return found | {"code_bits": bits} | other


def rows(*of: dict[str, Any], function: bytes = bytes(32)) -> pa.Table:
    return pa.Table.from_pylist([{"function": function} | one for one in of], SEEN.schema)


def keys(stored: pa.Table, made: pa.Table, tolerance: Tolerance = EXACT) -> list[bytes]:
    return [difference.key["key"] for difference in differences(SEEN, Pair(stored, made), tolerance)[0]]


def test_order_and_digest_of_the_function_say_nothing() -> None:
    assert keys(rows(row(b"aa"), row(b"bb")), rows(row(b"bb"), row(b"aa"), function=b"x" * 32)) == []


@pytest.mark.parametrize(
    "other", [row(b"aa", 0.6), row(b"aa", label="bag"), row(b"aa", bits=b"ac"), row(b"aa", boxes=[]), row(b"aa", None)]
)
def test_what_is_not_what_the_function_makes_differs(other: dict[str, Any]) -> None:
    assert keys(rows(other, row(b"bb")), rows(row(b"aa"), row(b"bb"))) == [b"aa"]
    assert keys(rows(other), rows(row(b"aa")), Tolerance(number=0.05)) == [b"aa"]


def test_a_network_may_answer_a_little_otherwise_elsewhere() -> None:
    here, there = rows(row(b"aa", 0.5)), rows(row(b"aa", 0.5 + OF_A_NETWORK.number / 2))
    assert keys(here, there) == [b"aa"]
    assert keys(here, there, OF_A_NETWORK) == []
    assert keys(here, rows(row(b"aa", 0.5 + 2 * OF_A_NETWORK.number)), OF_A_NETWORK) == [b"aa"]
    assert keys(rows(row(b"aa", bits=b"ac")), here, Tolerance(bits=2)) == []
    assert keys(rows(row(b"aa", bits=b"zz")), here, Tolerance(bits=2)) == [b"aa"]


def test_nan_is_itself() -> None:
    assert is_same(math.nan, math.nan, EXACT)
    assert not is_same(math.nan, 0.0, OF_A_NETWORK)


def test_missing_rows_and_rows_too_many_differ() -> None:
    found, unmade = differences(SEEN, Pair(rows(row(b"aa")), rows(row(b"bb"))), EXACT)
    assert [(one.key["key"], bool(one.stored), bool(one.right)) for one in found] == [
        (b"aa", True, False), (b"bb", False, True),
    ]  # fmt: skip
    assert unmade == 0


def test_a_row_that_cannot_be_made_now_is_no_reason_to_drop_the_stored_one() -> None:
    """Its shard is lost, or its worker died: what is stored may well be right."""
    lost = row(b"aa", None, boxes=None, status="rejected", code=str(Code.INTERNAL), detail="shard lost")
    assert differences(SEEN, Pair(rows(row(b"aa")), rows(lost)), EXACT) == ([], 1)
    assert keys(rows(lost), rows(row(b"aa"))) == [b"aa"]


def test_a_draw_is_decided_by_its_seed() -> None:
    table = pa.table({"key": range(100)})
    assert Draw(10, 3).of(table).equals(Draw(10, 3).of(table))
    assert not Draw(10, 3).of(table).equals(Draw(10, 4).of(table))
    drawn = Draw(10, 3).of(table)["key"].to_pylist()
    assert drawn == sorted(set(drawn))
    assert len(drawn) == 10
    assert Draw(200).of(table).equals(Draw().of(table))


def test_only_rows_of_the_key_and_the_function_go() -> None:
    keep = without(SEEN, pa.array([b"aa"]), b"f" * 32)
    table = pa.concat_tables([rows(row(b"aa"), row(b"bb"), function=one * 32) for one in (b"f", b"g")])
    assert keep.stays(table.cast(SEEN.stored)).to_pylist() == [False, True, True, True]
