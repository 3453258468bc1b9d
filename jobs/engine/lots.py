"""What comes one by one, to be committed together: a kill loses at most what came in the last minutes."""

import time
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

Item = TypeVar("Item")

COMMIT_S = 300.0
"""A commit follows at least so often, while anything comes."""


def lots(
    items: Iterable[Item], seconds: float = COMMIT_S, clock: Callable[[], float] = time.monotonic
) -> Iterator[list[Item]]:
    """The items in lists: one ends with the first item that comes `seconds` or more after it was begun."""
    lot: list[Item] = []
    began = clock()
    for item in items:
        lot.append(item)
        if clock() - began >= seconds:
            yield lot
            lot, began = [], clock()
    if lot:
        yield lot
