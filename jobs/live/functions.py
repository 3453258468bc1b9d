"""The digest of each stage's function. It changes whenever the same input may give another result.

A `REVISION` is raised by hand when a stage changes its results. Thresholds are only in the digest of `choose`, which
applies them; other stages store scores.
"""

import hashlib
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from jobs.engine.night import Night
from schemas.retailer import PRICES, FeedFile
from udfs.pictures.decode import PIXELS_REVISION
from udfs.pictures.fingerprint import REVISION as FINGERPRINT_REVISION
from udfs.rules import joined

PARSER_REVISION = 10
"""Raised when the same feed gives other offers."""

MERGE_REVISION = 1
FETCH_REVISION = 1
MAP_REVISION = 2
DEDUP_REVISION = 2
CHOOSE_REVISION = 4


def digest_of(*parts: str | bytes) -> bytes:
    """sha256 over parts, each with its length before it."""
    whole = hashlib.sha256()
    for part in parts:
        body = part.encode() if isinstance(part, str) else part
        whole.update(len(body).to_bytes(8, "little") + body)
    return whole.digest()


class Reading(NamedTuple):
    """What a spec and the server say of how a feed is read; each but `kind` is an option of
    `udfs.feeds.options.FeedOptions`."""

    dialect: str = "auto"
    dialect_file: str | None = None
    encoding: str | None = None
    language: str | None = None
    charset: str | None = None
    groups: str = "given"
    kind: str | None = None
    """`prices`: offers need neither title nor picture; None: a part of the catalog."""


def reading_of(file: FeedFile, charset: str | None = None) -> Reading:
    """How a retailer's file is read. `charset`: the server's word for its encoding."""
    feed, kind = file.feed, PRICES if file.kind == PRICES else None
    language = file.retailer.language
    return Reading(feed.dialect, file.dialect_file, feed.encoding, language, charset, feed.groups, kind)


def parser_of(file: FeedFile, charset: str | None = None) -> bytes:
    """The digest of how a retailer's file is read."""
    return parser_digest(reading_of(file, charset))


def parser_digest(reading: Reading) -> bytes:
    """Covers the parser's revision, the dialects that come with the program, and what is said of the feed.

    What is a part of a catalog counts as the whole of one: a file keeps its rows where others join it.
    """
    dialect, dialect_file, *said, kind = reading
    stated = dialect if dialect_file is None else dialect_file
    kinds = () if kind is None else (kind,)
    return digest_of(str(PARSER_REVISION), stated, *(text or "" for text in said), *kinds, *_dialects())


@cache
def _dialects() -> tuple[bytes, ...]:
    found = sorted((files("udfs.feeds.forms") / "dialects").iterdir(), key=lambda file: file.name)
    return tuple(file.read_bytes() for file in found)


def merge_function() -> bytes:
    return digest_of("merge", str(MERGE_REVISION))


def fetch_function() -> bytes:
    return digest_of("fetch", str(FETCH_REVISION))


def over_pixels(release: bytes) -> bytes:
    """The digest of a release that looks at pixels, given the release's own."""
    return digest_of("pixels", str(PIXELS_REVISION), release)


def screen_function(night: Night) -> bytes:
    return over_pixels(night.model_digest("screen"))


def classify_function(night: Night) -> bytes:
    return night.model_digest("text")


def detect_function(night: Night) -> bytes:
    return over_pixels(night.model_digest("detect"))


def embed_function(night: Night) -> bytes:
    return over_pixels(night.model_digest("embed"))


def map_function() -> bytes:
    """A mapping file is not in it but in the keys of its shop's categories, so that an edited one is asked alone."""
    return digest_of("map", str(MAP_REVISION))


def rules_by_retailer(night: Night) -> dict[str, bytes]:
    """The digest of each retailer's mapping file; not every one has one."""
    return {name: mapping.digest for name, mapping in sorted(night.mappings.items())}


def coverage_function(mapping: bytes) -> bytes:
    """`mapping`: the digest of a retailer's mapping file; empty if it has none."""
    return digest_of("coverage", str(MAP_REVISION), mapping)


def fingerprint_function() -> bytes:
    return digest_of("fingerprint", str(FINGERPRINT_REVISION), str(PIXELS_REVISION))


def duplicates_function(night: Night) -> bytes:
    bits = str(night.settings.choice.duplicate_bits)
    return digest_of("dedup", str(DEDUP_REVISION), fingerprint_function(), bits)


def choose_function(night: Night) -> bytes:
    """Covers everything that `choose` reads besides the product: models, taxonomy, thresholds, and how they join."""
    return digest_of(
        "choose",
        str(CHOOSE_REVISION),
        screen_function(night),
        detect_function(night),
        classify_function(night),
        night.taxonomy.digest,
        night.settings.choice.model_dump_json(),
        joined.content(),
    )
