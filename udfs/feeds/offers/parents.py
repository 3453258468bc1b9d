"""Rows that stand for a whole group beside the rows of its variants: each joins the group's first product."""

from collections.abc import Iterator

from udfs.feeds.offers.offers import Columns
from udfs.feeds.refusal import FeedRefused
from udfs.feeds.repairs import Repair, Repairs

MAX_GROUPS = 200_000
"""Groups, and rows without a group, that are remembered; a shop's are far fewer."""


class Parents:
    """Joins parent rows to their groups. Of a feed with groups one batch is held back, for a parent comes first."""

    def __init__(self, repairs: Repairs) -> None:
        self._repairs = repairs
        self._products: dict[str, str] = {}
        """The first product of each group whose products have colours."""
        self._left: set[str] = set()
        """Ids of rows without a group, or that are no variant of theirs, in batches that are gone."""
        self._has_groups = False

    def joined(self, batches: Iterator[Columns]) -> Iterator[Columns]:
        """The batches in turn, the product of each parent row being its group's."""
        held: Columns | None = None
        try:
            for columns in batches:
                self._has_groups = self._has_groups or any(columns["group"])
                if not self._has_groups:
                    yield columns
                    continue
                self._note(columns)
                if held is not None:
                    yield self._done(held)
                held = columns
        except FeedRefused:
            if held is not None:
                yield self._done(held)
            raise
        if held is not None:
            yield self._done(held)

    def _note(self, columns: Columns) -> None:
        new = {
            group: product
            for group, product, colour in zip(
                reversed(columns["group"]), reversed(columns["product_id"]), reversed(columns["colour"]), strict=True
            )
            if group and colour and group not in self._products
        }
        self._repairs[Repair.PARENT_APART] += len(self._left.intersection(new))
        if len(self._products) + len(new) > MAX_GROUPS:
            self._products.clear()
        self._products.update(new)

    def _done(self, columns: Columns) -> Columns:
        for place in parent_rows(columns):
            identity = columns["group"][place] or columns["offer_id"][place]
            product = self._products.get(identity)
            if product is not None and product != columns["product_id"][place]:
                columns["product_id"][place] = product
                self._repairs[Repair.PARENT_ROW] += 1
            elif product is None and len(self._left) < MAX_GROUPS:
                self._left.add(identity)
        return columns


def parent_rows(columns: Columns) -> Iterator[int]:
    """Places of rows that may stand for a group: without a colour, and without a group, or named like their group, or
    with neither size nor price."""
    rows = zip(
        columns["offer_id"], columns["group"], columns["colour"], columns["sizes"], columns["price"], strict=True
    )
    for place, (identity, group, colour, sizes, price) in enumerate(rows):
        if identity and not colour and (group is None or (not sizes and (group == identity or price is None))):
            yield place
