"""Search of our categories as one types, by any of their names in any language."""

from collections.abc import Mapping
from dataclasses import dataclass

from udfs.rules.taxonomy import Taxonomy
from udfs.rules.wording import normalise

FOUND = 8


@dataclass(frozen=True)
class Hit:
    """A category that the typed letters name."""

    code: str
    name: str  # in the shop's language
    english: str
    above: str  # names of the categories around it, from the root down


class Leaves:
    """Names of the taxonomy, and further names of its leaves (`more`: name -> code)."""

    def __init__(self, taxonomy: Taxonomy, more: Mapping[str, str]) -> None:
        self._taxonomy = taxonomy
        own = [(normalise(name), code, 0) for code, node in taxonomy.nodes.items() for name in node.names.values()]
        own += [(normalise(code.replace("_", " ")), code, 0) for code in taxonomy.nodes]
        others = [(normalise(name.rstrip("*$")), code, 1) for name, code in more.items() if code in taxonomy]
        self._names = own + others

    def search(self, typed: str, language: str | None) -> list[Hit]:
        """At most `FOUND` categories: names that are the typed letters first, then that begin with or hold them."""
        asked = normalise(typed)[:100]
        if not asked:
            return []
        ranks: dict[str, tuple[int, int, int]] = {}
        for name, code, kind in self._names:
            at = name.find(asked)
            if at < 0:
                continue
            rank = 0 if name == asked else 1 if at == 0 else 2 if name[at - 1] == " " else 3
            mine = (rank, kind, len(name))
            if code not in ranks or mine < ranks[code]:
                ranks[code] = mine
        return [self.hit(code, language) for code in sorted(ranks, key=lambda code: (*ranks[code], code))[:FOUND]]

    def names(self, language: str | None) -> list[tuple[str, str, list[str]]]:
        """Every category: its code, its name in a language, and all names by which it is found."""
        by_code: dict[str, list[str]] = {}
        for name, code, _ in self._names:
            by_code.setdefault(code, []).append(name)
        return [(code, self.hit(code, language).name, sorted(set(names))) for code, names in sorted(by_code.items())]

    def hit(self, code: str, language: str | None) -> Hit:
        node = self._taxonomy.node(code)
        spoken = language if language in node.names else "en"
        above = reversed(self._taxonomy.ancestors(code))
        around = " › ".join(self._taxonomy.node(parent).names[spoken] for parent in above)
        return Hit(code, node.names[spoken], node.names["en"], around)
