"""What the products of a search must be: category, shop, gender and price."""

from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from selvedge_searcher.manifest import Category

Names = str | Collection[str]
Amount = Decimal | float | int


@dataclass(frozen=True)
class Where:
    """All that is named must hold. One name or several; of several any.

    `category` means that node of the taxonomy and all below it. `price` is the least and the most, both included; None:
    no bound. It needs `currency` where a version has several: amounts of two are not compared.
    """

    category: Names = ()
    shop: Names = ()
    gender: Names = ()
    price: tuple[Amount | None, Amount | None] = (None, None)
    currency: Names = ()


class Filters:
    """The columns of G garments that a `Where` asks for, as numbers."""

    def __init__(
        self, garments: pa.Table, products: pa.Table, product_rows: np.ndarray, categories: dict[str, Category]
    ) -> None:
        self._garments, self._products, self._product_rows = garments, products, product_rows
        self._categories = categories

    def rows(self, where: Where) -> np.ndarray:
        """(N,) int64: the garments for which it holds, ascending. Raises ValueError for a category that is unknown."""
        kept = np.ones(len(self._garments), bool)
        for column, names in (
            (self._category, self.below(_several(where.category)) if where.category else None),
            (self._retailer, _several(where.shop) or None),
            (self._gender, _several(where.gender) or None),
            (self._currency, _several(where.currency) or None),
        ):
            if names is not None:
                kept &= column.among(names)
        least, most = where.price
        if least is not None or most is not None:
            self._check_one_currency(where)
            kept &= self._price >= (-np.inf if least is None else float(least))  # NaN: no price
            kept &= self._price <= (np.inf if most is None else float(most))
        return np.flatnonzero(kept)

    def below(self, codes: Collection[str]) -> set[str]:
        """The codes and all that stand below them in the taxonomy; raises ValueError for a code that is nowhere."""
        found = set(codes)
        unknown = found - self._categories.keys() - set(self._category.names)
        if unknown:
            raise ValueError(f"the version has no category {', '.join(sorted(unknown))}")
        for code, node in self._categories.items():  # a node stands after the one around it
            if node.parent in found:
                found.add(code)
        return found

    def _check_one_currency(self, where: Where) -> None:
        several = _several(where.currency) or [name for name in self._currency.names if name is not None]
        if len(set(several)) > 1:
            raise ValueError(f"a price needs one currency: the version has {', '.join(sorted(several))}")

    @cached_property
    def _category(self) -> "_Names":
        return _Names(self._garments["category"])

    @cached_property
    def _retailer(self) -> "_Names":
        return _Names(self._garments["retailer"])

    @cached_property
    def _gender(self) -> "_Names":
        return _Names(self._garments["gender"])

    @cached_property
    def _currency(self) -> "_Names":
        return _Names(self._products["currency"], self._product_rows)

    @cached_property
    def _price(self) -> np.ndarray:
        prices = np.asarray(self._products["price"].cast(pa.float64()).to_numpy(), np.float64)
        found: np.ndarray = prices[self._product_rows]
        return found


class _Names:
    """A column of names as places in a short list."""

    def __init__(self, column: pa.ChunkedArray, rows: np.ndarray | None = None) -> None:
        coded = pc.dictionary_encode(column, null_encoding="encode").combine_chunks()
        coded = coded.chunk(0) if isinstance(coded, pa.ChunkedArray) else coded
        self.names: list[str | None] = coded.dictionary.to_pylist()
        places = coded.indices.to_numpy()
        self._places = places if rows is None else places[rows]

    def among(self, names: Collection[str]) -> np.ndarray:
        """(G,) bool."""
        asked = set(names)
        held = np.array([name in asked for name in self.names], bool)
        found: np.ndarray = held[self._places] if len(held) else np.zeros(len(self._places), bool)
        return found


def _several(names: Names) -> list[str]:
    return [names] if isinstance(names, str) else list(names)
