"""Where `feeds check` finds a feed: a file, an address, or a retailer's spec."""

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from ipaddress import ip_network
from pathlib import Path
from typing import TypeVar

from jobs.engine.mapping_files import read_one
from jobs.engine.night import Night
from jobs.stages.acquire import feed_request, received
from schemas.errors import WrongInput
from schemas.rejects import MEANINGS, Code
from schemas.retailer import NAME, SPEC_FILE, Feed, FeedFile
from schemas.settings import Settings
from udfs.feeds.options import FeedOptions
from udfs.feeds.refusal import FeedRefused
from udfs.feeds.summary import REFUSED

Answer = TypeVar("Answer")
PRIVATE = tuple(
    ip_network(network)
    for network in ("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "::1/128", "fc00::/7")
)
"""Loopback and private networks. Link-local addresses (cloud metadata services) are never opened."""


def has_spec(settings: Settings, name: str) -> bool:
    """Whether it is the name of a retailer that has a spec, or RETAILER/FILE."""
    retailer, slash, part = name.partition("/")
    named = NAME.fullmatch(retailer) and (not slash or NAME.fullmatch(part))
    return bool(named) and (settings.mappings / retailer / SPEC_FILE).is_file()


def files_with(
    night: Night, name: str, dialect: str | None, encoding: str | None, allow_private: bool
) -> tuple[FeedFile, ...]:
    """The files of a retailer, enabled or not, or the one that `RETAILER/FILE` names, with what the options say instead
    of its spec. Raises WrongInput where the night could not use its files, or where it has no such one."""
    retailer, _, part = name.partition("/")
    spec, _ = read_one(night.settings.mappings / retailer, lambda: night.taxonomy)
    stated = {"dialect": dialect, "encoding": encoding}
    said = {key: value for key, value in stated.items() if value is not None}
    networks = (*spec.images.allow_private_hosts, *(PRIVATE if allow_private else ()))
    spec = spec.model_copy(update={
        "images": spec.images.model_copy(update={"allow_private_hosts": networks}),
        "feed": spec.feed and spec.feed.model_copy(update=said),
        "feeds": spec.feeds and tuple(feed.model_copy(update=said) for feed in spec.feeds),
    })  # fmt: skip
    files = tuple(file for file in spec.files if part in ("", file.part))
    if not files:
        known = ", ".join(file.title for file in spec.files)
        raise WrongInput(spec.folder / SPEC_FILE, None, f"{name}: lists no such file; it has {known}")
    return files


def the_one_of(files: Sequence[FeedFile], option: str) -> FeedFile:
    """The only file of several that an option needs one of. Raises WrongInput."""
    if len(files) > 1:
        known = ", ".join(file.title for file in files)
        raise WrongInput(option, None, f"{files[0].name} has several files: name one of {known}")
    return files[0]


def read_source(
    settings: Settings,
    source: str,
    options: FeedOptions,
    allow_private: bool,
    read: Callable[[Path, FeedOptions], Answer],
) -> Answer:
    """What `read` says of a file, or of what an address sends. Raises FeedRefused where it does not answer, as the
    night refuses it, and WrongInput where it is neither."""
    if Path(source).is_file():
        return read(Path(source), options)
    if "://" not in source:
        raise WrongInput(source, None, "not a file, not a URL, and not the name of a retailer")
    feed = Feed.model_construct(url=source)
    with tempfile.TemporaryDirectory(prefix="selvedge-feed-") as folder:
        file = Path(folder) / "feed"
        with file.open("wb") as target:
            answer = received(feed, feed_request(settings, feed, PRIVATE if allow_private else ()), target)
        if answer.status != REFUSED:
            return read(file, replace(options, charset=answer.charset))
        code = Code(str(answer.code))
        is_private = code is Code.FEED_ADDRESS and source.startswith("http")
        opens = " (--allow-private allows it for this check)" if is_private else ""
        raise FeedRefused(code, f"{answer.detail or MEANINGS[code].text}; to act: {MEANINGS[code].acts}{opens}")
