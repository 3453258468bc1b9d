"""Gates before the pointer moves: what a candidate may not do against the version that is live."""

from collections.abc import Iterable
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from schemas.gates import Comparison, FirstVersion, RetailerGates
from schemas.manifest import Gate
from schemas.retailer import Drop


@dataclass(frozen=True)
class Rows:
    """One side of a comparison."""

    garments: pa.Table  # column category at least
    products: pa.Table

    def of(self, retailers: Iterable[str]) -> "Rows":
        names = pa.array(sorted(retailers), pa.string())
        return Rows(*(table.filter(pc.is_in(table["retailer"], names)) for table in (self.garments, self.products)))

    @property
    def retailers(self) -> set[str]:
        return set(pc.unique(self.products["retailer"]).to_pylist())


def compare(old: Rows, new: Rows, bounds: Comparison, retailer: str | None = None) -> list[Gate]:
    """Rows and shares by category against the last version; the value is the worst that was found."""
    return [
        _drop("garments_drop", len(old.garments), len(new.garments), bounds.garments_drop, retailer),
        _drop("products_drop", len(old.products), len(new.products), bounds.products_drop, retailer),
        _category_shift(old.garments, new.garments, bounds, retailer),
    ]


def coverage_drop(old: float, new: float, bounds: RetailerGates, retailer: str) -> Gate:
    """Percentage points by which the mapped and ignored shares together fell."""
    points = max(100.0 * (old - new), 0.0)
    return Gate(
        name="coverage_drop", retailer=retailer, value=points, bound=bounds.coverage_drop,
        passed=points <= bounds.coverage_drop,
    )  # fmt: skip


def first_version(new: Rows, bounds: FirstVersion) -> list[Gate]:
    """A first version has absolute bounds alone."""
    counts = {
        "first_garments": (len(new.garments), bounds.garments),
        "first_products": (len(new.products), bounds.products),
    }
    return [Gate(name=name, value=count, bound=least, passed=count >= least) for name, (count, least) in counts.items()]


def _drop(name: str, old: int, new: int, bound: Drop, retailer: str | None) -> Gate:
    """Refused where the drop is beyond the percentage and beyond the count."""
    lost = max(old - new, 0)
    percent = 100.0 * lost / old if old else 0.0
    passed = percent <= bound.percent or lost <= bound.absolute
    return Gate(name=name, retailer=retailer, value=percent, bound=bound.percent, passed=passed)


def _category_shift(old: pa.Table, new: pa.Table, bounds: Comparison, retailer: str | None) -> Gate:
    """The largest move of a category's share among those that also move by more garments than the bound."""
    before, after = _by_category(old), _by_category(new)
    worst = 0.0
    for category in before.keys() | after.keys():
        counts = before.get(category, 0), after.get(category, 0)
        if abs(counts[0] - counts[1]) > bounds.category_shift.absolute:
            shares = counts[0] / max(len(old), 1), counts[1] / max(len(new), 1)
            worst = max(worst, 100.0 * abs(shares[0] - shares[1]))
    limit = bounds.category_shift.points
    return Gate(name="category_shift", retailer=retailer, value=worst, bound=limit, passed=worst <= limit)


def _by_category(garments: pa.Table) -> dict[str, int]:
    counted = pc.value_counts(garments["category"])
    return dict(zip(counted.field("values").to_pylist(), counted.field("counts").to_pylist(), strict=True))
