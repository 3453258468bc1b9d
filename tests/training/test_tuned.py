"""The tuned blocks: what an augmented map is, how readings are weighed, and that a killed run goes on."""

from pathlib import Path

import numpy as np
import pytest
import torch

from training import checkpoint, tuned
from training.checkpoint import Checkpoint
from training.tuned import MAP_SIDE, Examples, Plan, batch_of, turned, weights_of

PLAN = Plan(steps=4, batch=4, warm_up=1)


def examples() -> Examples:
    drawn = np.random.default_rng(3)
    maps = drawn.random((6, 40, MAP_SIDE, MAP_SIDE)).astype(np.float32)
    return Examples.of([(0.8, maps[:4], np.array([0, 0, 0, 1])), (0.2, maps[4:], np.array([1, 1]))], balance=1.0)


def test_kinds_are_drawn_by_their_share_and_rare_classes_as_often_as_others() -> None:
    chances = examples().chances
    assert chances[:4].sum() == pytest.approx(0.8)
    assert chances[3] == pytest.approx(0.4)
    none = np.zeros(0, np.int64)
    kinds = [(0.5, np.zeros((1, 40, 1, 1), np.float32), np.array([1])), (0.5, np.zeros((0, 40, 1, 1)), none)]
    assert Examples.of(kinds, balance=0.5).chances.tolist() == [1.0], "a kind without examples takes no share"


def test_a_batch_hangs_on_plan_and_step_alone() -> None:
    first, again, next_one = (batch_of(step, PLAN, examples(), 2) for step in (5, 5, 6))
    torch.testing.assert_close(first, again)
    assert not torch.equal(first[0], next_one[0])
    torch.testing.assert_close(first[1].sum(1), torch.ones(4))


def test_turned_maps_hold_no_value_that_was_not_there() -> None:
    maps = torch.rand(8, 3, 16, 16, generator=torch.Generator().manual_seed(1)) + 1
    moved = turned(maps, np.random.default_rng(2))
    assert moved.shape == maps.shape
    assert moved.min() >= maps.min() and moved.max() <= maps.max()
    assert not torch.allclose(moved, maps)


def test_a_reading_that_knows_nothing_weighs_nothing() -> None:
    drawn = np.random.default_rng(5)
    classes = drawn.integers(0, 3, 600)
    good = 2 * np.eye(3, dtype=np.float32)[classes] + drawn.normal(0, 1, (600, 3)).astype(np.float32)
    noise = drawn.normal(0, 1, (600, 3)).astype(np.float32)
    first, second = weights_of([good, noise], classes)
    assert first == pytest.approx(2.0, abs=0.3), "the likelihood ratio of two normals two apart is twice the distance"
    assert abs(second) < 0.2


def test_a_killed_run_goes_on_to_the_same_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoint, "EVERY_STEPS", 1)
    whole = tuned.train(PLAN, examples(), 2, Checkpoint.of(tmp_path, "whole", PLAN))
    batch = tuned.batch_of

    def killed(step: int, *given: object) -> object:
        if step == 2:
            raise KeyboardInterrupt
        return batch(step, *given)  # type: ignore[arg-type]

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(tuned, "batch_of", killed)
        tuned.train(PLAN, examples(), 2, Checkpoint.of(tmp_path, "killed", PLAN))
    resumed = tuned.train(PLAN, examples(), 2, Checkpoint.of(tmp_path, "killed", PLAN))
    for name, value in whole.state_dict().items():
        assert torch.equal(value, resumed.state_dict()[name]), name
