"""Addresses of pictures: mended where that is safe, in the feed's order, each once."""

import re
from collections.abc import Sequence
from itertools import chain
from urllib.parse import quote, urljoin, urlsplit

from udfs.feeds.markup.walk import Slots
from udfs.feeds.offers.rows import Rows
from udfs.feeds.repairs import Repair, Repairs
from udfs.feeds.values.html_text import image_addresses

WHOLE = re.compile(r"https?://[A-Za-z0-9][\w.:-]*[/?#][!#-;=?-~]+", re.ASCII)
"""What needs no mending: printable ASCII without spaces, quotes and angle brackets."""
BETWEEN = "\x01"
ALONE = r"https?://[A-Za-z0-9][\w.:-]*+[/?#][!#-:=?-\[\]-{}~]++"
"""The same without what may separate two."""
ALL_ALONE = re.compile(f"(?:{BETWEEN}{ALONE})*+", re.ASCII)
HOST_FIRST = re.compile(r"(?:[a-z0-9-]+\.)+(?:com|net|org|info|shop|store|cloud|io|[a-z]{2})/\S", re.IGNORECASE)
"""An address that begins with a host instead of a scheme, which no folder of a shop is called like."""
SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
NO_HOST = re.compile(r"[\s<>\"'`{|}\\^%]")
SAFE = "!#$%&'()*+,-./:;=?@_~[]"
MAX_URL_CHARS = 2_048


class PictureReader:
    """Reads the pictures of one feed's batches."""

    def __init__(
        self, slots: Slots, in_html: Slots, separators: list[str], base_url: str | None, repairs: Repairs
    ) -> None:
        self._slots, self._in_html = slots, in_html
        self._separators, self._base_url, self._repairs = separators, base_url, repairs

    def read(self, rows: Rows, most: int) -> list[list[str] | None] | None:
        """For each offer its pictures' addresses, each once, `most` of them; None where no offer has any."""
        texts = rows.every(self._slots)
        html = rows.every(self._in_html)
        if html is not None:
            found = [[address for text in every for address in image_addresses(text)] for every in html]
            texts = found if texts is None else [one + more for one, more in zip(texts, found, strict=True)]
        if texts is None:
            return None
        addresses = [*chain.from_iterable(texts)]
        if not _are_whole(addresses):
            texts = [every if _are_whole(every) else self._mended(every) for every in texts]
            addresses = [*chain.from_iterable(texts)]
        if len(set(addresses)) < len(addresses):
            texts = [list(dict.fromkeys(every)) for every in texts]
        if max(map(len, texts)) > most:
            self._repairs[Repair.PICTURE_DROPPED] += sum(max(len(every) - most, 0) for every in texts)
            texts = [every[:most] for every in texts]
        return [every or None for every in texts]

    def _mended(self, texts: list[str]) -> list[str]:
        parts = chain.from_iterable(split_joined(text, self._separators) for text in texts)
        return [address for part in parts if (address := mended(part, self._base_url, self._repairs))]


def _are_whole(texts: Sequence[str]) -> bool:
    """Whether every text is one http(s) address that needs no mending."""
    joined = BETWEEN.join(["", *texts])
    return (
        ALL_ALONE.fullmatch(joined) is not None
        and joined.count("://") == len(texts)
        and "&amp" not in joined
        and max(map(len, texts), default=0) <= MAX_URL_CHARS
    )


def split_joined(text: str, separators: list[str]) -> list[str]:
    """Addresses that stand in one field: cut where a separator or white space is followed by a new address."""
    if text.count("://") < 2 and not any(mark in text for mark in separators if mark != ","):
        return [text]
    for mark in separators:
        parts = text.split(mark)
        if len(parts) > 1 and all(part.startswith("http") for part in parts):
            return parts
    marks = re.escape("".join(separators) or ";")
    return [
        part
        for part in re.split(rf"(?:[{marks}\s]|,\s)+(?=(?:https?:)?//|/)", text.strip(f"{''.join(separators)}, \t\r\n"))
        if part
    ]


def mended(text: str, base_url: str | None, repairs: Repairs) -> str | None:
    """The http(s) address that the text means, or None where it means none."""
    if WHOLE.fullmatch(text) and "&amp;" not in text and len(text) <= MAX_URL_CHARS:
        return text
    address = text.strip().strip("\"'<>").replace("&amp;", "&").replace("\\/", "/").replace("\\", "/")
    if address.startswith("//"):
        address = "https:" + address
    elif address[:4].lower() == "www." or HOST_FIRST.match(address):
        address = "https://" + address
    elif address and not SCHEME.match(address):
        if not base_url:
            _dropped(repairs)
            return None
        repairs[Repair.RELATIVE_PICTURE] += 1
        address = urljoin(base_url, quote(address, safe=SAFE))
    address = "".join(address.splitlines())
    return _checked(text, address, repairs)


def _checked(given: str, address: str, repairs: Repairs) -> str | None:
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname, parts.port  # both raise where they are no host and no port
    except ValueError:
        _dropped(repairs)
        return None
    if (
        parts.scheme.lower() not in ("http", "https")
        or not host
        or NO_HOST.search(parts.netloc)
        or not (parts.path.strip("/") or parts.query)
        or len(address) > MAX_URL_CHARS
    ):
        _dropped(repairs)
        return None
    quoted = parts._replace(
        scheme=parts.scheme.lower(),
        path=quote(parts.path, safe=SAFE),
        query=quote(parts.query, safe=SAFE),
        fragment="",
    ).geturl()
    if quoted != given and SCHEME.match(given):
        repairs[Repair.PICTURE_ADDRESS] += 1
    return quoted


def _dropped(repairs: Repairs) -> None:
    repairs[Repair.PICTURE_DROPPED] += 1
