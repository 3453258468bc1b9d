"""What the engine of the tables says when a store takes nothing more: many lines, and no type of their own."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from deltalake.exceptions import CommitFailedError, DeltaError, TableNotFoundError

from lake.store import lake_full

COLOUR = re.compile(r"\x1b\[[\d;]*m")
FULL = "os error 28"


@contextmanager
def in_one_line() -> Iterator[None]:
    """Raises LakeFull for a full disk, and OSError of one line for whatever else keeps the engine from writing. Errors
    that somebody waits for (a commit that lost, a table that is not there) stay as they are."""
    try:
        yield
    except (CommitFailedError, TableNotFoundError):
        raise
    except (DeltaError, OSError) as error:
        text = " ".join(COLOUR.sub("", str(error)).split())
        if FULL in text:
            raise lake_full() from error
        raise OSError(text) from error
