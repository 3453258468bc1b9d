"""The gates that a new version must pass, compared with the live version, before it goes live."""

from collections.abc import Iterable

from schemas.gates import Comparison, FirstVersion, RetailerGates
from schemas.manifest import Counts, Gate
from schemas.retailer import Drop, scaled

GATE_NAMES = (
    "first_garments", "first_products", "garments_drop", "products_drop", "category_shift", "coverage_drop", "canary",
)  # fmt: skip
"""The gates that an engineer may let through. The gates `integrity` and `drill` cannot be let through."""


def no_findings(name: str) -> Gate:
    """A passed gate of the kind that fails at the first finding."""
    return Gate(name=name, value=0, bound=0, passed=True)


def total(counts: Iterable[Counts]) -> Counts:
    """The summed counts of several retailers."""
    garments = products = 0
    categories: dict[str, int] = {}
    for one in counts:
        garments, products = garments + one.garments, products + one.products
        for category, count in one.categories.items():
            categories[category] = categories.get(category, 0) + count
    return Counts(garments=garments, products=products, categories=categories)


def compare(old: Counts, new: Counts, bounds: Comparison, retailer: str | None = None) -> list[Gate]:
    """Gates on rows and category shares, compared with the last version; the value is the worst one found."""
    return [
        _drop("garments_drop", old.garments, new.garments, bounds.garments_drop, retailer),
        _drop("products_drop", old.products, new.products, bounds.products_drop, retailer),
        _category_shift(old, new, bounds, retailer),
    ]


def coverage_drop(old: float, new: float, bounds: RetailerGates, retailer: str) -> Gate:
    """Gate on the drop of mapped plus ignored products, in percentage points."""
    points, bound = round(max(100.0 * (old - new), 0.0), 9), bounds.coverage_drop
    return Gate(name="coverage_drop", retailer=retailer, value=points, bound=bound, passed=points <= bound)


def first_version(new: Counts, bounds: FirstVersion) -> list[Gate]:
    """Gates of the first version: minimum counts only."""
    found = {"first_garments": (new.garments, bounds.garments), "first_products": (new.products, bounds.products)}
    return [Gate(name=name, value=count, bound=least, passed=count >= least) for name, (count, least) in found.items()]


def _drop(name: str, old: int, new: int, bound: Drop, retailer: str | None) -> Gate:
    percent, passed = bound.judge(old, new)
    return Gate(name=name, retailer=retailer, value=percent, bound=bound.percent, passed=passed)


def _category_shift(old: Counts, new: Counts, bounds: Comparison, retailer: str | None) -> Gate:
    """The largest move of a category's share, among the categories that moved by more garments than the bound."""
    limit = bounds.category_shift.points
    few = scaled(bounds.category_shift.absolute, limit, old.garments)
    worst = 0.0
    for category in old.categories.keys() | new.categories.keys():
        before, after = old.categories.get(category, 0), new.categories.get(category, 0)
        if abs(before - after) > few:
            moved = before / max(old.garments, 1) - after / max(new.garments, 1)
            worst = max(worst, 100.0 * abs(moved))
    return Gate(name="category_shift", retailer=retailer, value=worst, bound=limit, passed=worst <= limit)
