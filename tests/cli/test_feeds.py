"""`feeds check` at a terminal: one line for what is wrong, and one's own server where it is asked for."""

import json
import shutil
import threading
from collections.abc import Iterator
from functools import partial
from http.server import HTTPServer, SimpleHTTPRequestHandler
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.main import program
from schemas.errors import WrongInput
from tests.night.house import REPOSITORY
from tests.udfs.feeds.small_feeds import HEAD, OFFER, feed, offer
from tests.udfs.web.server import Server, answer

RUNNER = CliRunner()


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """A feed on loopback."""
    (tmp_path / "feed.xml").write_bytes(feed(OFFER.format(1), OFFER.format(2)))
    server = HTTPServer(("127.0.0.1", 0), partial(SimpleHTTPRequestHandler, directory=tmp_path))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/feed.xml"
    server.shutdown()
    server.server_close()


def test_what_is_no_feed_is_said_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "feed.json").write_text('{"offers": []}', encoding="utf-8")
    done = RUNNER.invoke(program(), ["feeds", "check", str(tmp_path / "feed.json")])
    assert done.exit_code == 4
    said = "refused: no XML tag was found; the feed begins with '{\"offers\": []}'; the shop has to send XML\n"
    assert done.output.startswith(said)


def test_the_dialect_and_the_encoding_come_first(tmp_path: Path) -> None:
    (tmp_path / "feed.xml").write_bytes(feed(OFFER.format(1)))
    done = RUNNER.invoke(program(), ["feeds", "check", str(tmp_path / "feed.xml")])
    assert done.exit_code == 0
    assert done.output.startswith(
        "accepted: yml, us-ascii; <yml_catalog> with 1 or more <offer>\n1 offers, 0 rejected; 1 products\n"
    )


def test_rejects_are_counted_and_categories_said(tmp_path: Path) -> None:
    names = "<category id='1'>Women</category><category id='2' parentId='1'>Dresses</category>"
    head = HEAD.replace("<offers>", f"<categories>{names}</categories><offers>")
    offers = [offer("<categoryId>2</categoryId>"), OFFER.format(2).replace("<price>10", "<price>ask")]
    (tmp_path / "feed.xml").write_bytes(feed(*offers, head=head))
    done = RUNNER.invoke(program(), ["feeds", "check", str(tmp_path / "feed.xml")])
    assert "\n2 offers, 1 rejected; 1 products\n" in done.output
    assert "\n  category Women > Dresses: 1\n" in done.output
    assert "guess" not in done.output


def test_a_guessed_dialect_is_doubted_and_becomes_a_file(tmp_path: Path) -> None:
    rows = "".join(f"<row sku='k{n}' name='Linen coat {n}' price='9' img='http://s.test/a.jpg'/>" for n in range(4))
    source, kept = tmp_path / "feed.xml", tmp_path / "guessed.yaml"
    source.write_text(f"<data>{rows}</data>", encoding="utf-8")
    said = RUNNER.invoke(program(), ["feeds", "check", str(source)]).output
    assert "the dialect is a guess" in said
    _, _, file = said.partition("retailer.yaml: dialect: guessed.yaml\n\n")
    found = json.loads(RUNNER.invoke(program(), ["feeds", "check", str(source), "--json"]).output)
    assert found["dialect_file"].strip() == file.strip()
    kept.write_text(file, encoding="utf-8")
    again = RUNNER.invoke(program(), ["feeds", "check", str(source), "--dialect", str(kept), "--json"])
    read = json.loads(again.output)
    assert again.exit_code == 0
    assert read["dialect_file"] is None
    assert (read["offers"], read["filled"]) == (4, found["filled"])


def test_ones_own_server_is_asked_only_where_it_is_allowed(address: str) -> None:
    refused = RUNNER.invoke(program(), ["feeds", "check", address])
    assert refused.exit_code == 4
    assert "--allow-private" in refused.stdout
    allowed = RUNNER.invoke(program(), ["feeds", "check", address, "--allow-private"])
    assert allowed.exit_code == 0, allowed.output
    assert "2 offers" in allowed.output


def test_link_local_addresses_stay_shut() -> None:
    done = RUNNER.invoke(program(), ["feeds", "check", "http://169.254.169.254/feed.xml", "--allow-private"])
    assert done.exit_code == 4


def test_an_address_that_does_not_answer_is_refused_as_at_night(address: str) -> None:
    done = RUNNER.invoke(program(), ["feeds", "check", f"{address}.gone", "--allow-private", "--json"])
    assert done.exit_code == 4
    found = json.loads(done.stdout)
    assert (found["status"], found["offers"]) == ("refused", 0)
    assert "404" in found["reason"]
    assert "to act: " in found["reason"]


@pytest.fixture
def mappings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where a retailer's spec is written by `spec`."""
    folder = tmp_path / "mappings"
    folder.mkdir()
    monkeypatch.setenv("SELVEDGE_MAPPINGS", str(folder))
    return folder


def spec(mappings: Path, enabled: bool = False, **feed: str) -> None:
    (mappings / "shop").mkdir()
    images = {"allow_private_hosts": ["127.0.0.0/8"]}
    text = json.dumps({"enabled": enabled, "language": "en", "feed": feed, "images": images})
    (mappings / "shop" / "retailer.yaml").write_text(text, encoding="utf-8")


