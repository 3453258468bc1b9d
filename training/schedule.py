"""How fast a network learns at each step of a run."""

import math


def rate_at(step: int, steps: int, highest: float, warm_up: int) -> float:
    """Linear warm-up over `warm_up` steps, then a cosine from `highest` to nothing at `steps`."""
    if step < warm_up:
        return highest * (step + 1) / warm_up
    return highest * 0.5 * (1 + math.cos(math.pi * step / steps))
