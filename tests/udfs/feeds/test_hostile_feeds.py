"""Feeds that mean harm, or are none, are refused in one line; nothing is raised, nothing outside is read."""

import gzip
import io
import time
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.rejects import Code
from tests.udfs.feeds.small_feeds import read as rows_of
from udfs.feeds.options import FeedOptions
from udfs.feeds.reader import read_feed
from udfs.feeds.summary import FeedSummary

OFFER = "<offer id='{0}'><name>Coat {0}</name><price>10</price><currencyId>USD</currencyId><picture>http://s.test/{0}.jpg</picture></offer>"
HEAD, TAIL = "<yml_catalog date='2026-11-20 10:00'><shop><offers>", "</offers></shop></yml_catalog>"


def feed(*offers: str, head: str = HEAD, tail: str = TAIL) -> bytes:
    return (head + "\n".join(offers) + tail).encode()


def read(body: bytes) -> tuple[list[dict], FeedSummary]:
    reading = read_feed(io.BytesIO(body), FeedOptions())
    rows = [row for batch in reading.batches() for row in batch.to_pylist()]
    return rows, reading.summary


def test_a_good_feed_is_read() -> None:
    rows, summary = read(feed(*(OFFER.format(n) for n in range(3))))
    assert [row["offer_id"] for row in rows] == ["0", "1", "2"]
    assert summary.status == "accepted" and summary.offers == 3
    assert pa.array([row["line"] for row in rows]).to_pylist() == [1, 2, 3]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", Code.FEED_EMPTY),
        (b" \n\t ", Code.FEED_EMPTY),
        (b"\x89PNG\r\n\x1a\n" + b"\x00" * 200, Code.FEED_ENCODING),
        (feed(), Code.FEED_NO_OFFERS),
        (feed(*(OFFER.format(n) for n in range(9)), tail=""), Code.FEED_CUT_OFF),
        (gzip.compress(b"<a>" + b"0" * 200_000_000), Code.FEED_ARCHIVE),
    ],
)
def test_what_is_no_whole_feed_is_refused(body: bytes, code: Code) -> None:
    _, summary = read(body)
    assert summary.status == "refused" and summary.code == code
    assert summary.detail and "\n" not in summary.detail


def test_no_file_is_read_through_an_entity(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("very-secret")
    doctype = f"<!DOCTYPE yml_catalog [<!ENTITY x SYSTEM 'file://{secret}'>]>"
    rows, summary = read(feed(OFFER.format("&x;"), head=doctype + HEAD))
    assert summary.code == Code.FEED_HOSTILE
    assert "very-secret" not in str(rows) + str(summary.detail)


def test_an_entity_bomb_is_refused() -> None:
    steps = "".join(f"<!ENTITY l{n} '{f'&l{n - 1};' * 10}'>" for n in range(1, 10))
    doctype = f"<!DOCTYPE yml_catalog [<!ENTITY l0 'lol'>{steps}]>"
    assert read(feed(OFFER.format("&l9;"), head=doctype + HEAD))[1].code == Code.FEED_HOSTILE


def test_a_doctype_without_entities_is_ignored() -> None:
    doctype = '<!DOCTYPE yml_catalog SYSTEM "shops.dtd">'
    assert read(feed(OFFER.format(1), head=doctype + HEAD))[1].status == "accepted"


@settings(max_examples=150)
@given(st.binary(max_size=60), st.integers(0, 400))
def test_damage_anywhere_never_raises_and_loses_no_offer(noise: bytes, at: int) -> None:
    body = feed(*(OFFER.format(n) for n in range(3)))
    rows, summary = read(body[:at] + noise + body[at + len(noise) :])
    assert summary.offers == len(rows) == summary.done + sum(summary.rejects.values())


def test_endless_names_in_an_unknown_form_cost_little() -> None:
    names = ("n" * 30_000 + str(n) for n in range(30))
    inside = "".join(f"<{name}>price</{name}>" for name in names)
    body = f"<goods><thing>{inside}</thing><thing>{inside}</thing></goods>".encode()
    started = time.process_time()
    rows, summary = rows_of(body)
    assert (rows, summary.status) == ([], "refused")
    assert time.process_time() - started < 5
