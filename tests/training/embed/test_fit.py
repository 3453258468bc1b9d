"""The heads learn on features that tell products apart, resume to the same weights, and fold into one layer."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch

from training.checkpoint import Checkpoint
from training.embed.fit import Basis, Learnt, Plan, fit, joined, projection_of
from training.embed.rows import Row
from training.linear import Scaler

PLAN = Plan(steps=150, batch=24, placed=96, painted=144)
BOX = (0.0, 0.0, 1.0, 1.0)


def made() -> tuple[np.ndarray, np.ndarray, list[Row]]:
    """Two noisy views each of 90 products of three sources, tops and bags."""
    generator = np.random.default_rng(0)
    placed, painted = generator.standard_normal((90, 130)), generator.standard_normal((90, 180))
    placed[::2, 0] += 4
    twice = [
        np.repeat(found, 2, axis=0) + generator.standard_normal((180, found.shape[1])) for found in (placed, painted)
    ]
    rows = [
        Row(Path(f"{n}.jpg"), BOX, f"s{n // 60}", f"s{n // 60}/{n // 2}", "bag" if n // 2 % 2 else "top")
        for n in range(180)
    ]
    return twice[0].astype(np.float32), twice[1].astype(np.float32), rows


def test_learning_brings_views_together_and_layers_give_the_same_vectors(tmp_path: Path) -> None:
    placed, painted, rows = made()
    bases = (Basis.of(placed, 96, -0.7, Scaler.of(placed)), Basis.of(painted, 144, -0.35, None))
    learnt = Learnt.of(bases[0].apply(placed), bases[1].apply(painted), rows)
    heads = fit(PLAN, learnt, Checkpoint.of(tmp_path, "embed", PLAN))
    with torch.no_grad():
        parts = heads(learnt.placed, learnt.painted)
        vectors = joined(parts, PLAN.shares)
        projection = projection_of(heads, PLAN, *bases)
        again = projection.join(projection(torch.from_numpy(placed), torch.from_numpy(painted)))
    assert torch.allclose(vectors, again, atol=1e-4)
    assert torch.allclose(vectors.norm(dim=1), torch.ones(180), atol=1e-5)
    likeness = (vectors @ vectors.T).fill_diagonal_(-1)
    assert (likeness.argmax(1) // 2 == torch.arange(180) // 2).float().mean() > 0.9
    kind = (parts[0] @ parts[0].T)[0]
    assert kind[4::4].mean() > kind[2::4].mean(), "tops have the class of tops"


@pytest.mark.long
def test_a_resumed_run_gives_the_same_weights(tmp_path: Path) -> None:
    placed, painted, rows = made()
    learnt = Learnt.of(placed[:, :96].copy(), painted[:, :144].copy(), rows)
    plan = dataclasses.replace(PLAN, steps=101)
    whole = fit(plan, learnt, Checkpoint(tmp_path / "a.pt"))
    fit(plan, learnt, Checkpoint(tmp_path / "b.pt"))
    resumed = fit(plan, learnt, Checkpoint(tmp_path / "b.pt"))
    for first, second in zip(whole.parameters(), resumed.parameters(), strict=True):
        assert torch.equal(first, second)
