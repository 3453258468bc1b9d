"""Takes erased things out of a feed before it is kept: addresses of pictures, and whole offers of erased products."""

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape

from udfs.feeds.options import FeedOptions
from udfs.feeds.reader import read_feed
from udfs.feeds.repairs import Repairs
from udfs.feeds.source.transcode import Transcoder
from udfs.feeds.source.unpack import unpack

QUOTES = {'"': "&quot;", "'": "&apos;"}


class StillNamed(Exception):
    """A feed names something that was erased, and it cannot be taken out."""


@dataclass(frozen=True)
class _Naming:
    """What an offer has that was erased. `place`: its place among the offers that begin in its line."""

    line: int
    place: int
    urls: tuple[str, ...]
    is_product: bool


def scrub(feed: Path, retailer: str, options: FeedOptions, erased: frozenset[bytes]) -> bool:
    """Rewrite a feed in place (unpacked, in UTF-8) without what was erased -> whether it named any of it.

    Every other offer stays in its line. Raises StillNamed.
    """
    naming, tag = _naming(feed, retailer, options, erased)
    if not naming:
        return False
    _write(feed, options)
    body = feed.read_bytes()
    for url in sorted({url for one in naming for url in one.urls}, key=len, reverse=True):
        for written in _as_written(url):
            body = body.replace(written, b"")
    feed.write_bytes(_without_offers(body, tag, [one for one in naming if one.is_product]))
    left, tag = _naming(feed, retailer, options, erased)
    if left:  # the feed writes the address in another way than the reader gives it
        feed.write_bytes(_without_offers(feed.read_bytes(), tag, left))
        left, _ = _naming(feed, retailer, options, erased)
    if left:
        raise StillNamed(f"line {left[0].line} names something that was erased, and it cannot be cut out")
    return True


def _naming(feed: Path, retailer: str, options: FeedOptions, erased: frozenset[bytes]) -> tuple[list[_Naming], bytes]:
    """The offers that name something erased, and the tag of an offer."""
    found, seen = [], defaultdict[int, int](int)
    with feed.open("rb") as source:
        reading = read_feed(source, options)
        for batch in reading.batches():
            for row in batch.select(["position", "line", "product_id", "offer_id", "url", "pictures"]).to_pylist():
                seen[row["line"]] += row["position"] not in reading.continued
                place = seen[row["line"]] - 1
                urls = tuple(url for url in (*(row["pictures"] or ()), row["url"]) if url and _hash(url) in erased)
                is_product = bool(row["product_id"]) and _hash(f"{retailer}:{row['product_id']}") in erased
                if urls or is_product:
                    found.append(_Naming(row["line"], place, urls, is_product))
    return found, reading.offer_tag


def _hash(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


def _as_written(url: str) -> Iterable[bytes]:
    """The ways in which XML writes an address."""
    return sorted({text.encode() for text in (url, escape(url), escape(url, QUOTES))}, key=len, reverse=True)


def _write(feed: Path, options: FeedOptions) -> None:
    """The feed as the reader sees it: unpacked, in UTF-8, and saying so."""
    with feed.open("rb") as source:
        body = b"".join(Transcoder(unpack(source, options), options, Repairs()))
    declaration = re.compile(rb"\A(\xef\xbb\xbf)?(\s*<\?xml[^>]*?encoding\s*=\s*[\"'])[^\"']*")
    feed.write_bytes(declaration.sub(rb"\g<2>utf-8", body))


def _without_offers(body: bytes, tag: bytes, naming: list[_Naming]) -> bytes:
    """The feed without some offers; the ends of their lines stay."""
    wanted: dict[int, set[int]] = defaultdict(set)
    for one in naming:
        wanted[one.line].add(one.place)
    name = re.escape(tag)
    offer = re.compile(rb"<" + name + rb"(?=[\s>/])(?:[^>]*/>|.*?</" + name + rb"\s*>)", re.DOTALL)
    parts, at, line = [], 0, 1
    places: dict[int, int] = defaultdict(int)
    for found in offer.finditer(body):
        line += body.count(b"\n", at, found.start())
        parts.append(body[at : found.start()])
        is_wanted = places[line] in wanted[line]
        places[line] += 1
        parts.append(b"\n" * found[0].count(b"\n") if is_wanted else found[0])
        line += found[0].count(b"\n")
        at = found.end()
    return b"".join([*parts, body[at:]])
