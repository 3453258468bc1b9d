"""Offers as Arrow batches with the columns of the offers table, and the counts over them."""

from collections import Counter
from typing import Any

import numpy as np
import pyarrow as pa

from schemas.table import DONE, PRICE, REJECTED
from schemas.tables import OFFERS
from udfs.feeds.offers.identity import SeenOffers
from udfs.feeds.offers.offers import Columns
from udfs.feeds.summary import COUNTED_FIELDS, FeedSummary

ADDED_LATER = ("retailer", "feed", "function")
"""Columns that the job knows and a feed does not."""
SCHEMA = pa.schema([column for column in OFFERS.schema if column.name not in ADDED_LATER])
SAMPLES = 5
MAX_CATEGORIES = 20_000
"""Category paths counted apart; above it the rarest are dropped."""


class BatchMaker:
    """Turns offers into record batches and keeps the summary's counts."""

    def __init__(self, summary: FeedSummary) -> None:
        self._summary = summary
        self._seen = SeenOffers()
        self._filled: Counter[str] = Counter()

    def make(self, columns: Columns) -> pa.RecordBatch:
        """One batch of the feed's next offers, in order."""
        self._seen.judge(columns)
        first, size = self._summary.offers, len(columns["line"])
        columns["position"] = list(range(first, first + size))
        columns["status"] = [DONE if code is None else REJECTED for code in columns["code"]]
        arrays = [_array(columns[column.name], column.type) for column in SCHEMA]
        batch = pa.RecordBatch.from_arrays(arrays, schema=SCHEMA)
        self._count(batch, columns)
        return batch

    def _count(self, batch: pa.RecordBatch, columns: Columns) -> None:
        summary = self._summary
        summary.offers += len(batch)
        summary.products = self._seen.products
        for code, detail in zip(columns["code"], columns["detail"], strict=True):
            if code is not None:
                summary.rejects[code.value] += 1
                some = summary.reject_samples.setdefault(code.value, [])
                if len(some) < SAMPLES:
                    some.append(detail)
        for name in COUNTED_FIELDS:
            self._filled[name] += len(batch) - batch.column(name).null_count
        summary.filled = {name: round(self._filled[name] / summary.offers, 4) for name in COUNTED_FIELDS}
        summary.categories.update(Counter(map(tuple, filter(None, columns["category_path"]))))
        if len(summary.categories) > MAX_CATEGORIES:
            summary.categories = Counter(dict(summary.categories.most_common(MAX_CATEGORIES // 2)))
        if len(summary.samples) < SAMPLES:
            rows = batch.slice(0, SAMPLES - len(summary.samples)).drop_columns(["text_key"])
            summary.samples += rows.to_pylist()


def _array(values: list[Any], kind: pa.DataType) -> pa.Array:
    return _decimals(values) if kind == PRICE else pa.array(values, kind)


def _decimals(hundredths: list[int | None]) -> pa.Array:
    """Whole hundredths as a decimal column: they fit 64 bits, which spares Arrow's way over Python's decimals."""
    whole = pa.array(hundredths, pa.int64())
    present, values = whole.buffers()
    low = np.frombuffer(values, np.int64, len(whole))
    words = np.stack([low, low >> 63], axis=1)  # (N, 2) little-endian halves of 128 bits
    return pa.Array.from_buffers(PRICE, len(whole), [present, pa.py_buffer(words)])
