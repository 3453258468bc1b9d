"""Addresses of pictures: mended where that is safe, in the feed's order, each once."""

import re
from collections.abc import Sequence
from itertools import chain
from urllib.parse import SplitResult, quote, urljoin, urlsplit

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
MAX_LINK_CHARS = 8_192
"""Links of networks hold a whole other link."""


class PictureReader:
    """Reads the pictures of one feed's batches."""

    def __init__(
        self, slots: Slots, in_html: Slots, separators: list[str], base_url: str | None, repairs: Repairs
    ) -> None:
        self._slots, self._in_html = slots, in_html
        self._separators, self._base_url, self._repairs = separators, base_url, repairs
        self.unusable: dict[int, str] = {}
        """The first address of each offer of the last batch none of whose addresses could be used."""

    def read(self, rows: Rows, most: int) -> list[list[str] | None] | None:
        """For each offer its pictures' addresses, each once, `most` of them; None where no offer has any."""
        texts = rows.every(self._slots)
        html = rows.every(self._in_html)
        self.unusable.clear()
        if html is not None:
            found = [[address for text in every for address in image_addresses(text)] for every in html]
            texts = found if texts is None else [one + more for one, more in zip(texts, found, strict=True)]
        if texts is None:
            return None
        addresses = [*chain.from_iterable(texts)]
        if not are_whole(addresses):
            given, texts = texts, [every if are_whole(every) else self._mended(every) for every in texts]
            self.unusable.update((place, every[0]) for place, every in enumerate(given) if every and not texts[place])
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


def are_whole(texts: Sequence[str]) -> bool:
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


def mended_link(text: str, base_url: str | None) -> str | None:
    """The http(s) address of a page that the text means, a shop's first page included; None where it means none."""
    parts = _parts(_absolute(_bare(text), base_url), MAX_LINK_CHARS)
    return parts._replace(fragment=quote(parts.fragment, safe=SAFE)).geturl() if parts else None


def mended(text: str, base_url: str | None, repairs: Repairs) -> str | None:
    """The http(s) address of a picture that the text means, or None where it means none."""
    if WHOLE.fullmatch(text) and "&amp;" not in text and len(text) <= MAX_URL_CHARS:
        return text
    bare = _bare(text)
    parts = _parts(_absolute(bare, base_url), MAX_URL_CHARS)
    if parts is None or not (parts.path.strip("/") or parts.query):
        repairs[Repair.PICTURE_DROPPED] += 1
        return None
    quoted = parts._replace(fragment="").geturl()
    if _is_relative(bare):
        repairs[Repair.RELATIVE_PICTURE] += 1
    elif quoted != text and SCHEME.match(text):
        repairs[Repair.PICTURE_ADDRESS] += 1
    return quoted


def _bare(text: str) -> str:
    """The address without the marks around it, and without escapes that XML has no need of."""
    bare = text.strip().strip("\"'<>").replace("&amp;", "&").replace("\\/", "/").replace("\\", "/")
    return "".join(bare.splitlines())


def _is_relative(bare: str) -> bool:
    return not (bare.startswith("//") or bare[:4].lower() == "www." or HOST_FIRST.match(bare) or SCHEME.match(bare))


def _absolute(bare: str, base_url: str | None) -> str:
    """The address with scheme and host; empty where it has none and the shop's own is not known."""
    if bare.startswith("//"):
        return "https:" + bare
    if not _is_relative(bare):
        return bare if SCHEME.match(bare) and not HOST_FIRST.match(bare) else "https://" + bare
    return urljoin(base_url, quote(bare, safe=SAFE)) if base_url and bare else ""


def _parts(address: str, most: int) -> SplitResult | None:
    """Scheme, host, path and query of an http(s) address, quoted; None where it is none, or too long."""
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname, parts.port  # both raise where they are no host and no port
    except ValueError:
        return None
    scheme = parts.scheme.lower()
    if scheme not in ("http", "https") or not host or NO_HOST.search(parts.netloc) or len(address) > most:
        return None
    return parts._replace(scheme=scheme, path=quote(parts.path, safe=SAFE), query=quote(parts.query, safe=SAFE))
