"""Counts the ids of the last feed that this one does not keep: left out by the shop, or rejected by us."""

import pyarrow as pa
import pyarrow.compute as pc

from schemas.table import DONE


class KnownIds:
    """Compares the kept offers of a feed with ids of offers that were kept from an earlier one."""

    def __init__(self, ids: pa.ChunkedArray) -> None:
        self._ids = ids
        self._kept: list[pa.Array] = []

    def compare(self, batch: pa.RecordBatch) -> None:
        """Note the ids that the batch keeps."""
        if len(self._ids):
            self._kept.append(batch["offer_id"].filter(pc.equal(batch["status"], DONE)))

    @property
    def gone(self) -> int | None:
        """How many of the known ids are not kept any more; None where none is known."""
        if not len(self._ids):
            return None
        kept = pa.chunked_array(self._kept, self._ids.type)
        return len(self._ids) - (pc.sum(pc.is_in(self._ids, value_set=kept)).as_py() or 0)
