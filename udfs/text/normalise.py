"""Normalises a shop's text for the classifier: no markup, one form of each letter, limited length."""

import hashlib
import html
import re
import unicodedata
from functools import lru_cache

NAMED_BY = 500

RAW_LIMIT = 20_000
"""Characters looked at before markup is removed: what a shop sells stands at the beginning."""

LONGEST_SPELLING = 8
"""Characters looked at, once markup is out, for each one kept: white space folds away, the rest is cut early."""

REMEMBERED = 200
"""Texts up to this length are kept for the next time."""

_HIDDEN = re.compile(r"<(script|style)\b[^>]*>.*?(?:</\1\s*>|$)", re.IGNORECASE | re.DOTALL)
_CDATA = re.compile(r"<!\[CDATA\[|\]\]>")
_TAG = re.compile(r"<[!/a-z][^<>]*(?:>|$)", re.IGNORECASE)
_DIGIT = re.compile(r"\d")
_T_SHIRT = re.compile(r"\bt[\s\-]?(?:shirt|シャツ)")
_APOSTROPHE = re.compile(r"(?<=\w)['’ʼ`´](?=\w)")
_WORD = re.compile(
    r"[ァ-ヺー]+|[ぁ-ゖ]+|[一-鿿㐀-䶿々〆]+|[^\W_ァ-ヺーぁ-ゖ一-鿿㐀-䶿々〆]+",
)


def plain(text: str | None, limit: int) -> str:
    """Lower-case NFKC text of at most `limit` characters: markup out, ё as е, digits as 0, control characters spaces.

    Half-width kana become full width and full-width Latin becomes ASCII (NFKC).
    """
    if not text:
        return ""
    return _remembered(text, limit) if len(text) <= REMEMBERED else _plain(text[:RAW_LIMIT], limit)


def _plain(raw: str, limit: int) -> str:
    if "<" in raw:
        raw = _TAG.sub(" ", _HIDDEN.sub(" ", _CDATA.sub(" ", raw)))
    if "&" in raw:
        raw = html.unescape(raw)
    folded = unicodedata.normalize("NFKC", raw[: limit * LONGEST_SPELLING]).lower().replace("ё", "е")
    folded = " ".join(_T_SHIRT.sub("tshirt", _APOSTROPHE.sub("", folded)).split())
    if not folded.isprintable():
        folded = " ".join("".join(letter if letter.isprintable() else " " for letter in folded).split())
    return _DIGIT.sub("0", folded)[:limit].rstrip()


_remembered = lru_cache(maxsize=8192)(_plain)
"""Category steps and brands come again and again, and a title is read more than once."""


def words(text: str) -> list[str]:
    """Words of plain text; a run of one Japanese script (katakana, hiragana, kanji) counts as a word."""
    return _WORD.findall(text)


def text_name(title: str, description: str, brand: str) -> int:
    """63 bits that name a text, as written corrections do: of a long one, the first `NAMED_BY` letters of each part."""
    parts = "\t".join(plain(part, NAMED_BY) for part in (title, description, brand))
    return int.from_bytes(hashlib.sha256(parts.encode()).digest()[:8], "big") >> 1
