"""Garment names of many languages, found in plain text: which kinds a text names first and last.

A name decides more in an unseen shop than any weight learnt from seen ones. The place of the head differs: English
titles end with it ("denim shirt dress"), Russian ones begin with it ("платье с юбкой"), so both ends are features, by
script.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

CYRILLIC, JAPANESE, LATIN = "cyrillic", "japanese", "latin"

_JAPANESE = re.compile(r"[ぁ-ゖァ-ヺ一-鿿]")
_CYRILLIC = re.compile(r"[а-яіїєґ]")
_LATER = re.compile(
    r"(?<!\w)(?:with|for|in|without|from|featuring|w|under|and|con|per|in|senza|mit|für|aus|z|ze|na|do|met|voor|com|para|pour|avec"
    r"|с|со|для|из|в|без|под|на|от|з|із|зі|під|та|и)(?!\w)|[(,;|/]|\+|&"
)


def script(text: str) -> str:
    """Which of three scripts leads: japanese where any kana or kanji stands, else cyrillic, else latin."""
    if _JAPANESE.search(text):
        return JAPANESE
    return CYRILLIC if _CYRILLIC.search(text) else LATIN


@dataclass(frozen=True)
class Lexicon:
    """Names and the leaf each stands for. One with * at its end begins a word; Japanese ones match anywhere."""

    leaves: Mapping[str, str]
    pattern: re.Pattern[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        japanese = [name for name in self.leaves if _JAPANESE.search(name)]
        begun = [name[:-1] for name in self.leaves if name.endswith("*")]
        whole = [name for name in self.leaves if name not in japanese and not name.endswith("*")]
        tries = (_trie(whole), _trie(begun), _trie(japanese))
        object.__setattr__(
            self, "pattern", re.compile(rf"(?<!\w)(?:({tries[0]})(?!\w|-[a-z])|({tries[1]})\w*)|({tries[2]})")
        )

    def named(self, text: str) -> list[tuple[int, str]]:
        """Places and leaves of the names in plain text, leftmost and longest, not overlapping."""
        found = []
        for match in self.pattern.finditer(text):
            whole, begun, japanese = match.groups()
            found.append((match.start(), self.leaves[whole or japanese or f"{begun}*"]))
        return found

    def evidence(self, text: str) -> list[str]:
        """Names of features: what the text names first and last, last before a preposition or comma, at all, alone."""
        found = self.named(text)
        if not found:
            return []
        letters = script(text)
        later = _LATER.search(text, found[0][0])
        before = [leaf for place, leaf in found if later is None or place < later.start()]
        features = [
            f"{letters} first {found[0][1]}",
            f"{letters} last {found[-1][1]}",
            f"{letters} head {(before or [found[0][1]])[-1]}",
        ]
        named = sorted({leaf for _, leaf in found})
        if len(named) == 1:
            features.append(f"only {named[0]}")
        return features + [f"names {leaf}" for leaf in named]


def _trie(names: Iterable[str]) -> str:
    """A regular expression that matches the longest of the names, without trying each in turn."""
    ordered = sorted(set(names))
    return _branch(ordered, 0) if ordered else "(?!)"


def _branch(names: Sequence[str], depth: int) -> str:
    ends = len(names[0]) == depth
    rest = names[1:] if ends else names
    groups: dict[str, list[str]] = {}
    for name in rest:
        groups.setdefault(name[depth], []).append(name)
    branches = [re.escape(letter) + _branch(group, depth + 1) for letter, group in groups.items()]
    if not branches:
        return ""
    together = branches[0] if len(branches) == 1 and not ends else f"(?:{'|'.join(branches)})"
    return together + "?" if ends else together
