"""Turns every network error into one of our codes, with what the next try needs to know."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import pycurl
from yarl import URL

from schemas.rejects import Code

TRANSIENT = frozenset({Code.FETCH_CONNECT, Code.FETCH_TIMEOUT, Code.FETCH_429, Code.FETCH_5XX, Code.FETCH_CUT_OFF})
"""Worth another try within the same night. A name without an address is not: the resolver has tried more than once
itself, and its answer is believed for longer than our tries last."""

OF_THE_HOST = frozenset({Code.FETCH_CONNECT, Code.FETCH_TIMEOUT, Code.FETCH_429, Code.FETCH_5XX})
"""Say that the host is in trouble: enough of them in a row and it is left alone. A name without an address and a bad
certificate are not among them: they are certain, cost the host nothing, and every URL may be told so."""

OF_CURL: dict[int, tuple[Code, str]] = {
    pycurl.E_UNSUPPORTED_PROTOCOL: (Code.FETCH_5XX, "the response is not valid HTTP"),  # HTTP/0.9
    pycurl.E_FTP_WEIRD_SERVER_REPLY: (Code.FETCH_5XX, "the response is not valid HTTP"),
    pycurl.E_BAD_CONTENT_ENCODING: (Code.FETCH_5XX, "the response is not valid HTTP"),
    100: (Code.FETCH_5XX, "the response header is too large"),  # CURLE_TOO_LARGE, which pycurl has no name for
    pycurl.E_URL_MALFORMAT: (Code.FETCH_BAD_URL, "not an address"),
    pycurl.E_COULDNT_RESOLVE_HOST: (Code.FETCH_DNS, "the host name was not found"),
    pycurl.E_COULDNT_CONNECT: (Code.FETCH_CONNECT, "the connection failed"),
    pycurl.E_GOT_NOTHING: (Code.FETCH_CONNECT, "the connection failed"),
    pycurl.E_SEND_ERROR: (Code.FETCH_CONNECT, "the connection failed"),
    pycurl.E_RECV_ERROR: (Code.FETCH_CONNECT, "the connection failed"),
    pycurl.E_OPERATION_TIMEDOUT: (Code.FETCH_TIMEOUT, "no response in time"),
    pycurl.E_PARTIAL_FILE: (Code.FETCH_CUT_OFF, "the response was cut off"),
    **dict.fromkeys(
        (
            pycurl.E_SSL_CONNECT_ERROR, pycurl.E_PEER_FAILED_VERIFICATION, pycurl.E_SSL_CERTPROBLEM,
            pycurl.E_SSL_CIPHER, pycurl.E_SSL_CACERT_BADFILE, pycurl.E_SSL_ISSUER_ERROR, pycurl.E_SSL_SHUTDOWN_FAILED,
            pycurl.E_SSL_PINNEDPUBKEYNOTMATCH, pycurl.E_SSL_INVALIDCERTSTATUS,
        ),
        (Code.FETCH_TLS, "no TLS connection"),
    ),
}  # fmt: skip


class Failure(Exception):
    """A failed request: its code, one line for a person, and what is known about the response."""

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


def of_curl(error: pycurl.error, url: str, status: int | None = None) -> Failure:
    """The failure that curl's error number means. `status`: of the answer, where its head had come."""
    number, said = error.args[0], " ".join(str(error.args[1]).split())[:160]
    code, text = OF_CURL.get(number, (Code.INTERNAL, f"curl error {number}"))
    if code is Code.FETCH_CONNECT and status is not None:
        code, text = OF_CURL[pycurl.E_PARTIAL_FILE]
    return Failure(code, f"{URL(url).host}: {text} ({said})", status, url if status else None)


def of_status(status: int, retry_after: str | None, url: str) -> Failure:
    """The failure for an HTTP status other than 200, 304 or a redirect."""
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
    return Failure(code, f"answered HTTP {status}", status, url, retry_after_seconds(retry_after))


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
