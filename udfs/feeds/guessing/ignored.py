"""Which places of an offer hold nothing for us: a dialect names them, or every dialect ignores their names."""

import re

from udfs.feeds.forms.dialect import Dialect
from udfs.feeds.forms.words import by_word, folded
from udfs.feeds.guessing.leaves import Leaf
from udfs.feeds.guessing.pairs import AT_END


class Ignored:
    """Ask with places: those that the dialect names, all within them, and those whose names every dialect ignores."""

    def __init__(self, dialect: Dialect) -> None:
        self._names = {AT_END.sub("#", name.lower()) for name in dialect.ignored}

    def by_dialect(self, source: str) -> bool:
        """Whether the dialect names a place, or what is around it."""
        parts = source.replace("@", "/@").split("/")
        paths = {AT_END.sub("#", "/".join(parts[: at + 1]).replace("/@", "@")) for at in range(len(parts))}
        return bool(paths & self._names)

    def __contains__(self, source: str) -> bool:
        if source.startswith("param="):
            return source.lower() in self._names or folded(source[6:]) in by_word("ignored")
        names, leaf = (AT_END.sub("", part.rpartition(":")[2]) for part in re.split(r"[/@]", source)), Leaf(source)
        return (
            self.by_dialect(source)
            or any(folded(name) in by_word("ignored") for name in names)
            or (leaf.is_aside and not leaf.is_other_amount)
        )
