"""The page of a feed: all that `feeds check` says, and nothing of the shop's that is not escaped."""

import re
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from cli.feeds import app
from tests.udfs.feeds.small_feeds import OFFER, feed

EVIL = "<offer id='2'><name>&lt;script&gt;alert(1)&lt;/script&gt;"
EVIL += '<![CDATA["><img src=x onerror=alert(1)>]]></name><price>ask</price></offer>'


def run(tmp_path: Path, body: bytes, *options: str) -> tuple[int, str, str]:
    source, page = tmp_path / "feed.xml", tmp_path / "page.html"
    source.write_bytes(body)
    done = CliRunner().invoke(app, ["check", str(source), "--html", str(page), *options])
    assert isinstance(done.exception, SystemExit | typer.Exit | None), done.exception
    return done.exit_code, done.stdout, page.read_text(encoding="utf-8")


def test_the_page_shows_pictures_rejects_with_lines_and_repairs(tmp_path: Path) -> None:
    code, said, page = run(tmp_path, feed(OFFER.format(1), OFFER.format(1), "<offer id='3'><name>A & B</name></offer>"))
    assert code == 0
    assert '<img src="http://s.test/1.jpg"' in page
    for text in (said, page.replace("&#39;", "'")):
        assert "line 2: the id '1' was already used in line 1" in text
        assert "line 3: offer '3' has no picture" in text
        assert "raw_ampersand" in text


def test_what_a_shop_sends_is_text(tmp_path: Path) -> None:
    _, _, page = run(
        tmp_path, feed(EVIL, "<offer id='4'><name>Hat</name><picture>javascript:alert(1)</picture></offer>")
    )
    assert "alert(1)" not in re.sub(r"&[#\w]+;|>[^<]*<", "", page)
    assert "<script" not in page


@pytest.mark.parametrize("body", [b"", b"<html><body/></html>", b"<a>" * 200])
def test_a_refused_feed_has_a_page_too(tmp_path: Path, body: bytes) -> None:
    code, _, page = run(tmp_path, body)
    assert code == 4
    assert "Refused" in page


def test_json_is_as_before_and_a_guessed_dialect_is_shown(tmp_path: Path) -> None:
    body = b"<data>" + b"".join(
        b"<row sku='k%d' name='Linen coat %d' price='9' img='http://s.test/a.jpg'/>" % (n, n) for n in range(4)
    )
    code, said, page = run(tmp_path, body + b"</data>", "--json")
    assert code == 0
    assert '"dialect": "guessed"' in said
    assert "name: guessed" in page
