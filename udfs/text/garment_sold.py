"""Decides which of the garments that a product's text names is the one for sale.

A name decides more in an unseen shop than any weight learnt from seen ones. The place of the head differs: English
titles end with it ("denim shirt dress"), Russian ones begin with it ("платье с юбкой"), so both ends are features, by
script. And of two names the one that says less yields to the one that says more, whichever stands first and in
whichever field: "Ursula Top" above "Lined bikini top with ties" is a bikini.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

DOUBT = "doubt"
"""The feature of a product that leaves open which of several garments it is."""

VAGUE = frozenset({"top", "shoes", "bag", "underwear", "suit_set", "sportswear", "tights", "slippers"})
"""Leaves whose name alone leaves open which of several is meant: what is left over in a tree, and words that shops use
for different things (tights are sheer or for sport, a set is of anything)."""

CYRILLIC, JAPANESE, LATIN = "cyrillic", "japanese", "latin"

Yields = Mapping[str, Collection[str]]
"""Leaves, each with those to which its name yields where a product names both: "shoes" to "boots"."""


@dataclass(frozen=True)
class Named:
    """The leaves that a text names, in its order; those before its first preposition, bracket or comma lead.

    `all_vie`: each of them may be what is sold, as in a row of segments that say it twice.
    """

    leaves: Sequence[str] = ()
    leading: Sequence[str] = ()
    letters: str = LATIN
    all_vie: bool = False

    def without(self, dropped: Collection[str]) -> "Named":
        """The same less some leaves."""
        leaves, leading = ([leaf for leaf in named if leaf not in dropped] for named in (self.leaves, self.leading))
        return Named(leaves, leading or leaves[:1], self.letters, self.all_vie)

    def head(self) -> str | None:
        """The leaf that the text is about: the last that leads, in Cyrillic the first."""
        if not self.leading:
            return None
        return self.leading[0] if self.letters == CYRILLIC else self.leading[-1]

    def evidence(self) -> list[str]:
        """Names of features: what the text names first and last, last of what leads, at all, alone."""
        if not self.leaves:
            return []
        places = {"first": self.leaves[0], "last": self.leaves[-1], "head": self.leading[-1]}
        kinds = sorted(set(self.leaves))
        alone = [f"only {kinds[0]}"] if len(kinds) == 1 else []
        return (
            [f"{self.letters} {place} {leaf}" for place, leaf in places.items()]
            + alone
            + [f"names {leaf}" for leaf in kinds]
        )


def together(fields: Sequence[Named], yields: Yields) -> list[Named]:
    """The fields of one product, less the names that yield to one that leads any of them and does not yield back."""
    named = {leaf for field in fields for leaf in field.leaves}
    if len(named) < 2:
        return list(fields)
    leading = {leaf for field in fields for leaf in field.leading}
    dropped = {
        leaf
        for leaf in named
        if any(leaf not in yields.get(to, ()) for to in leading.intersection(yields.get(leaf, ())))
    }
    return [field.without(dropped) for field in fields] if dropped else list(fields)


def settled(title: Named, opening: Named) -> list[str]:
    """Names of features: the leaf that the heads of title and description settle on, or the two that they differ in.

    `DOUBT` is one where they differ, where several leaves lead or vie, or where the one that is sold is `VAGUE`.
    """
    heads = {place: head for place, head in (("title", title.head()), ("opening", opening.head())) if head}
    if len(set(heads.values())) == 2:
        return [DOUBT, *(f"disputed {place} {head}" for place, head in heads.items())]
    leaf = next(iter(heads.values()), None)
    vying = {*(title.leaves if title.all_vie else title.leading), *opening.leading}
    return (
        [f"sold {leaf}"] * bool(heads)
        + [f"agreed {leaf}"] * (len(heads) == 2)
        + [DOUBT] * (len(vying) > 1 or leaf in VAGUE)
    )