def test_a_retailer_is_asked_as_its_spec_says(mappings: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Server({"/feed": answer(feed(OFFER.format(1)))}) as server:
        spec(mappings, url=server.url("/feed"), dialect="google", auth_env="SELVEDGE_FEED_SHOP")
        unset = RUNNER.invoke(program(), ["feeds", "check", "shop"])
        assert unset.exit_code == 4
        assert "SELVEDGE_FEED_SHOP is not set" in unset.output
        assert "to act: the data engineer" in unset.output
        assert server.seen == []
        monkeypatch.setenv("SELVEDGE_FEED_SHOP", "Bearer secret")
        asked = RUNNER.invoke(program(), ["feeds", "check", "shop"])
        assert (asked.exit_code, "holds no offer" in asked.output) == (4, True)  # of its dialect
        assert server.seen[0].headers["authorization"] == "Bearer secret"
        other = RUNNER.invoke(program(), ["feeds", "check", "shop", "--dialect", "auto"])
    assert (other.exit_code, other.output.startswith("accepted: yml")) == (0, True)


def test_a_retailers_feed_may_be_a_file(mappings: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spec(mappings, url="shop/feed.xml")
    monkeypatch.setenv("SELVEDGE_FEEDS__FOLDER", str(tmp_path / "feeds"))
    missing = RUNNER.invoke(program(), ["feeds", "check", "shop"])
    assert (missing.exit_code, "no such file" in missing.output) == (4, True)
    (tmp_path / "feeds" / "shop").mkdir(parents=True)
    (tmp_path / "feeds" / "shop" / "feed.xml").write_bytes(feed(OFFER.format(1)))
    assert "1 offers" in RUNNER.invoke(program(), ["feeds", "check", "shop"]).output


def test_a_name_that_is_nothing(mappings: Path) -> None:
    done = RUNNER.invoke(program(), ["feeds", "check", "shop"])
    assert isinstance(done.exception, WrongInput)
    assert str(done.exception) == "shop: not a file, not a URL, and not the name of a retailer"


def test_a_retailer_whose_mapping_file_is_wrong_is_held_as_by_the_night(mappings: Path) -> None:
    spec(mappings, enabled=True, url="shop/feed.xml")
    shutil.copy(REPOSITORY / "mappings" / "taxonomy.xml", mappings)
    (mappings / "shop" / "categories.xml").write_text("<oops", encoding="utf-8")
    done = RUNNER.invoke(program(), ["feeds", "check", "shop"])
    assert done.exit_code == 4
    assert done.output.startswith("held: ")
    assert "categories.xml:1: " in done.output


def files(tmp_path: Path, before: bytes, after: bytes) -> list[str]:
    paths = tmp_path / "before.xml", tmp_path / "after.xml"
    for path, body in zip(paths, (before, after), strict=True):
        path.write_bytes(body)
    return [str(path) for path in paths]


def test_two_feeds_are_compared_in_a_few_lines(tmp_path: Path) -> None:
    second = OFFER.format(2).replace("<price>10<", "<price>16<").replace("</name>", "</name><vendor>Linum</vendor>")
    pair = files(tmp_path, feed(OFFER.format(1), OFFER.format(2)), feed(second, OFFER.format("\u202e3")))
    done = RUNNER.invoke(program(), ["feeds", "check", "--compare", *pair])
    assert done.exit_code == 0, done.output
    assert done.output.splitlines() == [
        f"before   {pair[0]}: yml; 2 offers, 2 products",
        f"after    {pair[1]}: yml; 2 offers, 2 products",
        "1 offers (50.0%) gone",
        "  1  Coat 1",
        "1 offers (50.0%) new",
        "  \\u202e3  Coat \\u202e3",
        "1 offers (50.0%) with a price that jumped by more than half",
        "  2  10.00 USD -> 16.00 USD",
        "brand: 0.0% -> 50.0% filled; was filled in 1 (2)",
        "price: 100.0% -> 100.0% filled; is another in 1 (2)",
    ]


def test_the_same_feed_twice_is_no_difference(tmp_path: Path) -> None:
    body = feed(OFFER.format(1))
    before, after = files(tmp_path, body, body)
    done = RUNNER.invoke(program(), ["feeds", "check", after, "--compare", before])
    assert (done.exit_code, done.output.splitlines()[2:]) == (0, ["no difference"])


def test_a_refused_feed_is_not_compared(tmp_path: Path, address: str) -> None:
    pair = files(tmp_path, feed(OFFER.format(1)), b"%PDF")
    done = RUNNER.invoke(program(), ["feeds", "check", "--compare", *pair])
    assert (done.exit_code, done.output.startswith(f"refused: {pair[1]}: no XML tag was found")) == (4, True)
    shut = RUNNER.invoke(program(), ["feeds", "check", "--compare", address, pair[0]])
    assert (shut.exit_code, "--allow-private" in shut.output) == (4, True)
    asked = RUNNER.invoke(program(), ["feeds", "check", "--compare", address, pair[0], "--allow-private"])
    assert (asked.exit_code, "1 offers (50.0%) gone" in asked.output) == (0, True)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ([], "FEED: is missing: a file, a URL, or the name of a retailer"),
        (["--compare", "a.xml"], "--compare: two feeds are needed: `selvedge feeds check --compare BEFORE AFTER`"),
        (["a.xml", "--compare", "b.xml", "--against", "shop"], "--against: cannot be used together with --compare"),
        (["a.xml", "--compare", "b.xml", "--html", "c"], "--html: shows one feed; it cannot be used with --compare"),
        (["a.xml", "--compare", "b.xml"], "b.xml: not a file, not a URL"),
    ],
)
def test_options_of_a_comparison_that_do_not_fit(mappings: Path, options: list[str], said: str) -> None:
    done = RUNNER.invoke(program(), ["feeds", "check", *options])
    assert isinstance(done.exception, WrongInput)
    assert str(done.exception).startswith(said)
