"""Reads http(s) addresses as feeds write them."""

import re
from functools import lru_cache
from typing import NamedTuple

from yarl import URL

from schemas.rejects import Code
from udfs.web.failures import Failure

MAX_URL = 8_192
"""Characters; servers refuse longer ones."""

CONTROL = re.compile(r"[\x00-\x1f\x7f]")
UNQUOTED = re.compile(r'[^\x21-\x7e]|[ "<>\\^`{|}]')
"""Characters that must be quoted in an address (RFC 3986)."""

ORIGIN = re.compile(r"[^/?#]*//[^/?#]*")
"""Scheme, host and port."""

UNREADABLE = (ValueError, IndexError)
"""What yarl raises; IndexError for `http://[::1]@`."""


class Target(NamedTuple):
    """Where a request goes: the address as it is sent, and its origin, which is read once for all its addresses."""

    text: str
    origin: URL


def read_url(text: str) -> Target:
    """An http(s) address as a feed writes it, spaces and letters of any script included.

    Raises Failure FETCH_BAD_URL.
    """
    try:
        sent = _quoted(text.strip()).partition("#")[0]
        begins = ORIGIN.match(sent)
        origin = _origin(begins[0]) if begins else None
    except UNREADABLE as error:
        raise Failure(Code.FETCH_BAD_URL, f"not an address: {text[:200]!r}") from error
    if origin is None or len(text) > MAX_URL:
        raise Failure(Code.FETCH_BAD_URL, f"not an http(s) address: {text[:200]!r}")
    return Target(sent, origin)


def redirected(hop: Target, status: int, location: str | None) -> Target:
    """The target of a redirect, read as browsers do. Raises Failure FETCH_REDIRECT if it is not an http(s) address.

    location: the header's bytes, a character each (latin-1): they are UTF-8, or else stand as they are.
    """
    if not location:
        raise Failure(Code.FETCH_REDIRECT, f"answered HTTP {status} without a target address", status, hop.text)
    try:
        return read_url(str(URL(hop.text, encoded=True).join(URL(_quoted(_as_in_browsers(location)), encoded=True))))
    except (Failure, *UNREADABLE) as error:
        raise Failure(
            Code.FETCH_REDIRECT, f"redirected to {location[:200]!r}, which is not an http(s) address", status, hop.text
        ) from error


def _as_in_browsers(location: str) -> str:
    """A Location with its letters, without the tabs that browsers leave out, and with strokes that lean the right way.

    A byte that is no UTF-8 is quoted as it is.
    """
    given = location.replace("\t", "").strip()
    before, mark, query = given.partition("?")
    given = before.replace("\\", "/") + mark + query
    try:
        return given.encode("latin-1").decode("utf-8")
    except UnicodeDecodeError:
        return "".join(char if char.isascii() else f"%{ord(char):02X}" for char in given)
    except UnicodeEncodeError:  # no bytes: it was decoded already
        return given


def same_owner(first: Target, hop: Target) -> bool:
    """Whether a secret for the first address may be sent to a redirect: same origin, or the same host with https."""
    one, other = first.origin, hop.origin
    return one == other or (
        one.host == other.host and other.scheme == "https" and other.is_default_port() and one.is_default_port()
    )


@lru_cache(maxsize=4096)
def _origin(text: str) -> URL | None:
    """The origin, None where it is not one of http(s); raises Failure and ValueError."""
    url = URL(text, encoded=True)
    if url.scheme not in ("http", "https") or not url.host or not url.port:
        return None
    if url.user is not None or url.password is not None:
        raise Failure(Code.FETCH_BAD_URL, "the address contains a user name or a password")
    return url.origin()


def _quoted(text: str) -> str:
    """Quoted where it must be; an address that is quoted already is sent as it stands, since some hosts sign it."""
    if not UNQUOTED.search(text):
        return text
    if CONTROL.search(text):
        raise ValueError("the address contains control characters")
    return str(URL(text))
