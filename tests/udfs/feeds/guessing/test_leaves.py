from udfs.feeds.guessing.leaves import Leaf


def test_a_place_without_a_name_is_called_nothing() -> None:
    """A broken tag may leave an element whose name ends with a slash."""
    assert Leaf("").role() is None
    assert Leaf("/@").role() is None
