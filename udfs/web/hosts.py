"""Which hosts count together, and which task asks them: what a host is owed holds only where all its URLs are asked."""

import heapq
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from urllib.parse import urlsplit

import numpy as np
import pyarrow as pa

from udfs.web.guard import literal
from udfs.web.request import PictureRequest

SHARED_SECOND_LEVEL = frozenset({"co", "com", "net", "org", "ac", "gov", "edu", "or", "ne", "go", "in", "msk", "spb"})
"""Labels under which shops register names, as in shop.co.uk and shop.com.tr."""

PATH = re.compile(r"(?<=[^/:])[/?#\\]")
"""Where the path of a URL begins: the first stroke that is not behind the scheme."""

NUMBERED = re.compile(r"^(.*?)[-_]?[0-9]+$")


def group_of(url: str) -> str:
    """The host of a URL without its number: img1.shop.com and img-27.shop.com are both img*.shop.com.

    A URL without a host gives "".
    """
    return _group_of(PATH.split(url, 1)[0])


@lru_cache(maxsize=65_536)
def _group_of(origin: str) -> str:
    try:
        host = (urlsplit(origin).hostname or "").rstrip(".").lower()
    except ValueError:
        return ""
    if not host or literal(host) is not None:
        return host
    labels = host.split(".")
    numbered = NUMBERED.match(labels[0])
    if numbered is None or len(labels) <= _registered(labels):
        return host
    return ".".join([f"{numbered[1]}*", *labels[1:]])


def _registered(labels: Sequence[str]) -> int:
    """How many labels from the right make the name that somebody registered."""
    return 3 if len(labels) > 2 and labels[-2] in SHARED_SECOND_LEVEL and len(labels[-1]) == 2 else 2


def turns(hosts: pa.StringArray, rates: Mapping[str, float]) -> np.ndarray:
    """Seconds until each URL's turn where all hosts are asked side by side, each at its rate from the start.

    hosts: the URLs' hosts, (N,). Gives (N,) float64: the first URL of every host has its turn at 0.
    """
    coded = hosts.dictionary_encode()
    index = coded.indices.to_numpy()
    interval_s = np.array([1 / rates[host] for host in coded.dictionary.to_pylist()])
    order = np.argsort(index, kind="stable")
    first = np.searchsorted(index[order], np.arange(len(interval_s)))
    place = np.empty(len(index), np.int64)
    place[order] = np.arange(len(index)) - first[index[order]]
    return place * interval_s[index]


def assign(requests: Iterable[PictureRequest], tasks: int) -> list[list[PictureRequest]]:
    """Divide requests into at most `tasks` lists of about equal time, all URLs of a host in one of them.

    Within a host the smallest rate and the fewest connections of any retailer that names it hold. The hosts that take
    longest are dealt out first. Inside a list every host's URLs are spread evenly, so that all hosts run side by side
    from the start and end together.
    """
    by_host = {host: smallest(urls) for host, urls in _by_host(requests).items()}
    order = sorted(by_host, key=lambda host: (-_seconds(by_host[host]), host))
    loads = [(0.0, task) for task in range(tasks)]
    groups: list[list[str]] = [[] for _ in range(tasks)]
    for host in order:
        load, task = heapq.heappop(loads)
        groups[task].append(host)
        heapq.heappush(loads, (load + _seconds(by_host[host]), task))
    return [_spread([by_host[host] for host in hosts]) for hosts in groups if hosts]


def _by_host(requests: Iterable[PictureRequest]) -> dict[str, list[PictureRequest]]:
    by_host: dict[str, list[PictureRequest]] = defaultdict(list)
    for request in requests:
        by_host[group_of(request.url)].append(request)
    return by_host


def smallest(requests: Sequence[PictureRequest]) -> list[PictureRequest]:
    """The same requests, sorted by URL, all with the smallest rate and the fewest connections among them."""
    rate = min(request.rate for request in requests)
    connections = min(request.connections for request in requests)
    ordered = sorted(requests, key=lambda request: (request.url, request.attempt))
    return [
        request if (request.rate, request.connections) == (rate, connections)
        else replace(request, rate=rate, connections=connections)
        for request in ordered
    ]  # fmt: skip


def _seconds(requests: Sequence[PictureRequest]) -> float:
    return len(requests) / requests[0].rate


def _spread(hosts: Sequence[Sequence[PictureRequest]]) -> list[PictureRequest]:
    """Hosts mixed in proportion; of two that are as far on, the one that came first, the slower, is ahead."""
    placed = [
        ((place + 0.5) / len(urls), rank, request)
        for rank, urls in enumerate(hosts)
        for place, request in enumerate(urls)
    ]
    return [request for _, _, request in sorted(placed, key=lambda item: item[:2])]
