"""The map stage's work: which rules can apply in each category of a shop."""

from collections.abc import Mapping as Names
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
import pyarrow as pa

from schemas.table import DONE
from schemas.tables import MAPPED
from udfs.rules.mapping import Decision, Mapping, Verdict, decide

NEEDED = ("category_key", "retailer", "category_path", "category_ids")
FOUND = pa.schema([field for field in MAPPED.schema if field.name != "function"])

DECIDED = pa.schema([
    ("product_id", pa.string()),
    ("retailer", pa.string()),
    ("kind", pa.string()),  # mapped, ignored or unmapped
    ("node", pa.string()),
    ("rule", pa.string()),
    ("reason", pa.string()),
])  # fmt: skip


@dataclass(frozen=True)
class MapCategories:
    """Categories in (`NEEDED`), their verdicts out (`FOUND`). A retailer without a mapping file has none.

    It carries the mappings as the driver read them: their files may have changed since.
    """

    mappings: Names[str, Mapping]  # by retailer

    def __call__(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """One row a category, in the order of the batch."""
        columns = [batch[name].to_pylist() for name in ("retailer", "category_path", "category_ids")]
        verdicts = [self._verdicts(*category) for category in zip(*columns, strict=True)]
        count = batch.num_rows
        found = {name: batch[name] for name in NEEDED} | {
            "status": pa.array([DONE] * count, pa.string()),
            "code": pa.nulls(count, pa.string()),
            "detail": pa.nulls(count, pa.string()),
            "verdicts": pa.array(verdicts, FOUND.field("verdicts").type),
        }
        return pa.RecordBatch.from_arrays(
            [found[name].cast(FOUND.field(name).type) for name in FOUND.names], schema=FOUND
        )

    def _verdicts(
        self, retailer: str, path: Sequence[str] | None, ids: Sequence[str] | None
    ) -> list[dict[str, object]]:
        mapping = self.mappings.get(retailer)
        return [asdict(verdict) for verdict in mapping.verdicts(path or (), ids or ())] if mapping else []


def verdicts_of(rows: Sequence[Names[str, str | None]] | None) -> list[Verdict]:
    """Verdicts out of a cell of `schemas.tables.VERDICTS`; null is none."""
    return [Verdict(**row) for row in rows or ()]  # type: ignore[arg-type]


def decide_products(
    products: pa.Table, categories: np.ndarray, verdicts: Sequence[Sequence[Verdict]], genders: Sequence[str | None]
) -> pa.Table:
    """`DECIDED`, one row a product.

    products: product_id, retailer, title. categories (N,): the place of each one's category in `verdicts`. genders: of
    ours.
    """
    asks_title = [any(one.title_word is not None for one in rules) for rules in verdicts]
    titles = products["title"].to_pylist() if any(asks_title) else [None] * products.num_rows
    keys = [
        (place, gender, title if asks_title[place] else None)
        for place, gender, title in zip(categories.tolist(), genders, titles, strict=True)
    ]
    places: dict[tuple[int, str | None, str | None], int] = {}
    at = pa.array([places.setdefault(key, len(places)) for key in keys], pa.int64())
    decisions: list[Decision] = [decide(verdicts[place], title, gender) for place, gender, title in places]
    columns = {name: products[name] for name in ("product_id", "retailer")} | {
        name: pa.array([getattr(decision, name) for decision in decisions], pa.string()).take(at)
        for name in ("kind", "node", "rule", "reason")
    }
    return pa.table([columns[name] for name in DECIDED.names], schema=DECIDED)
