"""Why something was turned away: one code, one meaning, and who has to act. Tests, reports and letters read it here."""

from dataclasses import dataclass
from enum import StrEnum


class Acts(StrEnum):
    """Who has to do something about a reject."""

    SHOP = "the shop"
    ENGINEER = "the data engineer"
    ANALYST = "the analyst"
    NOBODY = "nobody"


class Code(StrEnum):
    """Codes are permanent: a meaning may be sharpened, a code is never given another one."""

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
    FEED_DIALECT_UNKNOWN = "feed_dialect_unknown"
    FEED_ENCODING = "feed_encoding"
    FEED_ARCHIVE = "feed_archive"
    FEED_GATE = "feed_gate"
    FEED_DELETIONS = "feed_deletions"
    # an offer
    OFFER_NO_ID = "offer_no_id"
    OFFER_NO_TITLE = "offer_no_title"
    OFFER_NO_PICTURE = "offer_no_picture"
    OFFER_DUPLICATE_ID = "duplicate_id"
    OFFER_ID_REUSED = "id_reused"
    OFFER_TOO_LARGE = "offer_too_large"
    OFFER_MALFORMED = "offer_malformed"
    OFFER_BAD_PRICE = "offer_bad_price"
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


FEED_CODES = _beginning("FEED_")
OFFER_CODES = _beginning("OFFER_")
FETCH_CODES = _beginning("FETCH_")
PICTURE_CODES = _beginning("PICTURE_")


@dataclass(frozen=True)
class Meaning:
    """What a code says to a person."""

    text: str
    acts: Acts


MEANINGS: dict[Code, Meaning] = {
    Code.FEED_MISSING: Meaning("the shop answered that there is no feed under its address", Acts.SHOP),
    Code.FEED_UNREACHABLE: Meaning("the feed's host did not answer, or broke off", Acts.SHOP),
    Code.FEED_ADDRESS: Meaning(
        "the feed's address in the spec cannot be used: no such kind, out of the folder, or a private network",
        Acts.ENGINEER,
    ),
    Code.FEED_CREDENTIALS: Meaning("the secrets that open the feed's store are missing or wrong", Acts.ENGINEER),
    Code.FEED_EMPTY: Meaning("the feed has no bytes, or white space alone", Acts.SHOP),
    Code.FEED_NOT_XML: Meaning("the feed is not XML, even after safe repairs", Acts.SHOP),
    Code.FEED_HOSTILE: Meaning("the feed declares entities, or nests or repeats beyond reason", Acts.ENGINEER),
    Code.FEED_CUT_OFF: Meaning("the feed ends before its end tag", Acts.SHOP),
    Code.FEED_TOO_LARGE: Meaning("the feed is larger than the setting allows", Acts.ENGINEER),
    Code.FEED_NO_OFFERS: Meaning("the feed holds no offer", Acts.SHOP),
    Code.FEED_DIALECT_UNKNOWN: Meaning("no dialect fits the feed; a dialect file is needed", Acts.ENGINEER),
    Code.FEED_ENCODING: Meaning("the bytes fit no encoding that the feed could mean", Acts.SHOP),
    Code.FEED_ARCHIVE: Meaning("the archive is broken, a bomb, or holds more than one feed", Acts.SHOP),
    Code.FEED_GATE: Meaning("the feed differs from the last good one by more than its gates allow", Acts.ENGINEER),
    Code.FEED_DELETIONS: Meaning(
        "more offers are gone than the gates allow: prices and new offers were taken, the missing ones stay for now",
        Acts.ENGINEER,
    ),
    Code.OFFER_NO_ID: Meaning("the offer has no id", Acts.SHOP),
    Code.OFFER_NO_TITLE: Meaning("the offer has no title", Acts.SHOP),
    Code.OFFER_NO_PICTURE: Meaning("the offer names no picture", Acts.SHOP),
    Code.OFFER_DUPLICATE_ID: Meaning("an equal offer with this id came before in the feed", Acts.SHOP),
    Code.OFFER_ID_REUSED: Meaning("another product with this id came before in the feed", Acts.SHOP),
    Code.OFFER_TOO_LARGE: Meaning("the offer or one of its fields is beyond the size limit", Acts.SHOP),
    Code.OFFER_MALFORMED: Meaning("the offer breaks off or is not well formed", Acts.SHOP),
    Code.OFFER_BAD_PRICE: Meaning("the price cannot be read as a number", Acts.SHOP),
    Code.FETCH_BAD_URL: Meaning("the picture's address is no http(s) URL", Acts.SHOP),
    Code.FETCH_DNS: Meaning("the picture's host has no address", Acts.SHOP),
    Code.FETCH_CONNECT: Meaning("the picture's host refused or dropped the connection", Acts.SHOP),
    Code.FETCH_TLS: Meaning("the picture's host has a bad certificate", Acts.SHOP),
    Code.FETCH_TIMEOUT: Meaning("the picture did not arrive in time", Acts.SHOP),
    Code.FETCH_403: Meaning("the picture's host forbids us", Acts.SHOP),
    Code.FETCH_404: Meaning("there is no picture under the address", Acts.SHOP),
    Code.FETCH_429: Meaning("the picture's host asks us to slow down", Acts.ENGINEER),
    Code.FETCH_4XX: Meaning("the picture's host refuses the request", Acts.SHOP),
    Code.FETCH_5XX: Meaning("the picture's host has an error of its own", Acts.SHOP),
    Code.FETCH_REDIRECT: Meaning("the address is redirected in a loop, too often, or to nowhere", Acts.SHOP),
    Code.FETCH_PRIVATE_ADDRESS: Meaning("the address leads into a private network", Acts.ENGINEER),
    Code.FETCH_ROBOTS: Meaning("the host's robots rules forbid the picture", Acts.SHOP),
    Code.FETCH_TYPE: Meaning("what came is not a picture", Acts.SHOP),
    Code.FETCH_SIZE: Meaning("the picture has more bytes than the setting allows", Acts.SHOP),
    Code.FETCH_CUT_OFF: Meaning("fewer bytes came than were announced", Acts.SHOP),
    Code.PICTURE_DECODE: Meaning("the picture cannot be decoded", Acts.SHOP),
    Code.PICTURE_TRUNCATED: Meaning("the picture's file breaks off", Acts.SHOP),
    Code.PICTURE_PIXELS: Meaning("the picture has too many pixels, or too few", Acts.SHOP),
    Code.SCREEN_UNWANTED: Meaning("the picture shows no garment to sell (size chart, texture, logo, ...)", Acts.NOBODY),
    Code.DUPLICATE_PICTURE: Meaning("a better copy of the picture stands for it", Acts.NOBODY),
    Code.TEXT_OUT_OF_SCOPE: Meaning("what is sold is no garment", Acts.NOBODY),
    Code.MAPPING_IGNORED: Meaning("a mapping rule ignores the shop's category", Acts.ANALYST),
    Code.NO_CATEGORY: Meaning("neither mapping nor text nor image says what is sold", Acts.ANALYST),
    Code.NO_PICTURE_LEFT: Meaning("none of the product's pictures is through", Acts.NOBODY),
    Code.BLOCKED: Meaning("blocked by mappings/blocked.tsv", Acts.ANALYST),
    Code.WORKER_KILLED: Meaning("the row killed the process that worked on it", Acts.ENGINEER),
    Code.WORKER_TIMEOUT: Meaning("the row took longer than a row may take", Acts.ENGINEER),
    Code.INTERNAL: Meaning("an error of our own; the detail names it", Acts.ENGINEER),
}
