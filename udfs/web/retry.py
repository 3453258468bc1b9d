"""When a URL that failed is asked again in a later night, and when we give up: by class of failure."""

from typing import NamedTuple

from schemas.rejects import Code


class RetryRule(NamedTuple):
    """At most so many attempts in a row (nights in which it was tried), with so many nights between two of them."""

    max_attempts: int
    nights: int


RETRY_RULES: dict[Code, RetryRule] = {
    # the way to the host: tomorrow it may be there again; after a week it has moved
    Code.FETCH_DNS: RetryRule(7, 1),
    Code.FETCH_CONNECT: RetryRule(7, 1),
    Code.FETCH_TIMEOUT: RetryRule(7, 1),
    Code.FETCH_CUT_OFF: RetryRule(7, 1),
    Code.FETCH_5XX: RetryRule(7, 1),
    # we were asked to slow down: a rate that fits is found by an engineer, so that it is kept up for a month
    Code.FETCH_429: RetryRule(30, 1),
    # certificates are mended by people
    Code.FETCH_TLS: RetryRule(7, 3),
    # the answer is meant: pictures come a few days after their offers, or never
    Code.FETCH_404: RetryRule(5, 3),
    Code.FETCH_403: RetryRule(4, 7),
    Code.FETCH_4XX: RetryRule(4, 7),
    Code.FETCH_REDIRECT: RetryRule(4, 7),
    Code.FETCH_304: RetryRule(4, 7),
    Code.FETCH_CODING: RetryRule(4, 7),
    Code.FETCH_ROBOTS: RetryRule(12, 7),
    # a retailer's spec may open the network
    Code.FETCH_PRIVATE_ADDRESS: RetryRule(12, 7),
    # the shop may lay another file under the same address
    Code.FETCH_TYPE: RetryRule(4, 7),
    Code.FETCH_SIZE: RetryRule(4, 7),
    Code.PICTURE_DECODE: RetryRule(4, 7),
    Code.PICTURE_TRUNCATED: RetryRule(4, 7),
    Code.PICTURE_PIXELS: RetryRule(4, 7),
    # nothing that a host does can mend it
    Code.FETCH_BAD_URL: RetryRule(1, 0),
    # our own
    Code.WORKER_KILLED: RetryRule(3, 1),
    Code.WORKER_TIMEOUT: RetryRule(3, 1),
    Code.INTERNAL: RetryRule(3, 1),
}
"""Every code that a row of `fetches` can carry. A URL that changes starts anew."""
