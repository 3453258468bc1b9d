"""HTML as shops put it into feeds, read as plain text."""

import html
import re

DROPPED = re.compile(r"<(script|style)\b.*?(?:</\1\s*>|$)|<!--.*?(?:-->|$)", re.DOTALL | re.IGNORECASE)
INLINE = re.compile(
    r"</?(?:[abiqsuABIQSU]|em|strong|span|font|small|big|sub|sup|mark|wbr|EM|STRONG|SPAN|FONT|SMALL|BIG|SUB|SUP)(?:\s[^<>]*)?>"
)
"""Tags inside a line: the letters around them may be one word."""
TAGS = re.compile(r"</?[A-Za-z!?][^<>]*>")
IMAGES = re.compile(r"<img\b[^<>]*?\ssrc\s*=\s*[\"']?([^\"'\s<>]+)", re.IGNORECASE)
CDATA_OPENING = "<![CDATA["
CDATA = re.compile(r"<!\[CDATA\[(.*?)(?:\]\]>|$)", re.DOTALL)
"""A CDATA section whose marks were escaped, so that they arrive as text."""
MAX_ROUNDS = 3
"""HTML within HTML: some exports escape twice."""


def plain_text(text: str) -> str:
    """The words of `text` with single spaces: tags become nothing or a space, entities characters, scripts nothing."""
    if "<" in text or "&" in text:
        for _ in range(MAX_ROUNDS):
            before = text
            if "<" in text:
                text = CDATA.sub(r"\1", text) if CDATA_OPENING in text else text
                text = DROPPED.sub(" ", text) if "<s" in text or "<S" in text or "<!--" in text else text
                text = TAGS.sub(" ", INLINE.sub("", text))
            if "&" in text:
                text = html.unescape(text)
            if text == before or ("<" not in text and "&" not in text):
                break
    return single_spaced(text)


def single_spaced(text: str) -> str:
    """The text with single spaces and none around it; most texts are so, and asking that costs a tenth of making it."""
    if "  " not in text and (_has_no_other_space(text) if text.isascii() else text.isprintable()):
        return text.strip(" ")  # of all white space the space alone is printable
    return " ".join(text.split())


def _has_no_other_space(text: str) -> bool:
    """Whether an ASCII text has no white space but spaces: nine searches for a byte are quicker than a look at each."""
    return not (
        "\n" in text or "\t" in text or "\r" in text or "\x0b" in text or "\x0c" in text
        or "\x1c" in text or "\x1d" in text or "\x1e" in text or "\x1f" in text
    )  # fmt: skip


def image_addresses(text: str) -> list[str]:
    """The addresses of the pictures in a piece of HTML, in order."""
    return [html.unescape(address) for address in IMAGES.findall(text)]
