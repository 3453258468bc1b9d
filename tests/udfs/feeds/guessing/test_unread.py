"""Parts of offers that nobody reads are listed, with what they look like."""

import io

from tests.udfs.feeds.small_feeds import feed, offer, read
from udfs.feeds.check import as_json
from udfs.feeds.options import FeedOptions
from udfs.feeds.reader import read_feed
from udfs.feeds.summary import Unread


def unread(*offers: str) -> dict[str, Unread]:
    _, summary = read(feed(*offers), lists_unread=True)
    return {part.source: part for part in summary.unread}


def test_every_place_is_read_or_ignored_or_listed() -> None:
    inside = (
        "<secret code='x'>1</secret><description><p>HTML</p></description><pickup>true</pickup>"
        "<group><deep>y</deep></group>"
        "<param name='Pattern'>dots</param><param name='Size'>M</param><picture2>http://s.test/2.jpg</picture2>"
    )
    found = unread(offer(inside), offer("<secret>2</secret>", "2"))
    assert found.keys() == {"secret", "secret@code", "group/deep", "param=Pattern"}
    assert (found["secret"].share, found["secret"].samples) == (1.0, ["1", "2"])
    assert found["param=Pattern"].share == 0.5


def test_what_looks_like_a_field_is_said_and_comes_first() -> None:
    told = {
        "<a>x</a>": None, "<fits>S</fits><fits>XL</fits>": "sizes", "<tone>dark blue</tone>": "colours",
        "<view>http://s.test/b.jpg</view>": "pictures", "<was>12.50 EUR</was>": "prices",
        "<uk_size>8</uk_size>": "sizes",
        "<param name='Матеріал підошви'>x</param>": "materials", "<page>http://s.test/b</page>": None,
    }  # fmt: skip
    found = unread(offer("".join(told)))
    assert sorted(str(part.looks_like) for part in found.values()) == sorted(map(str, told.values()))
    assert [part.looks_like is None for part in found.values()] == [False] * 6 + [True] * 2


def test_a_discount_is_no_price_but_is_listed() -> None:
    found = unread(offer("<discount><price>5</price><rate>10 %</rate></discount><shipping><price>4</price></shipping>"))
    assert {source: part.looks_like for source, part in found.items()} == {
        "discount/price": "prices", "discount/rate": None
    }  # fmt: skip


def test_a_dialect_ignores_by_name(tmp_path) -> None:  # type: ignore[no-untyped-def]
    kept = tmp_path / "kept.yaml"
    kept.write_text("{name: kept, extends: yml, ignored: [secret, 'other@x', 'param=Cut']}", encoding="utf-8")
    inside = "<secret x='1'><in>2</in></secret><other x='1'>3</other><param name='Cut'>4</param>"
    _, summary = read(feed(offer(inside)), dialect=str(kept), lists_unread=True)
    assert [part.source for part in summary.unread] == ["other"]


def test_a_night_lists_nothing_and_a_check_does() -> None:
    body = feed(offer("<secret>1</secret>"))
    reading = read_feed(io.BytesIO(body), FeedOptions())
    assert [*reading.batches()] and reading.summary.unread == []
    assert as_json(reading.summary)["unread"] == []
