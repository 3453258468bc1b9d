"""HTML's tags and superfluous white space taken out of a text."""

import re
from functools import lru_cache

OF_A_LINE = "a b i q s u em strong span font small big sub sup mark wbr"
INLINE = frozenset([*OF_A_LINE.split(), *OF_A_LINE.upper().split()])
"""Names of tags inside a line: the letters around them may be one word."""
BRACKETS = re.compile(r"<([^<>]*)>")
TAG = re.compile(r"/?([A-Za-z!?][^ \t\n\r\f\v]*)")
SECTIONS = re.compile(r"<(?:!..|[sS](?:[cC][rR]|[tT][yY]))", re.DOTALL)
KNOWN_TAGS = 4_096
"""Tags whose meaning is kept; most of a shop's come again and again."""


def without_tags(text: str) -> str:
    """The text with nothing for each tag inside a line, and with a space for each other one."""
    parts = BRACKETS.split(text)  # texts and what stands in brackets, in turn
    parts[1::2] = map(_instead_of, parts[1::2])
    return "".join(parts)


def is_plain(text: str) -> bool:
    """Whether a text has no bracket that may begin a tag, no ampersand, and no white space but single spaces inside."""
    return "<" not in text and "&" not in text and single_spaced(text) == text


def has_sections(text: str) -> bool:
    """Whether a text may hold a CDATA section, a comment, a script or a style."""
    return SECTIONS.search(text) is not None


def single_spaced(text: str) -> str:
    """The text with a single space for each white space, and none around it."""
    return " ".join(text.split())


@lru_cache(KNOWN_TAGS)
def _instead_of(inside: str) -> str:
    """What takes the place of brackets and what is inside: the same where it is no tag."""
    found = TAG.match(inside)
    if found is None:
        return f"<{inside}>"
    return "" if found[1] in INLINE else " "
