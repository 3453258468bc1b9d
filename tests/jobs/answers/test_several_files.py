"""What a person is told of a shop that sends several files."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from cli.main import program
from jobs.answers import letter
from jobs.answers.explain import explain
from jobs.answers.file_notes import in_their_files, left_tonight
from jobs.answers.metrics import gather
from jobs.answers.rejects import reject_rows
from jobs.answers.report import _retailers
from jobs.engine.night import Night
from jobs.stages.acquire import accept
from schemas.errors import WrongInput
from tests.jobs.several_files import SeveralFiles, offered, part, prices

MANY = [f"w{at}" for at in range(100)]


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SeveralFiles:
    for name, place in {"LAKE": "lake", "MAPPINGS": "mappings", "FEEDS__FOLDER": "feeds"}.items():
        monkeypatch.setenv(f"SELVEDGE_{name}", str(tmp_path / place))
    return SeveralFiles(tmp_path, monkeypatch, women="part", men="part", stock="prices")


def check(shop: SeveralFiles, *words: str) -> tuple[int, Any]:
    done = CliRunner().invoke(program(), ["feeds", "check", *words, "--json"])
    assert done.output, done.exception
    return done.exit_code, json.loads(done.output)


def test_a_check_judges_each_file_and_all_of_them(shop: SeveralFiles) -> None:
    shop.sends(women=part("a", "b"), men=part("c"), stock=prices(a=15))
    (shop.folder / "men.xml").write_bytes(b" ")
    code, found = check(shop, "shop")
    assert (code, found["status"], found["offers"]) == (4, "held", 2)
    assert found["reason"].startswith("shop/men: ")
    assert [(one["file"], one["kind"], one["status"]) for one in found["files"]] == [
        ("shop/women", "part", "accepted"),
        ("shop/men", "part", "refused"),
        ("shop/stock", "prices", "accepted"),
    ]
    code, found = check(shop, "shop/women")
    assert (code, found["status"], found["offers"]) == (0, "accepted", 2)
    assert found["notes"] == ["shop/women: nothing new since 2026-01-11 12:00 UTC"]


def test_a_check_says_each_file_and_then_all_of_them(shop: SeveralFiles) -> None:
    for name, body in {"women": part("a", "b"), "men": b" ", "stock": prices(a=15)}.items():
        (shop.folder / f"{name}.xml").write_bytes(body)
    said = CliRunner().invoke(program(), ["feeds", "check", "shop"]).output.splitlines()
    heads = [at for at, line in enumerate(said) if line.startswith("-- ")]
    assert [said[at] for at in heads] == [
        "-- shop/women (part)", "-- shop/men (part)", "-- shop/stock (prices)", "-- all 3 files",
    ]  # fmt: skip
    assert said[heads[0] + 1].startswith("accepted: yml")
    assert said[heads[1] + 1].startswith("refused: ")
    assert said[-1].startswith("held: 2 offers in its parts; shop/men: ")


@pytest.mark.parametrize("words", [["shop", "--html", "look.html"], ["--against", "shop"]])
def test_what_needs_one_file_says_which_there_are(shop: SeveralFiles, words: list[str]) -> None:
    shop.sends(women=part("a", "b"), men=part("c"), stock=prices(a=15))
    done = CliRunner().invoke(program(), ["feeds", "check", *words])
    assert isinstance(done.exception, WrongInput)
    assert done.exception.text == "shop has several files: name one of shop/women, shop/men, shop/stock"


def test_a_file_is_compared_with_itself(shop: SeveralFiles) -> None:
    shop.sends(women=part("a", "b"), men=part("c"), stock=prices(a=15))
    code, found = check(shop, str(shop.folder / "men.xml"), "--against", "shop/women")
    assert (code, found["gone"]["offers"], found["new"]["offers"]) == (0, 2, 1)


def test_a_check_of_a_file_that_is_not_listed_is_refused_with_those_that_are(shop: SeveralFiles) -> None:
    code, found = check(shop, "shop/kids")
    assert code == 4
    assert "shop/kids: lists no such file; it has shop/women, shop/men, shop/stock" in found["reason"]


def test_an_offer_is_explained_with_its_file_and_the_file_of_its_price(shop: SeveralFiles) -> None:
    night = shop.sends(women=part("a"), men=part("c"), stock=prices(a=15))
    said = [(verdict.stage, verdict.what, verdict.status, verdict.detail) for verdict in explain(night, "shop:a")]
    assert ("parse", "shop:a", "done", "shop/women, line 1: Red dress a") in said
    assert ("parse", "shop:a", "updated", "shop/stock, line 1: 15.00 EUR") in said
    assert any(what.startswith("shop/women, feed ") for stage, what, *_ in said if stage == "acquire")
    night = shop.sends(women=part("a", "b"))
    last = next(verdict for verdict in explain(night, "shop:a") if verdict.status == "not updated")
    assert last.change.startswith("this file is older than shop/women; to act: the shop")


def test_an_offer_that_left_one_file_is_explained_by_that_file(shop: SeveralFiles) -> None:
    shop.sends(women=part("a", "b"), men=part("c"), stock=prices(a=15))
    shop.sends(men=part("c", "d"))
    night = shop.sends(women=part("a"))
    (verdict,) = explain(night, "shop:b")
    assert verdict.detail.startswith(
        "no longer in the accepted feed of 2026-01-13; last seen in the feed of 2026-01-11"
    )
    shop.lists(shop.file("women"))
    (verdict,) = explain(shop.sends(), "shop:c")
    assert verdict.detail.startswith("shop/men: the spec does not list it any more, since 2026-01-14; last seen in")
    assert "retailer.yaml again" in verdict.change


def file_notes(night: Night) -> list[str]:
    return [*in_their_files(night), *left_tonight(night)]


def test_notes_say_what_no_row_says(shop: SeveralFiles) -> None:
    night = shop.sends(women=part("a", "b"), men=part("b", "c"), stock=prices(a=15, x=1, y=1, z=1, q=1))
    assert file_notes(night) == [
        "shop: 1 ids (b) are in several parts; the first of women, men counts",
        "shop/stock: 4 of its 5 ids (x, y, z, ...) are in no live part",
    ]
    night = shop.sends(women=part("a", "b", "d"), men=part("c"))
    assert "shop/stock: is older than shop/women, shop/men, whose prices and stock stay as they are" in file_notes(
        night
    )
    shop.lists(shop.file("women"), shop.file("stock", kind="prices"))
    assert "shop/men: the spec does not list it any more; what no other part offers left the index" in file_notes(
        shop.sends()
    )
    assert not [line for line in file_notes(shop.sends()) if "list it" in line], "it is said once"


def test_the_report_has_a_line_for_each_file(shop: SeveralFiles) -> None:
    shop.sends(women=part("a"), men=part("c"), stock=prices(a=15))
    night = shop.sends(men=b" ")
    (row,) = _retailers(night, None)
    assert (row.status, round(row.age_hours or 0)) == ("held", 24)
    assert [line.partition(":")[0] for line in row.files] == ["women (part)", "men (part)", "stock (prices)"]
    assert [line.endswith(", held") for line in row.files] == [False, True, False]
    assert [(row.code, row.count) for row in reject_rows(night)] == [("feed_empty", 1)]


def test_metrics_have_the_age_of_each_file(shop: SeveralFiles) -> None:
    shop.sends(women=part("a"), men=part("c"), stock=prices(a=15))
    night = shop.sends(women=part("a", "b"), stock=prices(a=16))
    numbers, _ = gather(night, 0, {})
    ages = {row.name: night.now().timestamp() - (row.feed_at or 0) for row in numbers.retailers}
    assert round(ages["shop"] / 86400) == 1, "of the oldest part"
    assert {name: round((night.now().timestamp() - at) / 86400) for (_, name), at in numbers.files.items()} == {
        "women": 0, "men": 1, "stock": 0,
    }  # fmt: skip
    assert {gate.retailer for gate in numbers.gates} == {"shop/women", "shop/men", "shop/stock"}


def test_the_letter_names_each_file(shop: SeveralFiles) -> None:
    night = shop.sends(women=part("a"), men=part("c", ""), stock=prices(a=15))
    facts = letter.gather(night, "shop")
    assert [(feed.url, feed.accepted, feed.offers, feed.done) for feed in facts.feeds] == [
        ("women.xml", True, 1, 1), ("men.xml", True, 2, 1), ("stock.xml", True, 1, 1),
    ]  # fmt: skip
    assert [(error.code, error.address) for error in facts.errors] == [("offer_no_id", "men.xml")]


def test_a_gate_of_one_file_is_let_through_by_its_name(shop: SeveralFiles) -> None:
    shop.sends(women=part(*MANY), men=part("c"), stock=prices(w1=15))
    night = shop.sends(women=part(*MANY[:60]))
    with pytest.raises(WrongInput, match="shop/men/offer_drop: this gate does not refuse the current feed of shop/men"):
        accept(night, {"shop/men": {"offer_drop"}}, "?")
    accept(night, {"shop/women": {"offer_drop"}}, "autumn is over")
    assert offered(shop.night()).keys() == {*MANY[:60], "c"}
