"""The course of the learning rate."""

import pytest

from training.schedule import rate_at


def test_the_rate_rises_then_falls_to_nothing() -> None:
    rates = [rate_at(step, steps=100, highest=2.0, warm_up=10) for step in range(100)]
    assert rates[0] == pytest.approx(0.2)
    assert max(rates) == rates[9] == 2.0
    assert rates[10:] == sorted(rates[10:], reverse=True)
    assert rates[-1] < 0.002
