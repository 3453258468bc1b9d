"""Addresses of pictures: mended where that is safe, in the feed's order, each once."""

import re
from urllib.parse import quote, urljoin, urlsplit

from udfs.feeds.repairs import Repair, Repairs

WHOLE = re.compile(r"https?://[!#-;=?-~]+")
"""What needs no mending: printable ASCII without spaces, quotes and angle brackets."""
SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
SAFE = "!#$%&'()*+,-./:;=?@_~[]"
MAX_URL_CHARS = 2_048


def is_address(text: str) -> bool:
    """Whether the text is an absolute http(s) address as it stands."""
    return WHOLE.fullmatch(text) is not None


def split_joined(text: str, separators: list[str]) -> list[str]:
    """Addresses that stand in one field: cut where a separator or white space is followed by a new address."""
    if text.count("://") < 2 and not any(mark in text for mark in separators if mark != ","):
        return [text]
    marks = "".join(re.escape(mark) for mark in separators) or ";"
    return [
        part
        for part in re.split(rf"[{marks}\s]+(?=(?:https?:)?//|/)", text.strip(f"{''.join(separators)} \t\r\n"))
        if part
    ]


def mended(text: str, base_url: str | None, repairs: Repairs) -> str | None:
    """The http(s) address that the text means, or None where it means none."""
    if WHOLE.fullmatch(text) and "&amp;" not in text and len(text) <= MAX_URL_CHARS:
        return text
    address = text.strip().strip("\"'<>").replace("&amp;", "&").replace("\\", "/")
    if address.startswith("//"):
        address = "https:" + address
    elif address[:4].lower() == "www.":
        address = "https://" + address
    elif address and not SCHEME.match(address):
        if not base_url:
            return _dropped(repairs)
        repairs[Repair.RELATIVE_PICTURE] += 1
        address = urljoin(base_url, quote(address, safe=SAFE))
    address = "".join(address.splitlines())
    return _checked(text, address, repairs)


def _checked(given: str, address: str, repairs: Repairs) -> str | None:
    try:
        parts = urlsplit(address)
        host = parts.hostname
    except ValueError:
        return _dropped(repairs)
    if parts.scheme.lower() not in ("http", "https") or not host or len(address) > MAX_URL_CHARS:
        return _dropped(repairs)
    quoted = parts._replace(
        scheme=parts.scheme.lower(),
        path=quote(parts.path, safe=SAFE),
        query=quote(parts.query, safe=SAFE),
        fragment="",
    ).geturl()
    if quoted != given and urlsplit(given).scheme:
        repairs[Repair.PICTURE_ADDRESS] += 1
    return quoted


def _dropped(repairs: Repairs) -> None:
    repairs[Repair.PICTURE_DROPPED] += 1
