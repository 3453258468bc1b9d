"""Reads what a shop says about its stock: yes, no or unknown."""

import re
from functools import lru_cache

from udfs.feeds.forms.dialect import Dialect
from udfs.feeds.forms.words import availability, spoken

QUANTITY = re.compile(r"[<>+~ ]*(-?\d{1,9})(?:[.,]\d+)?\s*\+?\s*(?:шт\.?|pcs\.?|st\.?|stk\.?|ks|szt\.?|adet|個|点)?")
MAX_WORD_CHARS = 60
"""A longer text is an explanation (delivery terms), which starts with the word if it has one."""


class Availability:
    """Call with the text of a field; numbers are quantities in stock, unless the dialect gives them another meaning."""

    def __init__(self, dialect: Dialect | None = None) -> None:
        self._said: dict[str, bool | None] = dict(availability())
        for kind, meaning in (("available", True), ("unavailable", False), ("unknown", None)):
            words = dialect.words.get(kind, []) if dialect else []  # type: ignore[call-overload]
            self._said.update({spoken(word): meaning for word in words})
        self._cached = lru_cache(maxsize=4_096)(self._read)

    def __call__(self, text: str | None) -> bool | None:
        """True, False, or None where nothing is said or nobody knows the words."""
        return None if text is None else self._cached(text)

    def understands(self, text: str) -> bool:
        """Whether the words are known, be it for saying nothing."""
        return self(text) is not None or spoken(text[:MAX_WORD_CHARS]) in self._said

    def _read(self, text: str) -> bool | None:
        words = spoken(text[:MAX_WORD_CHARS])
        if words in self._said:
            return self._said[words]
        if quantity := QUANTITY.fullmatch(" ".join(text[:MAX_WORD_CHARS].casefold().split())):  # hyphens are signs here
            return int(quantity[1]) > 0
        first = re.split(r"[,.;:(/]", words)[0].strip()
        return self._said.get(first)
