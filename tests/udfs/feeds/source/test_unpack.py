"""Gzip and zip, whole, broken and hostile."""

import gzip
import io
import random
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.rejects import Code
from udfs.feeds.options import FeedOptions
from udfs.feeds.refusal import FeedRefused
from udfs.feeds.source.unpack import unpack

BODY = b"<feed>" + random.Random(1).randbytes(50_000).hex().encode() + b"</feed>"


class Unseekable(io.BytesIO):
    def seekable(self) -> bool:
        return False


PLAIN = FeedOptions()


def unpacked(body: bytes, options: FeedOptions = PLAIN, kind: type[io.BytesIO] = io.BytesIO) -> bytes:
    return b"".join(unpack(kind(body), options))


def refusal(body: bytes, options: FeedOptions = PLAIN) -> FeedRefused:
    with pytest.raises(FeedRefused) as refused:
        unpacked(body, options)
    assert "\n" not in refused.value.detail
    return refused.value


def zipped(*members: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", method) as archive:
        for name, body in members:
            archive.writestr(name, body)
    return target.getvalue()


@pytest.mark.parametrize(
    "packed",
    [
        BODY,
        gzip.compress(BODY),
        gzip.compress(gzip.compress(BODY)),
        gzip.compress(BODY[:70_000]) + gzip.compress(BODY[70_000:]),
        gzip.compress(BODY) + b"\0" * 512,
        zipped(("feed.xml", BODY)),
        zipped(("feed.xml", BODY), ("__MACOSX/feed.xml", b"x"), (".DS_Store", b"x"), ("read.me", b"x")),
        zipped(("../../etc/feed.xml", BODY)),
    ],
)
@pytest.mark.parametrize("kind", [io.BytesIO, Unseekable])
def test_whole_archives(packed: bytes, kind: type[io.BytesIO]) -> None:
    assert unpacked(packed, kind=kind) == BODY


def test_a_members_name_is_never_a_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    monkeypatch.chdir(inside)
    unpacked(zipped(("../slipped.xml", BODY)))
    assert [path.name for path in tmp_path.rglob("*")] == ["inside"]


@pytest.mark.parametrize(
    ("packed", "code"),
    [
        (gzip.compress(BODY)[:-4_000], Code.FEED_CUT_OFF),
        (gzip.compress(BODY)[:2_000] + b"\xff" * 500 + gzip.compress(BODY)[2_500:], Code.FEED_ARCHIVE),
        (gzip.compress(gzip.compress(gzip.compress(BODY))), Code.FEED_ARCHIVE),
        (gzip.compress(zipped(("feed.xml", BODY))), Code.FEED_ARCHIVE),
        (zipped(("feed.xml", BODY))[:-40], Code.FEED_ARCHIVE),
        (zipped(("a.xml", BODY), ("b.xml", BODY)), Code.FEED_ARCHIVE),
        (zipped(), Code.FEED_ARCHIVE),
        (zipped(("bomb.xml", b"0" * 120_000_000)), Code.FEED_ARCHIVE),
        (gzip.compress(b"0" * 120_000_000), Code.FEED_ARCHIVE),
    ],
)
def test_broken_and_hostile_archives(packed: bytes, code: Code) -> None:
    assert refusal(packed).code is code


def test_the_limit_counts_unpacked_bytes() -> None:
    options = FeedOptions(max_unpacked_bytes=10_000)
    for packed in (BODY, gzip.compress(BODY), zipped(("feed.xml", BODY))):
        assert refusal(packed, options).code is Code.FEED_TOO_LARGE


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(FeedRefused, match=r"feed\.xml: No such file") as refused:
        list(unpack(tmp_path / "feed.xml", FeedOptions()))
    assert refused.value.code is Code.FEED_MISSING


@given(
    st.sampled_from([gzip.compress(BODY[:900]), zipped(("feed.xml", BODY[:900]))]),
    st.integers(0, 1200),
    st.binary(max_size=8),
)
def test_damage_anywhere_is_refused_or_harmless(packed: bytes, at: int, noise: bytes) -> None:
    try:
        unpacked(packed[:at] + noise + packed[at + len(noise) :])
    except FeedRefused as refused:
        assert refused.code in (Code.FEED_ARCHIVE, Code.FEED_CUT_OFF)
