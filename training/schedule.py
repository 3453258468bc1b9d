"""What long trainings share: the course of the learning rate, and the average of the weights that is kept."""

import math

import torch
from torch import nn


def warm_cosine(step: int, steps: int, warm_up: int) -> float:
    """Share of the full rate at `step`: linear warm-up, then a cosine to nothing (Loshchilov and Hutter 2017)."""
    if step < warm_up:
        return (step + 1) / warm_up
    return 0.5 * (1 + math.cos(math.pi * step / steps))


def follow(average: nn.Module, trained: nn.Module, weight: float) -> None:
    """Move the average a step towards what is trained; counters are copied."""
    with torch.no_grad():
        for kept, new in zip(average.state_dict().values(), trained.state_dict().values(), strict=True):
            if kept.dtype.is_floating_point:
                kept.lerp_(new, 1 - weight)
            else:
                kept.copy_(new)
