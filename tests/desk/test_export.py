"""The desk as one file, and its decisions back: a stranger's file, of which all is taken or nothing."""

import json
import re
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from desk.edits import Pending
from desk.export import FORMAT, exported, read_decisions, take
from desk.leaves import Leaves
from desk.shop import Shop
from desk.state import Desk
from schemas.errors import WrongInput
from tests.desk import chromium
from tests.desk.chromium import Chromium
from udfs.rules.wording import normalise, title_pattern

HOSTILE = "</script><script>document.title='owned'</script><img src='http://evil.example/x.png'>"


def lines_of(work, *rows: dict) -> str:
    head = {"format": FORMAT, "retailer": "drawn", "by": "AK"}
    return "\n".join(json.dumps(row) for row in (head, *rows))


def row(work, at: int, **said: object) -> dict:
    category = work.shop.categories[work.left()[at]]
    return {"path": category.path, "ids": category.ids} | said


def test_decisions_come_back_as_rules(desk: Desk, tmp_path: Path) -> None:
    work, file = desk.work("drawn"), tmp_path / "back.jsonl"
    work.pending = Pending(None, "drawn")
    file.write_text(lines_of(work, row(work, 0, to="hat"), row(work, 1, because="no garment")), encoding="utf-8")
    retailer, by, decisions = read_decisions(file)
    assert (retailer, by, [number for number, _ in decisions]) == ("drawn", "AK", [2, 3])
    take(work, file, decisions)
    assert work.save("AK", date(2026, 11, 30)) == 2
    with pytest.raises(WrongInput, match=r"back\.jsonl:2: .* is decided by now"):
        take(work, file, decisions)
    assert not work.pending.decisions


@pytest.mark.parametrize(
    ("said", "match"),
    [
        ({"to": "nosuch"}, ":3: the taxonomy has no node"),
        ({"to": "hat", "because": "x"}, ":3: must say either"),
        ({}, ":3: must say either"),
        ({"to": 7}, ":3: is no decision"),
        ({"to": "hat", "path": ["gone"]}, ":3: gone: the shop has no such category"),
        ({"to": "hat", "path": "Hats"}, ":3: is no decision"),
        ({"because": "x" * 201}, ":3: a text is longer"),
        ({"to": "hat", "title": "***"}, ":3: the word has no letters"),
    ],
)
def test_one_wrong_line_refuses_the_whole_file(desk: Desk, tmp_path: Path, said: dict, match: str) -> None:
    work, file = desk.work("drawn"), tmp_path / "back.jsonl"
    before = work.text.path.read_bytes()
    file.write_text(lines_of(work, row(work, 0, to="hat"), row(work, 1, **said)), encoding="utf-8")
    with pytest.raises(WrongInput, match=match):
        take(work, file, read_decisions(file)[2])
    assert work.text.path.read_bytes() == before


@pytest.mark.parametrize("body", [b"", b"{}", b"[" * 9999, b"\xff", b'{"format":"other","retailer":"drawn"}'])
def test_what_is_no_file_of_decisions_is_refused(tmp_path: Path, body: bytes) -> None:
    (tmp_path / "x").write_bytes(body)
    with pytest.raises(WrongInput):
        read_decisions(tmp_path / "x")


