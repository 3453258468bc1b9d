"""A run that was stopped, and one that is asked for more steps later, give the weights of one run."""

from pathlib import Path

import numpy as np
import pytest
import torch

from schemas.errors import WrongInput
from tests.training.detect.test_views import photo  # noqa: F401
from training.data.street import Photo
from training.detect.split import Split, split
from training.detect.train import Plan, batch_of, drawn, mixed, share_of_rate, train
from training.networks.backbone import imagenet
from training.networks.folded import fold
from training.networks.pyramid import Detector, Pyramid

PLAN = Plan(start="none", side=64, shape=(64, 64), width=8, first_block=15, steps=1, cooling=1, batch=2, products=1)


def weights(plan: Plan, photos: list[Photo], work: Path) -> np.ndarray:
    torch.manual_seed(5)
    detector = Detector(imagenet(), Pyramid(plan.width)).eval()
    fold(detector)
    return (
        torch.cat([one.flatten() for one in train(plan, detector, Split(photos, [], [], photos), work).parameters()])
        .detach()
        .numpy()
    )


@pytest.mark.long
def test_more_steps_go_on_from_before_the_cooling(photo: Photo, tmp_path: Path) -> None:  # noqa: F811
    photos, longer = [photo] * 4, Plan(**{**vars(PLAN), "steps": 2})
    short = weights(PLAN, photos, tmp_path / "a")
    later = weights(longer, photos, tmp_path / "a")
    at_once = weights(longer, photos, tmp_path / "b")
    assert np.array_equal(later, at_once)
    assert not np.array_equal(short, later)
    with pytest.raises(WrongInput, match="has learnt 2 steps already"):
        weights(Plan(**{**vars(PLAN), "steps": 1, "cooling": 2}), photos, tmp_path / "a")


def test_the_rate_rises_stays_and_falls() -> None:
    plan = Plan(start="none", steps=1000, cooling=100)
    shares = [share_of_rate(plan, step) for step in (0, 49, 500, 999, 1000, 1050, 1099)]
    assert shares[:5] == [1 / 50, 1, 1, 1, 1]
    assert 1 > shares[5] > shares[6] > 0.05


def test_a_source_that_is_held_out_is_never_learnt(photo: Photo) -> None:  # noqa: F811
    others = [Photo(**{**vars(photo), "source": source, "group": f"{source}/1"}) for source in ("musinsa", "ccp")]
    parts = split([*others, *(Photo(**{**vars(photo), "group": f"g/{n}"}) for n in range(40))])
    assert others[0] in parts.held_out
    groups = [{one.group for one in part} for part in (parts.learnt, parts.choice, parts.held_out)]
    assert sum(map(len, groups)) == len(set.union(*groups)) == 42
    assert 20 < len(parts.learnt) < 38
    assert 0 < len(parts.choice) < 10


def test_each_step_has_its_share_of_products(photo: Photo) -> None:  # noqa: F811
    street, products = (Photo(**{**vars(photo), "classes": np.array([name])}) for name in (2, 5))
    parts = Split([street] * 6, [], [], [products] * 4)
    plan = Plan(start="none", shape=(64, 64), batch=4, products=1)
    for step in range(6):
        pixels, targets = batch_of(step, plan, parts)
        assert pixels.shape == (4, 64, 64, 3)
        assert [set(one.cells[:, 0].tolist()) for one in targets] == [{2}, {2}, {2}, {5}]


def test_all_photos_are_seen_before_one_comes_again(photo: Photo) -> None:  # noqa: F811
    photos = [Photo(**{**vars(photo), "group": str(number)}) for number in range(6)]
    for first in (0, 3):
        seen = [one.group for step in range(first, first + 3) for one in drawn(photos, step, 2, seed=1)]
        assert sorted(seen) == [str(number) for number in range(6)]


def test_released_is_the_mean_of_both_but_for_the_fit() -> None:
    start, trained = (Detector(imagenet(), Pyramid(8)).eval() for _ in range(2))
    fold(start)
    fold(trained)
    for part, value in ((start.head.box, 1.0), (trained.head.box, 3.0), (start.head.fit, 1.0), (trained.head.fit, 3.0)):
        for one in part.parameters():
            torch.nn.init.constant_(one, value)
    released = mixed(start, trained)
    assert {float(one.detach().mean()) for one in released.head.box.parameters()} == {2.0}
    assert {float(one.detach().mean()) for one in released.head.fit.parameters()} == {3.0}
