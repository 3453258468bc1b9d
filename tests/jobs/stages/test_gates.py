"""Every gate over a candidate: what it measures, that it lets its bound pass, and that it refuses what is beyond it."""

import pytest

from jobs.stages import gates
from schemas.gates import Comparison, FirstVersion, RetailerGates, Shift
from schemas.manifest import Counts, Gate
from schemas.retailer import Drop

DROPS = {"garments_drop": Drop(percent=20, absolute=10), "products_drop": Drop(percent=10, absolute=5)}
BOUNDS = Comparison(**DROPS, category_shift=Shift(points=12.5, absolute=4))
RETAILER = RetailerGates(**DROPS, category_shift=Shift(points=12.5, absolute=4), coverage_drop=12.5)


def counts(garments: int = 100, products: int = 50, **categories: int) -> Counts:
    return Counts(garments=garments, products=products, categories=categories)


def found(old: Counts, new: Counts, name: str) -> Gate:
    return next(gate for gate in gates.compare(old, new, BOUNDS, "shop") if gate.name == name)


def test_a_gate_without_findings_passed() -> None:
    assert gates.no_findings("drill") == Gate(name="drill", value=0, bound=0, passed=True)


def test_a_total_adds_rows_and_categories_up() -> None:
    one, two = counts(3, 2, hat=1, sock=2), counts(5, 4, sock=3, belt=2)
    assert gates.total([one, two]) == counts(8, 6, hat=1, sock=5, belt=2)
    assert gates.total([]) == counts(0, 0)


def test_the_names_that_may_be_accepted_are_those_of_the_gates() -> None:
    compared = {gate.name for gate in gates.compare(counts(), counts(), BOUNDS)}
    first = {gate.name for gate in gates.first_version(counts(), FirstVersion(garments=1, products=1))}
    assert set(gates.GATE_NAMES) == compared | first | {"coverage_drop", "canary"}


@pytest.mark.parametrize(
    ("name", "old", "new", "percent", "passed"),
    [
        ("garments_drop", counts(), counts(), 0, True),
        ("garments_drop", counts(), counts(garments=80), 20, True),
        ("garments_drop", counts(), counts(garments=79), 21, False),
        ("garments_drop", counts(), counts(garments=120), 0, True),
        ("garments_drop", counts(garments=20), counts(garments=10), 50, True),  # no more than `absolute` are gone
        ("garments_drop", counts(garments=20), counts(garments=9), 55, False),
        ("garments_drop", counts(garments=0), counts(garments=9), 0, True),
        ("products_drop", counts(), counts(products=45), 10, True),
        ("products_drop", counts(), counts(products=44), 12, False),
        ("products_drop", counts(), counts(garments=1), 0, True),
    ],
)
def test_a_drop_is_refused_beyond_both_bounds(
    name: str, old: Counts, new: Counts, percent: float, passed: bool
) -> None:
    bound = DROPS[name].percent
    assert found(old, new, name) == Gate(name=name, retailer="shop", value=percent, bound=bound, passed=passed)


@pytest.mark.parametrize(
    ("old", "new", "points", "passed"),
    [
        (counts(64, hat=32), counts(64, hat=32), 0, True),
        (counts(64, hat=32), counts(64, hat=24), 12.5, True),
        (counts(64, hat=32), counts(64, hat=20), 18.75, False),
        (counts(64, hat=32), counts(64, hat=44), 18.75, False),
        (counts(64, hat=32, sock=32), counts(64, hat=40, sock=16), 25, False),  # the worst counts
        (counts(64, hat=32, sock=32), counts(64, sock=32), 50, False),  # one that is gone
        (counts(64, sock=32), counts(64, hat=16, sock=32), 25, False),  # one that came
        (counts(8, hat=5), counts(8, hat=1), 0, True),  # no more than `absolute` garments moved
        (counts(8, hat=6), counts(8, hat=1), 62.5, False),
        (counts(8, hat=1), counts(8, hat=6), 62.5, False),
        (counts(8, hat=5), counts(8), 62.5, False),
        (counts(8), counts(8, hat=5), 62.5, False),
        (counts(8, hat=4), counts(8), 0, True),
        (counts(8), counts(8, hat=4), 0, True),
        (counts(64, hat=8), counts(128, hat=16), 0, True),  # shares count, not garments
        (counts(0), counts(8, hat=8), 100, False),
        (counts(8, hat=8), counts(0), 100, False),
        (counts(1, hat=8), counts(1), 800, False),
        (counts(1), counts(1, hat=8), 800, False),
    ],
)
def test_a_category_may_move_within_either_bound(old: Counts, new: Counts, points: float, passed: bool) -> None:
    expected = Gate(name="category_shift", retailer="shop", value=points, bound=12.5, passed=passed)
    assert found(old, new, "category_shift") == expected


WIDE = Comparison(
    garments_drop=Drop(percent=20, absolute=1000), products_drop=Drop(percent=20, absolute=1000),
    category_shift=Shift(points=10, absolute=1000),
)  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new", "refused"),
    [
        (counts(1000, 1000), counts(800, 800), []),
        (counts(1000, 1000), counts(799, 1000), ["garments_drop"]),
        (counts(1000, 1000), counts(1000, 799), ["products_drop"]),
        (counts(1000, 1000, hat=500), counts(1000, 1000, hat=400), []),
        (counts(1000, 1000, hat=500), counts(1000, 1000, hat=399), ["category_shift"]),
        (counts(20, 20, hat=20), counts(10, 10, hat=10), []),  # ten rows are few anywhere
        (counts(20, 20), counts(9, 20), ["garments_drop"]),
        (counts(5, 5), counts(1, 1), []),
        (counts(5, 5), counts(0, 0), ["garments_drop", "products_drop"]),  # but not if they are all
    ],
)
def test_gates_scale_with_a_small_catalog(old: Counts, new: Counts, refused: list[str]) -> None:
    assert [gate.name for gate in gates.compare(old, new, WIDE) if not gate.passed] == refused


def test_over_the_whole_index_a_gate_names_no_retailer() -> None:
    assert [gate.retailer for gate in gates.compare(counts(), counts(), BOUNDS)] == [None, None, None]


@pytest.mark.parametrize(
    ("old", "new", "points", "passed"),
    [
        (0.9, 0.9, 0, True),
        (0.5, 0.75, 0, True),
        (0.75, 0.625, 12.5, True),
        (0.9, 0.775, 12.5, True),
        (0.75, 0.5, 25, False),
        (1, 0, 100, False),
    ],
)
def test_coverage_may_fall_by_so_many_points(old: float, new: float, points: float, passed: bool) -> None:
    expected = Gate(name="coverage_drop", retailer="shop", value=points, bound=12.5, passed=passed)
    assert gates.coverage_drop(old, new, RETAILER, "shop") == expected


def test_a_first_version_needs_its_least_garments_and_products() -> None:
    least = FirstVersion(garments=10, products=5)
    enough = gates.first_version(counts(10, 5), least)
    assert enough == [
        Gate(name="first_garments", value=10, bound=10, passed=True),
        Gate(name="first_products", value=5, bound=5, passed=True),
    ]
    assert [gate.passed for gate in gates.first_version(counts(9, 5), least)] == [False, True]
    assert [gate.passed for gate in gates.first_version(counts(10, 4), least)] == [True, False]
