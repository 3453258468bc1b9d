"""http(s) addresses as feeds write them."""

import re

from yarl import URL

from schemas.rejects import Code
from udfs.web.failures import Failure

MAX_URL = 8_192
"""Characters; servers refuse longer ones."""

CONTROL = re.compile(r"[\x00-\x1f\x7f]")
UNQUOTED = re.compile(r'[^\x21-\x7e]|[ "<>\\^`{|}]')
"""What may not stand in an address as it is (RFC 3986)."""


def read_url(text: str) -> URL:
    """An http(s) URL as a feed writes it, spaces and letters of any script included; raises Failure FETCH_BAD_URL."""
    try:
        url = _quoted(text.strip())
        host, port = url.host, url.port
    except (ValueError, UnicodeError) as error:
        raise Failure(Code.FETCH_BAD_URL, f"not an address: {text[:200]!r}") from error
    if url.scheme not in ("http", "https") or not host or not port or len(text) > MAX_URL:
        raise Failure(Code.FETCH_BAD_URL, f"not an http(s) address: {text[:200]!r}")
    if "@" in text and (url.user is not None or url.password is not None):
        raise Failure(Code.FETCH_BAD_URL, "the address carries a user name or a password")
    return url.with_fragment(None) if "#" in text else url


def redirected(hop: URL, status: int, location: str | None) -> URL:
    """Where a redirect leads; raises Failure FETCH_REDIRECT where that is no http(s) address."""
    if not location:
        raise Failure(Code.FETCH_REDIRECT, f"answered {status} without saying where to", status, str(hop))
    try:
        return read_url(str(hop.join(_quoted(location))))
    except (Failure, ValueError) as error:
        raise Failure(Code.FETCH_REDIRECT, f"redirected to {location[:200]!r}", status, str(hop)) from error


def same_owner(first: URL, hop: URL) -> bool:
    """Whether a secret for the first URL may go to a redirect: the same origin, or its step up from http to https."""
    return hop.origin() == first.origin() or (
        hop.host == first.host and hop.scheme == "https" and hop.is_default_port() and first.is_default_port()
    )


def _quoted(text: str) -> URL:
    """Quoted where it must be; an address that is quoted already is sent as it stands, since some hosts sign it."""
    if not UNQUOTED.search(text):
        return URL(text, encoded=True)
    if CONTROL.search(text):
        raise ValueError("control characters in an address")
    return URL(text)
