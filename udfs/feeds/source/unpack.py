"""Opens plain, gzip and zip feeds as one stream of bytes, with limits that stop archive bombs."""

import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryFile
from typing import BinaryIO

from schemas.rejects import Code
from udfs.feeds.options import FeedOptions
from udfs.feeds.refusal import FeedRefused

CHUNK_BYTES = 1 << 16
GZIP = b"\x1f\x8b"
ZIP = (b"PK\x03\x04", b"PK\x05\x06")
"""The second one begins an archive without members."""
BROKEN_ZIP = (
    zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError, ValueError, IndexError,
    OverflowError, struct.error,
)  # fmt: skip
"""What Python's reader raises for damaged archives: its own error, and whatever its arithmetic runs into."""
MAX_LAYERS = 2
"""A gzip within a gzip is a server's mistake; more is an attack."""
RATIO_FREE_BYTES = 64 << 20
"""Below this no ratio is asked: small feeds of equal offers pack very well."""


def unpack(source: BinaryIO | Path, options: FeedOptions) -> Iterator[bytes]:
    """The feed's bytes in chunks; raises `FeedRefused` for broken archives, bombs and feeds above the size limit."""
    if isinstance(source, Path):
        try:
            with source.open("rb") as opened:
                yield from _limited(opened, options)
        except (FileNotFoundError, IsADirectoryError, PermissionError) as error:
            raise FeedRefused(Code.FEED_MISSING, f"{source.name}: {error.strerror}; the shop has to send it") from None
    else:
        yield from _limited(source, options)


def _limited(stream: BinaryIO, options: FeedOptions) -> Iterator[bytes]:
    size = 0
    for chunk in _unpacked(_chunks(stream), stream, options, MAX_LAYERS):
        size += len(chunk)
        if size > options.max_unpacked_bytes:
            raise FeedRefused(
                Code.FEED_TOO_LARGE,
                f"the feed unpacks to more than {options.max_unpacked_bytes:,} bytes; "
                "the data engineer may raise feeds.max_bytes",
            )
        yield chunk


def _unpacked(chunks: Iterator[bytes], stream: BinaryIO | None, options: FeedOptions, layers: int) -> Iterator[bytes]:
    first = next(chunks, b"")
    if first[:2] == GZIP:
        if not layers:
            raise FeedRefused(
                Code.FEED_ARCHIVE,
                "an archive inside an archive inside an archive; the shop has to send one feed in one archive",
            )
        inner = _gunzipped(_chained(first, chunks), options)
        yield from _unpacked(inner, None, options, layers - 1)
    elif first[:4] in ZIP:
        if stream is None:
            raise FeedRefused(
                Code.FEED_ARCHIVE, "a zip inside another archive; the shop has to send one feed in one archive"
            )
        yield from _unzipped(first, chunks, stream, options)
    elif first:
        yield first
        yield from chunks


def _chunks(stream: BinaryIO) -> Iterator[bytes]:
    while chunk := stream.read(CHUNK_BYTES):
        yield chunk


def _chained(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from rest


class _Ratio:
    """Refuses an archive that unpacks to an absurd multiple of itself."""

    def __init__(self, options: FeedOptions) -> None:
        self.most = options.max_ratio
        self.packed = self.unpacked = 0

    def add(self, packed: int, unpacked: int) -> None:
        self.packed += packed
        self.unpacked += unpacked
        if self.unpacked > RATIO_FREE_BYTES and self.unpacked > self.most * self.packed:
            raise FeedRefused(
                Code.FEED_ARCHIVE,
                f"an archive bomb: {self.packed:,} bytes unpack to more than {self.unpacked:,}; "
                "the data engineer has to check it",
            )


def _gunzipped(chunks: Iterator[bytes], options: FeedOptions) -> Iterator[bytes]:
    ratio = _Ratio(options)
    inflater = zlib.decompressobj(wbits=31)
    for chunk in chunks:
        ratio.add(len(chunk), 0)
        while chunk:
            if inflater.eof:  # another member, or the padding that some tools leave
                if not chunk.strip(b"\0"):
                    break
                inflater = zlib.decompressobj(wbits=31)
            try:
                unpacked = inflater.decompress(chunk, CHUNK_BYTES)
            except zlib.error as error:
                raise FeedRefused(
                    Code.FEED_ARCHIVE, f"the gzip archive is broken ({error}); the shop has to send it again"
                ) from None
            ratio.add(0, len(unpacked))
            if unpacked:
                yield unpacked
            chunk = inflater.unused_data if inflater.eof else inflater.unconsumed_tail
    if not inflater.eof:
        raise FeedRefused(
            Code.FEED_CUT_OFF,
            f"the gzip archive is cut off after {ratio.packed:,} bytes; the shop has to send it again",
        )


def _unzipped(first: bytes, rest: Iterator[bytes], stream: BinaryIO, options: FeedOptions) -> Iterator[bytes]:
    if stream.seekable():
        stream.seek(0)
        yield from _unzipped_file(stream, options)
        return
    with TemporaryFile() as spooled:  # zip keeps its table of contents at the end
        for chunk in _chained(first, rest):
            spooled.write(chunk)
            if spooled.tell() > options.max_unpacked_bytes:
                raise FeedRefused(
                    Code.FEED_TOO_LARGE,
                    f"the archive has more than {options.max_unpacked_bytes:,} bytes; "
                    "the data engineer may raise feeds.max_bytes",
                )
        yield from _unzipped_file(spooled, options)


def _unzipped_file(file: BinaryIO, options: FeedOptions) -> Iterator[bytes]:
    ratio = _Ratio(options)
    try:
        with zipfile.ZipFile(file) as archive:
            member = _only_feed(archive)
            ratio.add(member.compress_size, 0)
            with archive.open(member) as opened:
                while chunk := opened.read(CHUNK_BYTES):
                    ratio.add(0, len(chunk))
                    yield chunk
    except BROKEN_ZIP as error:
        raise FeedRefused(
            Code.FEED_ARCHIVE, f"the zip archive cannot be read ({error}); the shop has to send it again"
        ) from None


def _only_feed(archive: zipfile.ZipFile) -> zipfile.ZipInfo:
    """The one member that can be a feed. Its name is never used as a path."""
    files = [info for info in archive.infolist() if not info.is_dir() and not _is_clutter(info.filename)]
    feeds = [info for info in files if info.filename.lower().endswith((".xml", ".yml", ".rss", ".atom"))] or files
    if len(feeds) != 1:
        names = ", ".join(repr(info.filename[:60]) for info in feeds[:3]) or "nothing"
        raise FeedRefused(
            Code.FEED_ARCHIVE, f"the zip archive must hold one feed, but holds {names}; the shop has to fix this"
        )
    return feeds[0]


def _is_clutter(name: str) -> bool:
    return name.startswith("__MACOSX/") or name.rsplit("/", 1)[-1].startswith(".")
