"""What goes into the fetcher and what comes out of it."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

from schemas.rejects import Code
from schemas.retailer import POLITE_CONNECTIONS, POLITE_RATE
from schemas.table import DONE, REJECTED
from udfs.pictures.inspect import LIMITS, Limits
from udfs.web.guard import Networks

Digest = bytes
"""A sha256."""


@dataclass(frozen=True, slots=True)
class PictureRequest:
    """A picture that is due, and what its retailer's spec allows. `picture` is the sha256 that the URL gave last."""

    url: str
    attempt: int
    retailer: str
    etag: str | None = None
    last_modified: str | None = None
    picture: Digest | None = None
    rate: float = POLITE_RATE
    connections: int = POLITE_CONNECTIONS
    allow_private_hosts: Networks = ()
    contract: str | None = None  # who allowed us to pass by robots rules


@dataclass(frozen=True)
class FetchPolicy:
    """How a night asks for pictures. All `_s` are seconds."""

    night: date
    user_agent: str  # names a contact; its first word up to "/" is the name that robots rules know us by
    ends_at: datetime | None = None  # then fetching ends; what was not tried gives no row
    limits: Limits = LIMITS
    connect_s: float = 10.0
    read_s: float = 20.0  # between two pieces of an answer
    total_s: float = 60.0  # for one picture, redirects and further tries included; waiting for the host's sake is not
    tries: int = 3
    backoff_s: float = 1.0  # before the second try; doubles, with jitter
    patience_s: float = 120.0  # a host that asks for a longer pause is left alone tonight
    break_after: int = 10  # failures of a host in a row that open its circuit breaker
    cool_down_s: float = 15.0  # of an open breaker; doubles
    breaks: int = 3  # a breaker that opens once more leaves the host alone tonight
    at_once: int = 64  # requests, over all hosts
    bytes_at_once: int = 256 << 20  # of bodies in memory, over all hosts
    window: int = 20_000  # requests taken from the list ahead of time

    @property
    def robot(self) -> str:
        """The name that robots rules know us by."""
        return self.user_agent.partition("/")[0].strip()


class FetchRow(NamedTuple):
    """A row of `fetches`, its function aside. `picture` is the sha256 of the body, also of one that was turned away."""

    url: str
    attempt: int
    status: str
    code: Code | None
    detail: str | None
    night: date
    fetched_at: datetime
    http_status: int | None
    bytes: int | None
    picture: Digest | None
    etag: str | None
    last_modified: str | None
    final_url: str | None
    seconds: float
    given_up: bool = False  # no column: the host is left alone tonight, and its other URLs stay due


@dataclass(slots=True)
class Answer:
    """What came of one request so far; a row is made of it."""

    code: Code | None = None
    detail: str | None = None
    http_status: int | None = None
    bytes: int | None = None
    picture: Digest | None = None
    etag: str | None = None
    last_modified: str | None = None
    final_url: str | None = None
    seconds: float = 0.0

    def row(self, request: PictureRequest, night: date, now: datetime) -> FetchRow:
        """The row for the request that this came of."""
        status = DONE if self.code is None else REJECTED
        return FetchRow(
            request.url, request.attempt, status, self.code, self.detail, night, now, self.http_status, self.bytes,
            self.picture, self.etag, self.last_modified, self.final_url, self.seconds,
        )  # fmt: skip
