"""HTML as shops put it into feeds, read as plain text."""

import html
import re
from collections.abc import Sequence

import numpy as np

try:
    from udfs.feeds.untag import without_tags
except ImportError:  # the machine that installed the project had no C compiler
    from udfs.feeds.tags import without_tags

DROPPED = re.compile(r"<(script|style)\b.*?(?:</\1\s*>|$)|<!--.*?(?:-->|$)", re.DOTALL | re.IGNORECASE)
IMAGES = re.compile(r"<img\b[^<>]*?\ssrc\s*=\s*[\"']?([^\"'\s<>]+)", re.IGNORECASE)
CDATA_OPENING, CDATA_CLOSING = "<![CDATA[", "]]>"
CDATA = re.compile(r"<!\[CDATA\[(.*?)(?:\]\]>|$)", re.DOTALL)
SECTIONS = re.compile(r"<(?:!\[CDATA\[|!--|[sS][cC][rR]|[sS][tT][yY])")
"""What begins a match of one of these two, or of nothing: asked first, for it is quick."""
SPACE = 0x20
LOOKED_AT_ONCE = 32
"""Texts that are asked together whether they are plain: few enough that one with a tag spares most others the look."""
MAX_ROUNDS = 3
"""HTML within HTML: some exports escape twice."""


def plain_text(text: str) -> str:
    """The words of `text` with single spaces: tags become nothing or a space, entities characters, scripts nothing."""
    if "<" in text or "&" in text:
        for _ in range(MAX_ROUNDS):
            before = text
            if "<" in text:
                if SECTIONS.search(text):
                    text = DROPPED.sub(" ", without_marks(text))
                text = without_tags(text)
            if "&" in text:
                text = html.unescape(text)
            if text == before or ("<" not in text and "&" not in text):
                break
    return single_spaced(text)


def without_marks(text: str) -> str:
    """The text without the marks of the CDATA sections in it, which were escaped, so that they arrived as text."""
    if text.startswith(CDATA_OPENING) and text.find(CDATA_CLOSING) == len(text) - len(CDATA_CLOSING):
        return text[len(CDATA_OPENING) : -len(CDATA_CLOSING)]
    return CDATA.sub(r"\1", text) if CDATA_OPENING in text else text


def plain_texts(texts: Sequence[str | None]) -> list[str | None]:
    """`plain_text` of many that have no white space around them; None for what is nothing."""
    found: list[str | None] = []
    for first in range(0, len(texts), LOOKED_AT_ONCE):
        some = texts[first : first + LOOKED_AT_ONCE]
        together = "".join(filter(None, some))
        found += some if _is_plain(together) else [text and (plain_text(text) or None) for text in some]
    return found


def _is_plain(text: str) -> bool:
    """Whether a long text has no tag, no reference and no white space but single spaces."""
    if "<" in text or "&" in text:
        return False
    if not text.isascii():
        return _is_single_spaced(text)
    codes = np.frombuffer(text.encode(), np.uint8)
    both = codes[1:] | codes[:-1]  # a space only where two spaces meet, as nothing below it is there
    return bool(codes.min(initial=SPACE) == SPACE and not (both == SPACE).any())


def single_spaced(text: str) -> str:
    """The text with single spaces and none around it; most texts are so, and asking that costs a tenth of making it."""
    return text.strip(" ") if _is_single_spaced(text) else " ".join(text.split())


def _is_single_spaced(text: str) -> bool:
    """Whether a text has no white space but single spaces; of all white space the space alone is printable."""
    return "  " not in text and (_has_no_other_space(text) if text.isascii() else text.isprintable())


def _has_no_other_space(text: str) -> bool:
    """Whether an ASCII text has no white space but spaces: nine searches for a byte are quicker than a look at each."""
    return not (
        "\n" in text or "\t" in text or "\r" in text or "\x0b" in text or "\x0c" in text
        or "\x1c" in text or "\x1d" in text or "\x1e" in text or "\x1f" in text
    )  # fmt: skip


def image_addresses(text: str) -> list[str]:
    """The addresses of the pictures in a piece of HTML, in order."""
    return [html.unescape(address) for address in IMAGES.findall(text)]
