"""Offers of a file of prices: an id, and a price, a stock or sizes."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

SAYS_NOTHING = (
    "states neither a price, nor whether it is in stock, nor sizes; the shop has to state one of them, or leave it out"
)


def lacking(columns: Mapping[str, Sequence[Any]], places: Iterable[int], unreadable: Sequence[object]) -> list[int]:
    """Those of the places whose offers cannot be used: without an id, with an unreadable price, or saying nothing."""
    stated = columns["price"], columns["sizes"]
    return [
        place
        for place in places
        if unreadable[place]
        or not columns["offer_id"][place]
        or not (any(column[place] for column in stated) or columns["available"][place] is not None)
    ]
