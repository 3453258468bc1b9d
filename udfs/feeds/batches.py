"""Offers as Arrow batches with the columns of the offers table, and the counts over them."""

from collections import Counter
from collections.abc import Sequence
from decimal import Decimal

import numpy as np
import pyarrow as pa

from schemas.rejects import Code
from schemas.table import DONE, PRICE, REJECTED
from schemas.tables import OFFERS
from udfs.feeds.identity import SeenOffers
from udfs.feeds.offer import Offer
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

    def make(self, offers: Sequence[Offer]) -> pa.RecordBatch:
        """One batch of the feed's next offers, in order."""
        first = self._summary.offers
        verdicts = self._seen.judge(offers)
        codes = [verdict[0] if verdict else offer.code for offer, verdict in zip(offers, verdicts, strict=True)]
        details = [verdict[1] if verdict else offer.detail for offer, verdict in zip(offers, verdicts, strict=True)]
        columns = dict(zip(Offer._fields, zip(*offers, strict=True), strict=True))
        columns["position"] = range(first, first + len(offers))  # type: ignore[assignment]
        columns["status"] = tuple(DONE if code is None else REJECTED for code in codes)
        columns["code"], columns["detail"] = tuple(codes), tuple(details)
        arrays = [_array(columns[column.name], column.type) for column in SCHEMA]
        batch = pa.RecordBatch.from_arrays(arrays, schema=SCHEMA)
        self._count(batch, codes, columns["category_path"])
        return batch

    def _count(self, batch: pa.RecordBatch, codes: list[Code | None], paths: Sequence[list[str] | None]) -> None:
        summary = self._summary
        summary.offers += len(batch)
        summary.products = self._seen.products
        summary.rejects.update(code.value for code in codes if code)
        for name in COUNTED_FIELDS:
            self._filled[name] += len(batch) - batch.column(name).null_count
        summary.filled = {name: round(self._filled[name] / summary.offers, 4) for name in COUNTED_FIELDS}
        summary.categories.update(" > ".join(path) for path in paths if path)
        if len(summary.categories) > MAX_CATEGORIES:
            summary.categories = Counter(dict(summary.categories.most_common(MAX_CATEGORIES // 2)))
        if len(summary.samples) < SAMPLES:
            rows = batch.slice(0, SAMPLES - len(summary.samples)).drop_columns(["text_key"])
            summary.samples += rows.to_pylist()


def _array(values: Sequence[object], kind: pa.DataType) -> pa.Array:
    return _decimals(values) if kind == PRICE else pa.array(values, kind)  # type: ignore[arg-type]


def _decimals(values: Sequence[Decimal | None]) -> pa.Array:
    """Amounts with two decimals as a decimal column; their hundredths fit 64 bits, which spares Arrow's slow way."""
    hundredths = np.array([0 if value is None else int(value.scaleb(2)) for value in values], np.int64)
    words = np.stack([hundredths, hundredths >> 63], axis=1)  # (N, 2) little-endian halves of 128 bits
    present = np.array([value is not None for value in values])
    bits = np.packbits(present, bitorder="little")
    return pa.Array.from_buffers(PRICE, len(values), [pa.py_buffer(bits.tobytes()), pa.py_buffer(words.tobytes())])
