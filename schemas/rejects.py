"""Why something was rejected: each code has one meaning and says who has to act. Reports and letters read it here."""

from dataclasses import dataclass
from enum import StrEnum


class Acts(StrEnum):
    """Who has to do something about a reject."""

    SHOP = "the shop"
    ENGINEER = "the data engineer"
    ANALYST = "the analyst"
    NOBODY = "nobody"


class Code(StrEnum):
    """Codes are permanent: the wording of a meaning may improve, but a code never gets another meaning."""

    # a whole feed
    FEED_MISSING = "feed_missing"
    FEED_UNREACHABLE = "feed_unreachable"
    FEED_ADDRESS = "feed_address"
    FEED_CREDENTIALS = "feed_credentials"
    FEED_EMPTY = "feed_empty"
    FEED_NOT_XML = "feed_not_xml"
    FEED_HOSTILE = "feed_hostile"
    FEED_CUT_OFF = "feed_cut_off"
    FEED_TOO_LARGE = "feed_too_large"
    FEED_NO_OFFERS = "feed_no_offers"
    FEED_NOTHING_KEPT = "feed_nothing_kept"
    FEED_DIALECT_UNKNOWN = "feed_dialect_unknown"
    FEED_ENCODING = "feed_encoding"
    ENCODING_UNSURE = "encoding_unsure"
    FEED_ARCHIVE = "feed_archive"
    FEED_GATE = "feed_gate"
    FEED_DELETIONS = "feed_deletions"
    FEED_REMOVED = "feed_removed"
    # an offer
    OFFER_NO_ID = "offer_no_id"
    OFFER_NO_TITLE = "offer_no_title"
    OFFER_NO_PICTURE = "offer_no_picture"
    OFFER_DUPLICATE_ID = "duplicate_id"
    OFFER_ID_REUSED = "id_reused"
    OFFER_TOO_LARGE = "offer_too_large"
    OFFER_MALFORMED = "offer_malformed"
    OFFER_BAD_PRICE = "offer_bad_price"
    OFFER_BAD_PICTURE = "offer_bad_picture"
    OFFER_NO_UPDATE = "offer_no_update"
    # a picture's journey
    FETCH_BAD_URL = "fetch_bad_url"
    FETCH_DNS = "fetch_dns"
    FETCH_CONNECT = "fetch_connect"
    FETCH_TLS = "fetch_tls"
    FETCH_TIMEOUT = "fetch_timeout"
    FETCH_403 = "fetch_403"
    FETCH_404 = "fetch_404"
    FETCH_429 = "fetch_429"
    FETCH_4XX = "fetch_4xx"
    FETCH_5XX = "fetch_5xx"
    FETCH_REDIRECT = "fetch_redirect"
    FETCH_304 = "fetch_304"
    FETCH_CODING = "fetch_coding"
    FETCH_PRIVATE_ADDRESS = "fetch_private_address"
    FETCH_ROBOTS = "fetch_robots"
    FETCH_TYPE = "fetch_type"
    FETCH_SIZE = "fetch_size"
    FETCH_CUT_OFF = "fetch_cut_off"
    PICTURE_DECODE = "picture_decode"
    PICTURE_TRUNCATED = "picture_truncated"
    PICTURE_PIXELS = "picture_pixels"
    # what the models turn away
    SCREEN_UNWANTED = "screen_unwanted"
    DUPLICATE_PICTURE = "duplicate_picture"
    TEXT_OUT_OF_SCOPE = "out_of_scope"
    MAPPING_IGNORED = "mapping_ignored"
    NO_CATEGORY = "no_category"
    NO_PICTURE_LEFT = "no_picture_left"
    BLOCKED = "blocked"
    # our own
    WORKER_KILLED = "worker_killed"
    WORKER_TIMEOUT = "worker_timeout"
    INTERNAL = "internal_error"


def _beginning(*beginnings: str) -> frozenset[Code]:
    return frozenset(code for code in Code if code.name.startswith(beginnings))


