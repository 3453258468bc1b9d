"""Why a request failed: every error of the network as one of our codes, with what the next try has to know."""

import ssl
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import aiohttp

from schemas.rejects import Code
from udfs.pictures.inspect import one_line
from udfs.web.guard import PrivateAddress, allowed, literal

TRANSIENT = frozenset(
    {Code.FETCH_DNS, Code.FETCH_CONNECT, Code.FETCH_TIMEOUT, Code.FETCH_429, Code.FETCH_5XX, Code.FETCH_CUT_OFF}
)
"""Worth another try within the same night."""

OF_THE_HOST = frozenset({Code.FETCH_CONNECT, Code.FETCH_TIMEOUT, Code.FETCH_429, Code.FETCH_5XX})
"""Say that the host is in trouble: enough of them in a row and it is left alone. A name without an address and a bad
certificate are not among them: they are certain, cost the host nothing, and every URL may be told so."""


class Failure(Exception):
    """A request that gave nothing: a code, one line for a person, and what is known of the answer."""

    def __init__(
        self,
        code: Code,
        detail: str,
        http_status: int | None = None,
        final_url: str | None = None,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(code, detail)
        self.code = code
        self.detail = detail
        self.http_status = http_status
        self.final_url = final_url
        self.retry_after_s = retry_after_s


def of_error(error: Exception, host: str) -> Failure:
    """The failure that an error raised while asking `host` means."""
    said = one_line(error)
    cause = error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error
    if isinstance(cause, PrivateAddress):
        return Failure(Code.FETCH_PRIVATE_ADDRESS, f"{host} leads to {cause.address}, which is not open to requests")
    if isinstance(error, aiohttp.InvalidURL):
        return _of_url(host, said)
    for kinds, code, text in ERRORS:
        if isinstance(error, kinds):
            return Failure(code, f"{host}: {text} ({said})")
    return Failure(Code.INTERNAL, f"{host}: {type(error).__name__}: {said}")


def _of_url(host: str, said: str) -> Failure:
    address = literal(host)
    if address is not None and not allowed(address):
        return Failure(Code.FETCH_PRIVATE_ADDRESS, f"{host} means {address}, which is not open to requests")
    return Failure(Code.FETCH_BAD_URL, f"not an address: {said}")


ERRORS: tuple[tuple[type[BaseException] | tuple[type[BaseException], ...], Code, str], ...] = (
    (aiohttp.ClientConnectorDNSError, Code.FETCH_DNS, "no address found"),
    ((aiohttp.ClientSSLError, aiohttp.ClientConnectorCertificateError, ssl.SSLError), Code.FETCH_TLS, "no secure line"),
    (TimeoutError, Code.FETCH_TIMEOUT, "no answer in time"),
    (aiohttp.ClientPayloadError, Code.FETCH_CUT_OFF, "the answer broke off"),
    (aiohttp.ClientResponseError, Code.FETCH_5XX, "the answer is not as HTTP has it"),
    ((aiohttp.ClientError, OSError), Code.FETCH_CONNECT, "the connection failed"),
    (UnicodeError, Code.FETCH_BAD_URL, "not a host name"),
    (ValueError, Code.FETCH_BAD_URL, "not an address"),
)
"""Tried in this order: the first that fits names the class."""


def of_status(status: int, retry_after: str | None, url: str) -> Failure:
    """The failure that an HTTP status other than 200, 304 or a redirect means."""
    if status in (404, 410):
        code = Code.FETCH_404
    elif status == 403:
        code = Code.FETCH_403
    elif status == 429:
        code = Code.FETCH_429
    elif 400 <= status < 500:
        code = Code.FETCH_4XX
    elif status >= 500:
        code = Code.FETCH_5XX
    else:
        code = Code.FETCH_TYPE
    return Failure(code, f"answered {status}", status, url, retry_after_seconds(retry_after))


def retry_after_seconds(header: str | None) -> float | None:
    """Seconds that a Retry-After header asks for: a number or a date (RFC 9110, 10.2.3); None where it says neither."""
    if not header:
        return None
    if header.strip().isdecimal():
        return float(header.strip()[:9])
    try:
        until = parsedate_to_datetime(header)
    except (TypeError, ValueError):
        return None
    if until.tzinfo is None:
        until = until.replace(tzinfo=UTC)
    return max(0.0, (until - datetime.now(UTC)).total_seconds())
