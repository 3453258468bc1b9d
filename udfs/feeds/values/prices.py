"""Reads prices in every common style of digits, separators and currency signs."""

import re
import unicodedata
from decimal import ROUND_HALF_UP, Decimal
from functools import cache, lru_cache
from typing import NamedTuple

from schemas.table import PRICE
from udfs.feeds.forms.words import lists

GROUPS = r"\d{1,3}(?:[ '\u2019\u066c]\d{3})+(?!\d)(?:[.,\u066b]\d+)?"
NUMBER = re.compile(GROUPS + r"|(?<![\w.,])[.,](?=\d)\d+(?![.,]?\d)|\d[\d.,\u066b\u066c]*")
"""Thousands in groups; a fraction alone (.99), unless a word ends with its mark (Rs.500); any other run of digits."""
PLAIN = re.compile(r"(\d{1,15})(?:\.(\d{1,2}|\d{4,9}))?(?: ?([A-Z]{3}))?")
BESIDE = re.compile(r"[^\d\s,]+")
SPACES = str.maketrans("", "", " '\u2019\u066c")
THOUSANDTHS = {"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"}
"""Currencies that are written with three decimals."""
CENT = Decimal(1).scaleb(-PRICE.scale)
MOST = Decimal(10) ** 15
"""A price of sixteen digits is a bar code that stands in the wrong place; the table's decimal ends there as well."""
EXPONENT = re.compile(r"[+-]?\d+(?:[.,]\d+)?[eE][+-]?\d{1,4}")


class Price(NamedTuple):
    """An amount with two decimals and its ISO currency, each None where the text does not say."""

    amount: Decimal | None
    currency: str | None
    is_rounded: bool = False  # the text states the amount more precisely


@lru_cache(maxsize=65_536)
def parse_price(text: str, decimal_mark: str = "auto") -> Price:
    """The first amount in `text`, and the currency beside it. `decimal_mark`: "." or "," where a feed's is known.

    A single mark before exactly three digits groups thousands (1.234, 2,030), unless the number begins with 0;
    before any other number of digits it is the decimal mark. Where both marks stand, the last one is.
    """
    text = text[:200].strip()
    if (plain := PLAIN.fullmatch(text)) and text.isascii() and (not plain[3] or plain[3] in lists()["currencies"]):
        return _price(Decimal(f"{plain[1]}.{plain[2] or 0}"), plain[3])
    text = unicodedata.normalize("NFKC", text)
    currency = _currency(text)
    if EXPONENT.fullmatch(text):
        return _price(Decimal(text.replace(",", ".")), currency)
    found = NUMBER.search(text)
    if not found or _is_no_amount(text, found):
        return Price(None, currency)
    mark = "." if decimal_mark == "auto" and currency in THOUSANDTHS else decimal_mark
    return _price(Decimal(_plain(found[0], mark)), currency)


def iso_currency(text: str) -> str | None:
    """The ISO 4217 code of a currency field: a code, an old code, a number, a sign or a word."""
    text = unicodedata.normalize("NFKC", text[:40]).strip()
    return _codes()[text] if text.isdigit() and text in _codes() else _currency(text)


def _is_no_amount(text: str, number: re.Match[str]) -> bool:
    """Whether the number is negative, or a digit in the middle of a word."""
    before, after = text[: number.start()].rstrip(" "), text[number.end() : number.end() + 1]
    return before.endswith(("-", "\u2212")) or (
        text[: number.start()][-1:].isalpha() and after.isalpha() and after not in "円元원"
    )


def _plain(number: str, decimal_mark: str) -> str:
    number = number.translate(SPACES).replace("\u066b", ",").rstrip(".,")
    if decimal_mark != "auto":
        other = "," if decimal_mark == "." else "."
        return _digits(number.replace(other, ""), decimal_mark)
    last_dot, last_comma = number.rfind("."), number.rfind(",")
    if last_dot >= 0 and last_comma >= 0:
        mark, other = (".", ",") if last_dot > last_comma else (",", ".")
        return _digits(number.replace(other, ""), mark)
    mark = "." if last_dot >= 0 else ","
    whole, _, rest = number.partition(mark)
    groups = rest.split(mark)
    if rest and all(len(group) == 3 for group in groups[-1:]) and len(whole) <= 3 and whole.lstrip("0"):
        return number.replace(mark, "")
    return _digits(number, mark)


def _digits(number: str, mark: str) -> str:
    whole, _, fraction = number.rpartition(mark) if mark in number else (number, "", "")
    return f"{whole.replace(mark, '') or 0}.{fraction or 0}"


def _price(stated: Decimal, currency: str | None) -> Price:
    if not 0 <= stated < MOST:
        return Price(None, currency)
    amount = stated.quantize(CENT, ROUND_HALF_UP)
    return Price(amount, currency, amount != stated)


@cache
def _codes() -> dict[str, str]:
    """ISO codes, signs and words, folded -> ISO code."""
    every = lists()["currencies"]
    signs = {unicodedata.normalize("NFKC", sign).casefold(): code for code, signs in every.items() for sign in signs}
    return signs | {code.casefold(): code for code in every}


def _currency(text: str) -> str | None:
    """An ISO code wherever it stands, else the first sign or word."""
    codes = _codes()
    words = [word.casefold().strip("()[]:;/").lstrip(".") for word in BESIDE.findall(text)]
    known = [codes[word] for word in words if word in codes]
    known += [codes[char] for word in words if word not in codes for char in word if char in codes]
    stated = [codes[word] for word in words if word.upper() == codes.get(word)]
    return next(iter([*stated, *known]), None)
