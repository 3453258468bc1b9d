"""Turns HTML as shops put it into feeds into plain text."""

import html
import re

from udfs.feeds.values.html_tags import has_sections, is_plain, single_spaced, without_tags

DROPPED = re.compile(r"<(script|style)\b.*?(?:</\1\s*>|$)|<!--.*?(?:-->|$)", re.DOTALL | re.IGNORECASE)
IMAGES = re.compile(r"<img\b[^<>]*?\ssrc\s*=\s*[\"']?([^\"'\s<>]+)", re.IGNORECASE)
CDATA_OPENING, CDATA_CLOSING = "<![CDATA[", "]]>"
CDATA = re.compile(r"<!\[CDATA\[(.*?)(?:\]\]>|$)", re.DOTALL)
COMMONEST_SPACE = "&nbsp;"
MAX_ROUNDS = 3
"""HTML within HTML: some exports escape twice."""


def plain_text(text: str) -> str:
    """The words of `text` with single spaces: tags become nothing or a space, entities characters, scripts nothing."""
    if is_plain(text):
        return text
    for _ in range(MAX_ROUNDS):
        before = text
        if "<" in text:
            if has_sections(text):
                text = DROPPED.sub(" ", without_marks(text))
            text = without_tags(text)
        if "&" in text:
            text = html.unescape(text.replace(COMMONEST_SPACE, " "))
        if text == before or ("<" not in text and "&" not in text):
            break
    text = text.strip(" ")
    return text if is_plain(text) else single_spaced(text)


def without_marks(text: str) -> str:
    """The text without the marks of the CDATA sections in it, which were escaped, so that they arrived as text."""
    if text.startswith(CDATA_OPENING) and text.find(CDATA_CLOSING) == len(text) - len(CDATA_CLOSING):
        return text[len(CDATA_OPENING) : -len(CDATA_CLOSING)]
    return CDATA.sub(r"\1", text) if CDATA_OPENING in text else text


def image_addresses(text: str) -> list[str]:
    """The addresses of the pictures in a piece of HTML, in order."""
    return [html.unescape(address) for address in IMAGES.findall(text)]