FEED_CODES = _beginning("FEED_", "ENCODING_")
OFFER_CODES = _beginning("OFFER_")
FETCH_CODES = _beginning("FETCH_")
PICTURE_CODES = _beginning("PICTURE_")
WORKER_CODES = frozenset({Code.WORKER_KILLED, Code.WORKER_TIMEOUT, Code.INTERNAL})
"""Codes that any row of a worker can get."""


@dataclass(frozen=True)
class Meaning:
    """What a code means, for a person."""

    text: str
    acts: Acts


MEANINGS: dict[Code, Meaning] = {
    Code.FEED_MISSING: Meaning("there is no feed at this address", Acts.SHOP),
    Code.FEED_UNREACHABLE: Meaning("the feed's server did not answer, or the connection broke off", Acts.SHOP),
    Code.FEED_ADDRESS: Meaning(
        "the feed address in the spec cannot be used: unknown scheme, outside the feeds folder, or a private network",
        Acts.ENGINEER,
    ),
    Code.FEED_CREDENTIALS: Meaning("the credentials for the feed are missing or wrong", Acts.ENGINEER),
    Code.FEED_EMPTY: Meaning("the feed is empty or holds only white space", Acts.SHOP),
    Code.FEED_NOT_XML: Meaning("the feed is not XML, even after safe repairs", Acts.SHOP),
    Code.FEED_HOSTILE: Meaning(
        "the feed declares XML entities, or nests or repeats far more than a real feed", Acts.ENGINEER
    ),
    Code.FEED_CUT_OFF: Meaning("the feed is cut off before its last end tag", Acts.SHOP),
    Code.FEED_TOO_LARGE: Meaning("the feed is larger than the setting feeds.max_bytes allows", Acts.ENGINEER),
    Code.FEED_NO_OFFERS: Meaning("the feed holds no offers", Acts.SHOP),
    Code.FEED_NOTHING_KEPT: Meaning("every offer of the feed was rejected", Acts.SHOP),
    Code.FEED_DIALECT_UNKNOWN: Meaning("no known dialect fits the feed; write a dialect file for it", Acts.ENGINEER),
    Code.FEED_ENCODING: Meaning("the bytes fit neither the declared encoding nor any other", Acts.SHOP),
    Code.ENCODING_UNSURE: Meaning("the bytes can be read in two encodings, and nothing says which is right", Acts.SHOP),
    Code.FEED_ARCHIVE: Meaning("the archive is broken, is an archive bomb, or holds more than one feed", Acts.SHOP),
    Code.FEED_GATE: Meaning("the feed failed a gate, so the last good feed stays live", Acts.ENGINEER),
    Code.FEED_DELETIONS: Meaning(
        "more offers are missing than the gates allow: prices and new offers were taken, missing offers stay for now",
        Acts.ENGINEER,
    ),
    Code.FEED_REMOVED: Meaning(
        "the spec does not list this file any more, so its offers left the index", Acts.ENGINEER
    ),
    Code.OFFER_NO_ID: Meaning("the offer has no id", Acts.SHOP),
    Code.OFFER_NO_TITLE: Meaning("the offer has no title", Acts.SHOP),
    Code.OFFER_NO_PICTURE: Meaning("the offer names no picture", Acts.SHOP),
    Code.OFFER_DUPLICATE_ID: Meaning("the same offer, with the same id, came earlier in the feed", Acts.SHOP),
    Code.OFFER_ID_REUSED: Meaning("a different product with this id came earlier in the feed", Acts.SHOP),
    Code.OFFER_TOO_LARGE: Meaning("the offer, or one of its fields, is over the size limit", Acts.SHOP),
    Code.OFFER_MALFORMED: Meaning("the offer is cut off or is not well-formed XML", Acts.SHOP),
    Code.OFFER_BAD_PRICE: Meaning("the price cannot be read as a number", Acts.SHOP),
    Code.OFFER_BAD_PICTURE: Meaning("no picture's address of the offer can be used", Acts.SHOP),
    Code.OFFER_NO_UPDATE: Meaning("the offer of a file of prices says nothing that could be taken", Acts.SHOP),
    Code.FETCH_BAD_URL: Meaning("the picture's address is not an http(s) URL", Acts.SHOP),
    Code.FETCH_DNS: Meaning("the host name in the picture's address does not exist in the DNS", Acts.SHOP),
    Code.FETCH_CONNECT: Meaning("the picture's host refused or dropped the connection", Acts.SHOP),
    Code.FETCH_TLS: Meaning(
        "no secure (TLS) connection to the picture's host: its certificate may be invalid", Acts.SHOP
    ),
    Code.FETCH_TIMEOUT: Meaning("the picture did not arrive in time", Acts.SHOP),
    Code.FETCH_403: Meaning("the picture's host denies us access (HTTP 403)", Acts.SHOP),
    Code.FETCH_404: Meaning("there is no picture at this address", Acts.SHOP),
    Code.FETCH_429: Meaning("the picture's host asks us to slow down (HTTP 429)", Acts.ENGINEER),
    Code.FETCH_4XX: Meaning("the picture's host refuses the request (HTTP 4xx)", Acts.SHOP),
    Code.FETCH_5XX: Meaning("the picture's host reports an internal error (HTTP 5xx)", Acts.SHOP),
    Code.FETCH_REDIRECT: Meaning("the address redirects in a loop, too many times, or to no usable address", Acts.SHOP),
    Code.FETCH_304: Meaning(
        "the picture's host says that the picture has not changed (HTTP 304), but never sent it to us", Acts.SHOP
    ),
    Code.FETCH_CODING: Meaning("the picture is compressed in a way that we did not ask for", Acts.SHOP),
    Code.FETCH_PRIVATE_ADDRESS: Meaning("the address leads into a private network", Acts.ENGINEER),
    Code.FETCH_ROBOTS: Meaning("the host's robots.txt or X-Robots-Tag forbids the picture", Acts.SHOP),
    Code.FETCH_TYPE: Meaning("the response is not a picture", Acts.SHOP),
    Code.FETCH_SIZE: Meaning("the picture's file is larger than we accept", Acts.SHOP),
    Code.FETCH_CUT_OFF: Meaning("fewer bytes arrived than the server announced", Acts.SHOP),
    Code.PICTURE_DECODE: Meaning("the picture cannot be decoded", Acts.SHOP),
    Code.PICTURE_TRUNCATED: Meaning("the picture's file is cut off", Acts.SHOP),
    Code.PICTURE_PIXELS: Meaning("the picture has too many or too few pixels", Acts.SHOP),
    Code.SCREEN_UNWANTED: Meaning(
        "the picture shows no garment for sale (size chart, texture, logo, ...)", Acts.NOBODY
    ),
    Code.DUPLICATE_PICTURE: Meaning("a near-duplicate: another picture of the product is used instead", Acts.NOBODY),
    Code.TEXT_OUT_OF_SCOPE: Meaning("the product is not a garment", Acts.NOBODY),
    Code.MAPPING_IGNORED: Meaning("a mapping rule ignores the shop's category", Acts.ANALYST),
    Code.NO_CATEGORY: Meaning("neither mapping, text nor pictures give a category", Acts.ANALYST),
    Code.NO_PICTURE_LEFT: Meaning("all pictures of the product were rejected", Acts.NOBODY),
    Code.BLOCKED: Meaning("blocked by a line in mappings/blocked.tsv", Acts.ANALYST),
    Code.WORKER_KILLED: Meaning("the row crashed the worker process", Acts.ENGINEER),
    Code.WORKER_TIMEOUT: Meaning("the row took longer than the setting work.row_seconds allows", Acts.ENGINEER),
    Code.INTERNAL: Meaning("an error in our own code; the detail says which", Acts.ENGINEER),
}
