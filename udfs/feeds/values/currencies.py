"""The currency of an offer that states none: by the market it is for, its domain, and what language the feed is in."""

import re
from collections.abc import Sequence

OF_COUNTRIES = {
    "EUR": "ad at be bg cy de ee es eu fi fr gr hr ie it lt lu lv mc mt nl pt si sk sm va",
    "CZK": "cz", "HUF": "hu", "PLN": "pl", "RON": "ro", "SEK": "se", "DKK": "dk", "NOK": "no", "ISK": "is", "CHF": "ch",
    "GBP": "uk", "UAH": "ua", "RUB": "ru su", "BYN": "by", "KZT": "kz", "MDL": "md", "GEL": "ge", "AZN": "az",
    "UZS": "uz", "KGS": "kg", "TRY": "tr", "RSD": "rs", "BAM": "ba", "MKD": "mk", "ALL": "al", "ILS": "il",
    "JPY": "jp", "KRW": "kr", "CNY": "cn", "TWD": "tw", "HKD": "hk", "THB": "th", "VND": "vn", "IDR": "id", "INR": "in",
    "AUD": "au", "NZD": "nz", "CAD": "ca", "BRL": "br", "MXN": "mx", "ARS": "ar", "CLP": "cl", "PEN": "pe", "ZAR": "za",
    "AED": "ae", "SAR": "sa", "EGP": "eg", "MAD": "ma", "SGD": "sg", "MYR": "my", "PHP": "ph",
}  # fmt: skip
"""Currency -> the top-level domains of the countries that have it, without those that shops of any country use (co)."""
OF_COUNTRY = {country: currency for currency, countries in OF_COUNTRIES.items() for country in countries.split()}
OF_LETTERS = (
    ("[ά-ώ]", "EUR"), ("[ėįų]", "EUR"), ("[ģķļņ]", "EUR"), ("[ľĺŕ]", "EUR"), ("[õ]", "EUR"), ("[řěů]", "CZK"),
    ("[łśźż]", "PLN"), ("[őű]", "HUF"), ("[țșţ]", "RON"), ("[ğı]", "TRY"), ("[їєґ]", "UAH"), ("[א-ת]", "ILS"),
    ("[ぁ-ヿ]", "JPY"), ("[가-힣]", "KRW"), ("[ก-๙]", "THB"), ("[ơư]", "VND"),
)  # fmt: skip
"""Letters that one language alone has, of those whose countries share a currency."""
LEAST_LETTERS = 5
"""Fewer come with a foreign name."""
MARKET = re.compile(r"[\w-]+\.(?P<country>[a-z]{2})", re.IGNORECASE)
"""What networks for several countries begin a category with: `Glami.gr`."""


def of_address(url: str) -> str | None:
    """The currency of the country whose top-level domain an address is in."""
    return OF_COUNTRY.get(domain_of(url))


def domain_of(url: str) -> str:
    """The top-level domain of an address."""
    host = url.partition("://")[2].partition("/")[0].partition("?")[0].rpartition("@")[2].partition(":")[0]
    return host.rpartition(".")[2].lower()


def of_market(category_path: Sequence[str]) -> str | None:
    """The currency of the country that a category begins with."""
    market = MARKET.fullmatch(category_path[0]) if category_path else None
    return OF_COUNTRY.get(market["country"].lower()) if market else None


def of_language(text: str) -> str | None:
    """The currency of the countries whose language a text is in, as far as its letters tell."""
    folded = text.casefold()
    counts: dict[str, int] = {}
    for letters, currency in OF_LETTERS:
        counts[currency] = max(len(re.findall(letters, folded)), counts.get(currency, 0))
    (first, most), (_, second) = sorted(counts.items(), key=lambda one: -one[1])[:2]
    return first if most >= LEAST_LETTERS and most > 2 * second else None
