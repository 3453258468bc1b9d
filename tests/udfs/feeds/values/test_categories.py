"""Paths in a shop's tree, whole or broken."""

from hypothesis import given
from hypothesis import strategies as st

from udfs.feeds.repairs import Repair, Repairs
from udfs.feeds.values.categories import MAX_DEPTH, CategoryTree


def tree(*nodes: tuple[str, str, str | None]) -> tuple[CategoryTree, Repairs]:
    repairs = Repairs()
    found = CategoryTree(repairs)
    for node in nodes:
        found.add(*node)
    return found, repairs


def test_a_path_runs_from_the_root_down() -> None:
    found, _ = tree(("1", "Clothes", None), ("2", "Women", "1"), ("3", "Dresses", "2"))
    assert found.path("3") == (["Clothes", "Women", "Dresses"], ["1", "2", "3"])
    assert found.path("9") == ([], ["9"])


def test_a_parent_that_is_no_category_starts_the_path() -> None:
    found, repairs = tree(("1", "Clothes", "0"), ("2", "Women", "77"), ("3", "Dresses", "3"))
    assert found.path("1") == (["Clothes"], ["1"])
    assert found.path("2") == (["Women"], ["2"])
    assert found.path("3") == (["Dresses"], ["3"])
    assert not repairs


def test_a_cycle_ends_the_path_and_is_counted_once() -> None:
    found, repairs = tree(("1", "A", "2"), ("2", "B", "1"), ("3", "C", "1"))
    assert found.path("3")[1] == ["2", "1", "3"]
    assert found.path("1")[1] == ["2", "1"]
    assert repairs[Repair.CATEGORY_CYCLE] == 1


NODES = st.lists(st.tuples(st.sampled_from("abcdef"), st.text(max_size=3), st.sampled_from([*"abcdef0", None])))


@given(NODES)
def test_every_tree_gives_paths_that_end(nodes: list[tuple[str, str, str | None]]) -> None:
    found, _ = tree(*nodes)
    for identity in "abcdef":
        names, ids = found.path(identity)
        assert ids[-1] == identity
        assert len(set(ids)) == len(ids) <= MAX_DEPTH
        assert len(names) in (0, len(ids))
