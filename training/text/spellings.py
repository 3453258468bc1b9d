"""Other ways to write a listed garment name: with and without hyphens and spaces, and German compounds."""

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from itertools import product
from pathlib import Path
from re import fullmatch, split

from training.data.tables import read_rows
from training.text.data import OUT_OF_SCOPE
from udfs.text.lexicon import NOTHING

WRITTEN_TOGETHER = ("en", "de", "nl", "sv")
"""Languages in which two nouns become one word: elsewhere the words of a name stay apart, or take a hyphen."""

MOST_JOINTS = 2
LEAST_HEAD = 3
LEAST_BEFORE = 3
"""Letters of what stands before the head of a compound: "t" and "v" are no words."""

NO_GARMENT = (OUT_OF_SCOPE, NOTHING)
"""Leaves whose names end no compound: "baby doll" is a toy, "babydoll" none."""

_SPACED = r"[a-zà-öø-ÿœšžą-ż' -]+\*?"


def spellings(name: str, language: str, heads: Iterable[str]) -> Iterator[str]:
    """Other spellings of a plain name: "tank top" gives "tank-top" and "tanktop", "handbag" gives "hand bag".

    heads: one-word names; a compound is written apart before one of them alone, so that no name falls to pieces.
    """
    if not fullmatch(_SPACED, name):
        return
    words = split("[ -]", name)
    joints = (" ", "-", "") if language in WRITTEN_TOGETHER else (" ", "-")
    if 1 < len(words) <= MOST_JOINTS + 1 and all(words):
        for chosen in product(joints, repeat=len(words) - 1):
            yield words[0] + "".join(joint + word for joint, word in zip(chosen, words[1:], strict=True))
    elif len(words) == 1 and language in WRITTEN_TOGETHER:
        for head in heads:
            before = name.removesuffix(head)
            if before != name and len(before) >= LEAST_BEFORE:
                yield from (f"{before} {head}", f"{before}-{head}")


@cache
def compounds() -> tuple[tuple[str, str], ...]:
    """(compound, the name that says what it is) of German: what begins one, and what may end it, listed by hand.

    An end that is no name alone stands with one that is: "rock = röcke".
    """
    listed = {row["kind"]: row["words"].split(", ") for row in read_rows(Path(__file__).with_name("compounds.tsv"))}
    ends = [end.partition(" = ") for end in listed["ends"]]
    return tuple((before + end, name or end) for before in listed["begins"] for end, _, name in ends if before != end)


def with_spellings(leaves: Mapping[str, str], languages: Mapping[str, str]) -> dict[str, str]:
    """Names and the leaf of each, with those that are only spelt otherwise; what is listed itself stays as it is.

    `leaves`, `languages`: by name.
    """
    heads = [name for name, leaf in leaves.items() if leaf not in NO_GARMENT and languages[name] in WRITTEN_TOGETHER]
    heads = [name for name in heads if len(name) >= LEAST_HEAD and name.isalpha()]
    found = dict(leaves)
    for name, leaf in leaves.items():
        for other in spellings(name, languages[name], heads):
            found.setdefault(other, leaf)
    for name, head in compounds():
        if head in leaves:
            found.setdefault(name, leaves[head])
    return found