@pytest.mark.skipif(chromium.found() is None, reason="Chromium is not installed (apt-get install chromium)")
def test_the_mailed_page_works_by_keys_and_asks_for_nothing(desk: Desk, leaves: Leaves, tmp_path: Path) -> None:
    shop = desk.shops["drawn"]
    products = [replace(product, title=HOSTILE) for product in shop.products]
    desk.shops["drawn"] = Shop("drawn", "ru", products)
    work, page = desk.work("drawn"), tmp_path / "desk.html"
    page.write_text(exported(work, leaves, lambda sha: None), encoding="utf-8")
    assert not re.search(r"(src|href)=[\"']?http", page.read_text(encoding="utf-8").replace(HOSTILE, ""))
    with Chromium() as browser:
        browser.open(page.as_uri())
        browser.wait("document.querySelector('#card h1') !== null")
        for key in ("a", "s", "i", "1", "u", "a", "o"):
            browser.press(key)
        browser.type("шляп")
        browser.press("Enter")
        script = "JSON.stringify(made.map((one) => [data.cards[one.card].path, one.said]))"
        made = json.loads(browser.value(script))
        browser.value(
            "URL.createObjectURL = (blob) => { blob.text().then((text) => { window.kept = text; }); return '#'; }"
        )
        browser.press("d")
        browser.wait("typeof kept === 'string'")
        kept = browser.value("kept")
        assert browser.value("document.title") == "drawn · selvedge desk"
    assert [said is None for _, said in made] == [False, True, False, False]
    assert made[-1][1] == {"to": "hat"}
    assert [error for error in browser.errors if "file://" not in error] == []
    (tmp_path / "back").write_text(kept, encoding="utf-8")
    take(work, tmp_path / "back", read_decisions(tmp_path / "back")[2])
    assert len(work.pending.rules) == 3


SPLITS = (
    ("юбк*", "Юбка-карандаш чёрная"), ("чёрная", "юбка ЧЕРНАЯ"), ("карандаш", "Юбка‑карандаш"), ("юбк", "Юбка"),
    ("帽", "ニット帽子"), ("ニット帽", "ﾆｯﾄ帽 黒"), ("cap", "Caps"), ("cap", "a\u200bcap!"), ("c.p", "cap"),
    ("weiß", "WEISS"), ("*", "x"), ("t-shirt", "T–Shirt"), ("hat*", "Hat\u3000set"), ("a b", "A  \tB"), ("x2", "x2帽"),
    ("(s)", "cap (S)"),
)  # fmt: skip


@pytest.mark.skipif(chromium.found() is None, reason="Chromium is not installed (apt-get install chromium)")
def test_the_mailed_page_splits_a_category_as_the_rule_will(desk: Desk, leaves: Leaves, tmp_path: Path) -> None:
    shop = desk.shops["drawn"]
    genders = ("women", "men", None)
    products = [replace(p, title=f"{p.title} {('шарф', 'зонт')[at % 2]}", gender=genders[at % 3])
                for at, p in enumerate(shop.products)]  # fmt: skip
    desk.shops["drawn"] = Shop("drawn", "ru", products)
    work, page = desk.work("drawn"), tmp_path / "desk.html"
    page.write_text(exported(work, leaves, lambda sha: None), encoding="utf-8")
    key = work.left()[0]
    with Chromium() as browser:
        browser.open(page.as_uri())
        browser.wait("document.querySelector('#card h1') !== null")
        for word, title in SPLITS:
            found = browser.value(f"pattern({json.dumps(word)}).test(plain({json.dumps(title)}))")
            assert found == bool(title_pattern(word).search(normalise(title))), (word, title)
        browser.press("w")
        browser.type("ЗОНТ")
        shown = browser.value("[...document.querySelectorAll('.parts b')].map((one) => Number(one.textContent))")
        browser.press("Escape", "o")
        browser.type("зонт")
        browser.press("Enter")
        browser.press("i", "1")
        row = "{path: data.cards[one.card].path, ids: data.cards[one.card].ids, ...one.said}"
        rows = browser.value(f"made.filter((one) => one.said).map((one) => JSON.stringify({row}))")
        browser.press("u", "u")
        assert browser.value("made.length") == 0
    umbrellas = [place for place in work.open[key] if "зонт" in products[place].title]
    assert shown == [len(umbrellas), len(work.open[key]) - len(umbrellas)]
    head = json.dumps({"format": FORMAT, "retailer": "drawn", "by": "AK"})
    (tmp_path / "back").write_text("\n".join([head, *rows]), encoding="utf-8")
    take(work, tmp_path / "back", read_decisions(tmp_path / "back")[2])
    assert [(one.to, one.title) for one in work.pending.decisions] == [("umbrella", "ЗОНТ"), (None, None)]
    assert not work.rest(key)
