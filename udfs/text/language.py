"""The language of a text: en, ja, ru, or other. The script decides if it can, otherwise the model."""

import re

from schemas.languages import LANGUAGES

ANSWERS = (*LANGUAGES, "other")
LATIN = ("en", "other")
"""Languages left where the letters are Latin."""

_KANA = re.compile(r"[ぁ-ゖァ-ヺ]")
_KANJI = re.compile(r"[一-鿿]")
_CYRILLIC = re.compile(r"[а-я]")
_NOT_RUSSIAN = re.compile(r"[іїєґўјљњћђџқғңұһәө]")
_NOT_ENGLISH = re.compile(r"[ąćęłńśźżčďěňřťůžğışãõßő]")
_LATIN = re.compile(r"[a-z]")
_LETTER = re.compile(r"[^\W\d_]")


def by_letters(text: str) -> str | None:
    """The language of plain text that its letters settle; None for Latin ones, which several languages share."""
    if _KANA.search(text) or _KANJI.search(text):
        return "ja"
    if _NOT_RUSSIAN.search(text):
        return "other"
    cyrillic, latin = len(_CYRILLIC.findall(text)), len(_LATIN.findall(text))
    if cyrillic and cyrillic * 3 >= latin:
        return "ru"
    if _NOT_ENGLISH.search(text):
        return "other"
    if latin or not _LETTER.search(text):
        return None
    return "other"
