"""Features that say where: what a region keeps, and what a mirrored picture gives."""

import torch

from training.networks.features import regions


def test_a_region_is_the_mean_of_its_cells_and_of_no_other() -> None:
    maps = torch.zeros(1, 2, 9, 9)
    maps[0, 1, 6:, 3:6] = 4.0
    kept = regions(maps).reshape(2, 6)
    assert kept[0].tolist() == [0.0] * 6
    assert kept[1].tolist() == [0.0, 0.0, 0.0, 0.0, 0.0, 4.0], "the bottom, between the sides"


def test_left_and_right_count_as_one() -> None:
    maps = torch.rand(3, 4, 18, 18, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(regions(maps), regions(maps.flip(3)))
    assert not torch.allclose(regions(maps), regions(maps.flip(2))), "top and bottom do not"
