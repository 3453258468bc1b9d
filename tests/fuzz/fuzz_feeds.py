"""Coverage-guided fuzzing of the feed reader: bytes give offers and a summary, never anything else.

    python -m tests.fuzz.fuzz_feeds [--planted] CORPUS -atheris_runs=20000 -max_len=4096

`--planted` plants a bug that the fuzzer must find, which shows that it looks where it should.
"""

import gzip
import io
import sys

import atheris

with atheris.instrument_imports(include=["udfs.feeds"]):
    from udfs.feeds.options import FeedOptions
    from udfs.feeds.reader import read_feed
    from udfs.feeds.repairs import Repair
    from udfs.feeds.summary import FeedSummary

SMALL = FeedOptions(max_unpacked_bytes=1 << 20, max_offer_bytes=1 << 12, max_field_chars=500, max_depth=20)
"""So that the limits are met by cases of a few thousand bytes."""
TOKENS = (
    "<offer id='1'>", "</offer>", "<offer", "<![CDATA[", "]]>", "<!--", "-->", "<!DOCTYPE x [",
    "<!ENTITY a 'b'>",
    "&nbsp;", "&#0;", "&", "<price>1 234,50 ₽</price>", "<param name='Size'>M</param>", "</yml_catalog>",
    "<?xml version='1.0'",
    " encoding='windows-1251'?>", "xmlns:g='http://base.google.com/ns/1.0'", "<g:id>",
    "<picture>//s.test/a.jpg</picture>",
    "<categoryId>1</categoryId>", "Ð¿Ð»Ð°Ñ‚ÑŒÐµ",
)  # fmt: skip
"""What mutations are made of besides bytes."""


class Planted(Exception):
    """The bug that is there to be found."""


def seeds() -> list[bytes]:
    """One tiny feed of each kind that makes the reader branch."""
    offers = "".join(
        f"<offer id='{n}'><name>Пальто {n}</name><price>1 {n}50,00 руб</price><categoryId>2</categoryId>"
        f"<picture>http://s.test/{n}.jpg</picture><param name='Size'>M</param></offer>\n"
        for n in range(3)
    )
    yml = (
        "<?xml version='1.0' encoding='{}'?><yml_catalog date='2026-11-20'><shop><categories>"
        f"<category id='1'>A</category><category id='2' parentId='1'>B</category></categories>"
        f"<offers>{offers}</offers></shop></yml_catalog>"
    )
    google = (
        "<rss xmlns:g='http://base.google.com/ns/1.0'><channel><item><g:id>1</g:id><title>Coat &amp; hat</title>"
        "<g:image_link>http://s.test/1.jpg</g:image_link><g:price>10 EUR</g:price></item></channel></rss>"
    )
    own = "<data>" + "".join(
        f"<row sku='k{n}' name='Coat {n}' price='{n}9' image='http://s.test/{n}.jpg'/>" for n in "123"
    )
    bodies = [yml.format(codec).encode(codec) for codec in ("utf-8", "windows-1251", "utf-16")]
    return [*bodies, gzip.compress(bodies[0], mtime=0), google.encode(), (own + "</data>").encode()]


def dictionary() -> str:
    """The tokens as libFuzzer's dictionary."""
    return "".join('"' + "".join(f"\\x{byte:02x}" for byte in token.encode()) + '"\n' for token in TOKENS)


def try_one(body: bytes) -> FeedSummary:
    """The property: every offer of the file is a row, kept or rejected, and a feed that cannot be used says why."""
    reading = read_feed(io.BytesIO(body), SMALL)
    rows = [row for batch in reading.batches() for row in batch.to_pylist()]
    summary = reading.summary
    assert len(rows) == summary.offers == summary.done + sum(summary.rejects.values())
    assert [row["position"] for row in rows] == list(range(len(rows)))
    assert all((row["code"] is None) == (row["status"] == "done") for row in rows)
    assert all(row["offer_id"] and row["title"] for row in rows if row["code"] is None)
    assert (summary.code is None) == (summary.status == "accepted")
    assert summary.code is None or (summary.detail and "\n" not in summary.detail)
    return summary


def check(body: bytes) -> None:
    """One case."""
    try_one(body)


def check_with_the_planted_bug(body: bytes) -> None:
    """As a careless reader would: an offer without an end tag among others breaks it."""
    summary = try_one(body)
    if summary.repairs[Repair.UNCLOSED_OFFER] and summary.offers > 2:
        raise Planted


def main() -> None:
    planted = "--planted" in sys.argv
    arguments = [argument for argument in sys.argv if argument != "--planted"]
    target = atheris.instrument_func(check_with_the_planted_bug) if planted else check
    atheris.Setup(arguments, target)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
