"""The most alike of many names, without comparing all of them."""

from collections import Counter
from collections.abc import Iterable
from difflib import get_close_matches

COMPARED = 100
"""Names that share the most pairs of letters: only these are compared letter by letter."""


class LikeNames:
    """Normalised names; a name that is asked for is compared with those that have the most pairs of letters with it."""

    def __init__(self, names: Iterable[str]) -> None:
        self._names = list(names)
        self._pairs: dict[str, list[int]] = {}
        for place, name in enumerate(self._names):
            for pair in _pairs(name):
                self._pairs.setdefault(pair, []).append(place)

    def closest(self, asked: str, cutoff: float) -> str | None:
        """The name most like `asked`; None if none reaches `cutoff` (0 to 1, as `difflib` counts)."""
        shared = Counter[int]()
        for pair in _pairs(asked):
            shared.update(self._pairs.get(pair, ()))
        best = sorted(shared, key=lambda at: (-shared[at] / (len(asked) + len(self._names[at])), at))[:COMPARED]
        return next(iter(get_close_matches(asked, [self._names[at] for at in best], n=1, cutoff=cutoff)), None)


def _pairs(name: str) -> set[str]:
    return {name[at : at + 2] for at in range(len(name) - 1)} or {name}
