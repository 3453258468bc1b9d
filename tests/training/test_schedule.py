"""The course of the learning rate, and the average that follows what is trained."""

import pytest
import torch
from torch import nn

from training.schedule import follow, warm_cosine


def test_the_rate_rises_then_falls_to_nothing() -> None:
    shares = [warm_cosine(step, steps=100, warm_up=10) for step in range(100)]
    assert shares[0] == pytest.approx(0.1)
    assert max(shares) == shares[9] == 1.0
    assert shares[10:] == sorted(shares[10:], reverse=True)
    assert shares[-1] < 0.001


def test_an_average_goes_a_part_of_the_way() -> None:
    average, trained = nn.BatchNorm1d(2), nn.BatchNorm1d(2)
    trained.running_mean.fill_(1.0)
    trained.num_batches_tracked.fill_(5)
    follow(average, trained, 0.75)
    torch.testing.assert_close(average.running_mean, torch.tensor([0.25, 0.25]))
    assert average.num_batches_tracked == 5
