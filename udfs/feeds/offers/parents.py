"""Rows that stand for a whole group beside the rows of its variants: each joins the group's first product."""

from collections.abc import Iterator

from udfs.feeds.offers.offers import Columns
from udfs.feeds.offers.parent_rows import parent_rows
from udfs.feeds.refusal import FeedRefused
from udfs.feeds.repairs import Repair, Repairs

MAX_GROUPS = 200_000
"""Groups, and rows without a group, that are remembered; a shop's are far fewer."""


class Parents:
    """Joins parent rows to their groups. Of a feed with groups one batch is held back, for a parent comes first."""

    def __init__(self, repairs: Repairs) -> None:
        self._repairs = repairs
        self._products: dict[str, str] = {}
        """The first product of each group whose products have colours, or that may be called otherwise."""
        self._left: set[str] = set()
        """Ids of rows without a group, or that are no variant of theirs, in batches that are gone."""
        self._has_groups = self._has_aliases = False

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
        self._has_aliases = self._has_aliases or any(columns["aliases"])
        new = {
            group: product
            for group, product, colour in zip(
                reversed(columns["group"]), reversed(columns["product_id"]), reversed(columns["colour"]), strict=True
            )
            if group and (colour or self._has_aliases) and group not in self._products
        }
        self._repairs[Repair.PARENT_APART] += len(self._left.intersection(new))
        if len(self._products) + len(new) > MAX_GROUPS:
            self._products.clear()
        self._products.update(new)

    def _done(self, columns: Columns) -> Columns:
        for place in parent_rows(columns):
            identity = columns["group"][place] or columns["offer_id"][place]
            names = [identity, *sorted(columns["aliases"][place] or ())]
            product = next((self._products[name] for name in names if name in self._products), None)
            if product is not None and product != columns["product_id"][place]:
                columns["product_id"][place] = product
                self._repairs[Repair.PARENT_ROW] += 1
            elif product is None and len(self._left) < MAX_GROUPS:
                self._left.update(names)
        return columns
