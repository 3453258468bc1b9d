"""How sure a share is."""

import math
from typing import Any

Z_95 = 1.959964


def wilson(hits: int, total: int) -> tuple[float, float]:
    """The 95% interval of a share `hits` / `total` (Wilson 1927); (0, 1) where nothing was counted."""
    if total == 0:
        return 0.0, 1.0
    share, spread = hits / total, Z_95**2 / total
    middle = (share + spread / 2) / (1 + spread)
    half = Z_95 * math.sqrt(share * (1 - share) / total + spread / (4 * total)) / (1 + spread)
    return max(0.0, middle - half), min(1.0, middle + half)


def share(hits: int, total: int) -> dict[str, Any]:
    """A share as reports and `models score` show it: value (None where nothing counts), low, high, count."""
    low, high = wilson(hits, total)
    value = round(hits / total, 4) if total else None
    return {"value": value, "low": round(low, 4), "high": round(high, 4), "count": total}
