"""What a feed says of its language besides its letters: the spec's word, xml:lang, the currency, the shop's domain."""

import re
from collections import Counter, defaultdict

STATED = re.compile(rb"""(?:xml:lang\s*=\s*["']|<language>\s*)([A-Za-z]{2,3})\b""")
CURRENCY = re.compile(rb"""(?:\d\s?|["'>])([A-Z]{3})(?=["'<])""")
DOMAIN = re.compile(rb"https?://[^/\s\"'<>]{1,200}?\.([a-z]{2})(?=[/\"'<\s:])")
LOOKED_AT = 1 << 18
SPEC, SAID, LIKELY = 8.0, 6.0, 4.0
"""Nats for a language: the spec names it, the feed does, or its money or domain is of a country that writes it."""

ALIASES = {"no": "nb", "nn": "nb", "sh": "hr", "bs": "hr", "iw": "he", "in": "id", "tl": "fil", "gl": "pt"}
OF_CURRENCY = {
    "ALL": "sq", "AED": "ar", "ARS": "es", "BAM": "hr sr", "BGN": "bg", "BHD": "ar", "BRL": "pt", "BYN": "ru",
    "CLP": "es", "CNY": "zh", "COP": "es", "CZK": "cs", "DKK": "da", "EGP": "ar", "HKD": "zh-tw", "HRK": "hr",
    "HUF": "hu", "IDR": "id", "ILS": "he", "IRR": "fa", "ISK": "is", "JOD": "ar", "JPY": "ja", "KRW": "ko",
    "KWD": "ar", "KZT": "ru", "LTL": "lt", "LVL": "lv", "MAD": "ar fr", "MKD": "mk", "MXN": "es", "MYR": "ms",
    "NOK": "nb", "OMR": "ar", "PEN": "es", "PHP": "fil en", "PKR": "ur", "PLN": "pl", "QAR": "ar", "RON": "ro",
    "RSD": "sr hr", "RUB": "ru", "RUR": "ru", "SAR": "ar", "SEK": "sv", "THB": "th", "TRY": "tr", "TWD": "zh-tw",
    "UAH": "uk ru", "VND": "vi",
}  # fmt: skip
OF_DOMAIN = {
    "al": "sq", "at": "de", "ba": "hr", "bg": "bg", "br": "pt", "by": "ru", "cl": "es", "cn": "zh", "cz": "cs",
    "de": "de", "dk": "da", "ee": "et", "es": "es ca", "fi": "fi sv", "fr": "fr", "gr": "el", "hr": "hr", "hu": "hu",
    "il": "he", "ir": "fa", "is": "is", "it": "it", "jp": "ja", "kr": "ko", "kz": "ru", "lt": "lt", "lv": "lv",
    "mk": "mk", "mx": "es", "nl": "nl", "no": "nb", "pl": "pl", "pt": "pt", "ro": "ro", "rs": "sr hr", "ru": "ru",
    "se": "sv", "si": "sl", "sk": "sk", "th": "th", "tr": "tr", "tw": "zh-tw", "ua": "uk ru", "vn": "vi",
}  # fmt: skip


def hints(window: bytes, language: str | None) -> dict[str, float]:
    """Nats for each language that something speaks for. `language`: the spec's."""
    head = window[:LOOKED_AT]
    found: dict[str, float] = defaultdict(float)
    for name in (_most(CURRENCY, head, OF_CURRENCY), _most(DOMAIN, head, OF_DOMAIN)):
        for one in name.split():
            found[one] += LIKELY
    if stated := STATED.search(head):
        found[_language(stated[1].decode().lower())] += SAID
    if language:
        found[_language(language)] += SPEC
    return dict(found)


def _language(code: str) -> str:
    return ALIASES.get(code, code)


def _most(pattern: re.Pattern[bytes], head: bytes, languages: dict[str, str]) -> str:
    """The languages of what the pattern finds most often among what is known."""
    counts = Counter(code for code in (found.decode() for found in pattern.findall(head)) if code in languages)
    return languages[counts.most_common(1)[0][0]] if counts else ""
