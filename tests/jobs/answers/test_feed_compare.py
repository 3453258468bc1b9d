"""`feeds check --against RETAILER` says what would change for last night's offers, and leaves the lake alone."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import jobs.answers.feed_compare
from cli.main import program
from schemas.errors import WrongInput
from tests.jobs.answers.test_feed_check import Checked
from tests.jobs.stages.test_lost_offers import IDS, sent
from udfs.feeds.forms.dialect import of_setting

FEED = sent(IDS).replace(b"</name>", b"</name><vendor>Linum</vendor>")


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Checked:
    return Checked(tmp_path, monkeypatch)


def against(shop: Checked, *options: str) -> dict[str, Any]:
    """What the command says, with its exit code."""
    before = shop.files()
    done = CliRunner().invoke(program(), ["feeds", "check", *options, "--against", "shop", "--json"])
    assert done.output, done.exception
    assert shop.files() == before
    return json.loads(done.output) | {"exit": done.exit_code}


def new_feed(shop: Checked, body: bytes) -> str:
    (shop.root / "new.xml").write_bytes(body)
    return str(shop.root / "new.xml")


def test_the_feed_of_the_last_night_changes_nothing(shop: Checked) -> None:
    shop.sends(FEED)
    found = against(shop, new_feed(shop, FEED))
    assert (found["exit"], found["status"], found["differs"]) == (0, "accepted", False)
    assert (found["before"]["offers"], found["before"]["products"]) == (100, 100)


def test_a_new_feed_is_compared_with_the_offers_in_the_lake(shop: Checked, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs.answers.feed_compare, "PART", 7)
    shop.sends(FEED)
    body = sent([*IDS[:98], "b1"]).replace(b"<price>20<", b"<price>40<", 1).replace(b"Red dress 1<", b"Pump<")
    found = against(shop, new_feed(shop, body))
    kinds = {kind: found[kind]["offers"] for kind in ("gone", "new", "titles", "products", "prices", "currencies")}
    assert kinds == {"gone": 2, "new": 1, "titles": 1, "products": 0, "prices": 1, "currencies": 0}
    assert (found["exit"], found["fields"]["brand"]["emptied"]) == (0, 98)
    assert found["gone"]["samples"][0] == {"id": "a98", "title": "Red dress 98"}


def test_offers_whose_deletion_is_withheld_are_of_the_last_night(shop: Checked) -> None:
    shop.sends(FEED)
    shop.sends(FEED.partition(b'<offer id="a60"')[0] + b"</offers></shop></yml_catalog>")
    found = against(shop)
    assert (found["before"]["offers"], found["after"]["offers"], found["gone"]["offers"]) == (100, 60, 40)


def edited(shop: Checked, change: dict[str, Any]) -> Path:
    """The dialect yml as a file, with other places for some fields."""
    dialect = of_setting("yml", None)
    assert dialect is not None
    file = shop.root / "edited.yaml"
    fields = dialect.fields | change
    file.write_text(dialect.model_copy(update={"fields": fields}).to_yaml(), encoding="utf-8")
    return file


def test_an_edited_dialect_reads_the_kept_feed_anew(shop: Checked) -> None:
    shop.sends(FEED)
    assert against(shop)["differs"] is False
    file = edited(shop, {"brand": ["maker"], "material": ["vendor"]})
    found = against(shop, "--dialect", str(file))
    assert {name: (field["emptied"], field["filled"]) for name, field in found["fields"].items()} == {
        "brand": (100, 0), "material": (0, 100),
    }  # fmt: skip
    assert found["after"]["name"] == "shop, its last kept feed read anew"


def test_an_edited_spec_is_compared_with_the_night_before_the_edit(shop: Checked) -> None:
    shop.sends(FEED)
    file = edited(shop, {"brand": ["maker"]})
    shop.spec(feed={"url": "feed.xml", "dialect": file.name})
    file.rename(shop.root / "mappings" / "shop" / file.name)
    assert against(shop)["fields"]["brand"]["emptied"] == 100


def test_a_dialect_that_reads_nothing_is_refused(shop: Checked) -> None:
    shop.sends(FEED)
    found = against(shop, "--dialect", "google")
    assert (found["exit"], found["status"], found["code"]) == (4, "refused", "feed_no_offers")
    assert found["reason"].startswith("shop, its last kept feed read anew: ")


def test_a_shop_without_a_night_has_nothing_to_compare(shop: Checked) -> None:
    for name, text in (("shop", "none was ever accepted"), ("other", "not the name of a retailer")):
        done = CliRunner().invoke(program(), ["feeds", "check", "--against", name])
        assert isinstance(done.exception, WrongInput)
        assert text in str(done.exception)
    assert not (shop.root / "lake").exists()
