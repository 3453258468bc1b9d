"""How sure a share is."""

import math

Z_95 = 1.959964


def wilson(hits: int, total: int) -> tuple[float, float]:
    """The 95% interval of a share `hits` / `total` (Wilson 1927); (0, 1) where nothing was counted."""
    if total == 0:
        return 0.0, 1.0
    share, spread = hits / total, Z_95**2 / total
    middle = (share + spread / 2) / (1 + spread)
    half = Z_95 * math.sqrt(share * (1 - share) / total + spread / (4 * total)) / (1 + spread)
    return max(0.0, middle - half), min(1.0, middle + half)


def share(hits: int, total: int) -> dict[str, float | int | list[float] | None]:
    """A share with its interval and count, as reports and `models score` print it; no value where nothing counts."""
    low, high = wilson(hits, total)
    value = hits / total if total else None
    return {"value": value, "interval": [low, high], "count": total}
