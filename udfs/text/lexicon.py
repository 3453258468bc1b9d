"""Garment names of many languages, found in plain text."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from udfs.text.garment_sold import CYRILLIC, JAPANESE, LATIN, Named, Yields, together

NOTHING = "nothing"
"""The leaf of words that hold a garment's name and name none: "tie-dye", "boot cut", 携帯 (帯 is a sash)."""

BEGINS, ENDS = "*", "$"
"""Marks at the end of a name: it begins a word; a Japanese one ends its run of letters of one script."""

_JAPANESE = re.compile(r"[ぁ-ゖァ-ヺ一-鿿]")
_KATAKANA, _KANJI = "ァ-ヺー", "一-鿿々"
_OTHER_THING = "素材|生地|風|調|用|柄|付|入|紐"
"""What makes of a name the use, make or part of another thing: 水着用 is "for swimwear", ベルト付き "with a belt"."""

_RUN_ENDS = rf"(?<=[{_KATAKANA}])(?![{_KATAKANA}])|(?<=[{_KANJI}])(?![{_KANJI}])"
_FOLLOWS = "レディース|メンズ|キッズ|ジュニア|ベビー|ウィメンズ|ユニセックス|セット|男|女|子供|大人|新品|中古|上下"
"""What may stand right behind a name, as another name may."""

_CYRILLIC = re.compile(r"[а-яіїєґ]")
_LATER = re.compile(
    r"(?<!\w)(?:with|for|in|without|from|featuring|w|under|and|con|per|in|senza|mit|für|aus|z|ze|na|do|met|voor|com|para|pour|avec"
    r"|с|со|для|из|в|без|под|на|от|з|із|зі|під|та|и)(?!\w)|[(,;|/]|\+|&"
)

_NEXT_SEGMENT = re.compile("/")
"""Where Japanese names stop to lead: brackets and commas part slogans and search words there, not what goes with it."""


def script(text: str) -> str:
    """Which of three scripts leads: japanese where any kana or kanji stands, else cyrillic, else latin."""
    if _JAPANESE.search(text):
        return JAPANESE
    return CYRILLIC if _CYRILLIC.search(text) else LATIN


@dataclass(frozen=True)
class Lexicon:
    """Names and the leaf each stands for.

    One with `BEGINS` at its end begins a word. One with `ENDS` ends a run of katakana or kanji, because the head of a
    Japanese compound comes last: ブラ is not in ブラシ. Other Japanese ones match anywhere. Where names lead,
    a Japanese text is read by its slashes alone (`_NEXT_SEGMENT`), and its later names vie with those that lead.
    """

    leaves: Mapping[str, str]
    yields: Yields = field(default_factory=dict)
    pattern: re.Pattern[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        japanese = {name for name in self.leaves if _JAPANESE.search(name)}
        ending = [name[:-1] for name in japanese if name.endswith(ENDS)]
        begun = [name[:-1] for name in self.leaves if name.endswith(BEGINS)]
        anywhere = [name for name in japanese if not name.endswith(ENDS)]
        whole = [name for name in self.leaves if name not in japanese and not name.endswith(BEGINS)]
        last = rf"(?!{_OTHER_THING})(?:(?={_trie(ending)}|{_FOLLOWS})|{_RUN_ENDS})"
        either = rf"(?<!\w)(?:({_trie(whole)})(?!\w|-[a-z])|({_trie(begun)})\w*)"
        object.__setattr__(self, "pattern", re.compile(rf"{either}|({_trie(ending)}){last}|({_trie(anywhere)})"))

    def named(self, text: str) -> list[tuple[int, str]]:
        """Places and leaves of the names in plain text, leftmost and longest, not overlapping."""
        found = []
        for match in self.pattern.finditer(text):
            whole, begun, ending, anywhere = match.groups()
            name = whole or anywhere or (f"{begun}{BEGINS}" if begun else f"{ending}{ENDS}")
            if self.leaves[name] != NOTHING:
                found.append((match.start(), self.leaves[name]))
        return found

    def read(self, *fields: str) -> list[Named]:
        """What each of the plain texts of one product names, less what yields to a name that leads one of them."""
        return together([self._read(field) for field in fields], self.yields)

    def _read(self, text: str) -> Named:
        found = self.named(text)
        if not found:
            return Named()
        leaves, letters = [leaf for _, leaf in found], script(text)
        segments = letters == JAPANESE
        later = (_NEXT_SEGMENT if segments else _LATER).search(text, found[0][0])
        end = later.start() if later else len(text)
        return Named(leaves, [leaf for place, leaf in found if place < end] or leaves[:1], letters, segments)


def in_its_place(name: str) -> str:
    """A plain name, marked with `ENDS` where it ends in katakana or kanji."""
    return name + ENDS if re.search(f"[{_KATAKANA}{_KANJI}]$", name) else name


def _trie(names: Iterable[str]) -> str:
    """A regular expression that matches the longest of the names, without trying each in turn.

    It looks at the first letter before it branches: most places of a text begin no name.
    """
    ordered = sorted(set(names))
    first = "".join(re.escape(letter) for letter in sorted({name[0] for name in ordered}))
    return f"(?=[{first}]){_branch(ordered, 0)}" if ordered else "(?!)"


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
