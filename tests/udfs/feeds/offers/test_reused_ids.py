"""Ids that stand for something else than they did."""

import pyarrow as pa
import pytest

from udfs.feeds.offers.reused_ids import LEAST_ALIKE, LEAST_COMPARED, KnownTitles, likeness


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Linen dress with pockets", "Dress, linen, pockets", True),
        ("Пальто женское зимнее", "Зимнее пальто женское, синее", True),
        ("半袖ワンピース", "ワンピース 半袖 白", True),
        ("Linen dress", "linen-dress", True),
        ("Linen dress with pockets", "Toner for printers", False),
        ("Пальто женское зимнее", "Картридж HP 85A", False),
        ("半袖ワンピース", "炊飯器", False),
    ],
)
def test_reworded_titles_are_alike_and_other_products_are_not(one: str, other: str, same: bool) -> None:
    assert (likeness(one, other) >= LEAST_ALIKE) == same


def batch(titles: dict[str, str | None]) -> pa.RecordBatch:
    return pa.RecordBatch.from_pydict({"offer_id": list(titles), "title": list(titles.values())})


def test_the_share_is_of_the_ids_in_common() -> None:
    known = KnownTitles({str(n): f"Linen dress {n}" for n in range(40)})
    known.compare(
        batch({str(n): "Toner" if n < 10 else f"Dress {n}, linen" for n in range(30)} | {"x": "Hat", "y": None})
    )
    assert known.share == 10 / 30


def test_too_few_prove_nothing() -> None:
    known = KnownTitles({str(n): "Linen dress" for n in range(LEAST_COMPARED - 1)})
    known.compare(batch({str(n): "Toner" for n in range(LEAST_COMPARED - 1)}))
    assert known.share is None
    assert KnownTitles({}).share is None
