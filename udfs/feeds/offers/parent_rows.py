"""Which rows of a batch may stand for a whole group of variants."""

from collections.abc import Iterator
from typing import Any

from udfs.feeds.markup.walk import Slots
from udfs.feeds.offers.rows import Rows


def parent_rows(columns: dict[str, list[Any]]) -> Iterator[int]:
    """Places of rows that may stand for a group: without a colour, and without a group, or named like their group, or
    with neither size nor price."""
    rows = zip(
        columns["offer_id"], columns["group"], columns["colour"], columns["sizes"], columns["price"], strict=True
    )
    for place, (identity, group, colour, sizes, price) in enumerate(rows):
        if identity and not colour and (group is None or (not sizes and (group == identity or price is None))):
            yield place


def aliases_of(columns: dict[str, list[Any]], rows: Rows, ids: Slots) -> list[set[str] | None]:
    """What rows that may stand for a group are called in all places of ids: variants may name it by any of them."""
    found: list[set[str] | None] = rows.nothing()
    read = [texts for slot in ids if any(columns["group"]) and (texts := rows.texts((slot,))) is not None]
    for place in parent_rows(columns) if len(read) > 1 else ():
        found[place] = {text for texts in read if (text := texts[place])}
    return found
