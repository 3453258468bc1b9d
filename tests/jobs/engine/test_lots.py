"""What comes late does not keep what came before from being committed."""

from collections.abc import Iterator

from jobs.engine.lots import lots


def test_a_lot_ends_when_its_time_is_over() -> None:
    now = 0.0

    def coming() -> Iterator[int]:
        nonlocal now
        for item, after_s in enumerate((10.0, 200.0, 100.0, 1.0, 600.0, 5.0)):
            now += after_s
            yield item

    assert [*lots(coming(), 300, lambda: now)] == [[0, 1, 2], [3, 4], [5]]


def test_nothing_is_no_lot() -> None:
    assert [*lots([], 300)] == []
