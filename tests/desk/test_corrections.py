"""What an analyst finds wrong is added to the files of corrections: nothing there changes, nobody's line is lost."""

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from desk.corrections import add, of_box, of_text
from desk.details import Box, Details, Seen
from desk.leaves import Leaves
from desk.pages import render
from desk.product import correct, product_page
from desk.state import Desk
from schemas.errors import WrongInput
from training.data.corrections import read_corrections
from training.data.tables import read_rows
from udfs.text.normalise import text_name

NAME = f"{text_name('Hat', '', ''):016x}"


def test_a_correction_is_one_that_training_reads(tmp_path: Path) -> None:
    file = tmp_path / "text.tsv"
    file.write_text("text_key\told\tnew\treason\tinitials\n00ff\tcap\that\tthe title says so\tsv", encoding="utf-8")
    before = file.read_bytes()
    line = add(tmp_path, of_text(NAME, "cap", "umbrella", "at the desk:\tshop:1\u2028\n", "AK"))
    assert line == f"{file}:3"
    assert file.read_bytes().startswith(before)
    assert read_corrections("text", tmp_path)[NAME, "cap"] == "umbrella"
    assert add(tmp_path, of_text(NAME, "cap", "umbrella", "again", "BM")) == line
    with pytest.raises(WrongInput, match=r"text\.tsv:3: AK has corrected this to umbrella already"):
        add(tmp_path, of_text(NAME, "cap", "hat", "", "BM"))
    add(tmp_path, of_box(bytes(32), "hat", None, (0, 0, 1, 1), "AK"))
    assert read_rows(tmp_path / "choose.tsv")[0]["verdict"] == "wrong"


@pytest.mark.parametrize("body", ["text_key\told\n", "text_key\told\tnew\treason\tinitials\na\tb\n", "\udcff"])
def test_a_broken_file_is_never_written_over(tmp_path: Path, body: str) -> None:
    file = tmp_path / "text.tsv"
    file.write_bytes(body.encode("utf-8", "surrogateescape"))
    with pytest.raises(WrongInput, match=r"text\.tsv"):
        add(tmp_path, of_text(NAME, "cap", "hat", "", "AK"))
    assert file.read_bytes() == body.encode("utf-8", "surrogateescape")
    for by in ("", "A1", "ABCDEFG"):
        with pytest.raises(WrongInput, match="initials"):
            add(tmp_path / "new", of_text(NAME, "cap", "hat", "", by))


def test_a_product_is_corrected_from_its_page(desk: Desk, leaves: Leaves) -> None:
    work = desk.work("drawn")
    product = next(one for one in work.shop.products if one.leaves)
    box = Box("hat", 0.9, (0.1, 0.2, 0.5, 0.6), chosen=True)
    desk.details = lambda product: Details((Seen("http://x", bytes(32), boxes=(box,)),), text_name=NAME)
    page = product_page(desk, work, leaves, product.id)
    assert page["details"].pictures[0].boxes == (box,)
    pair = (Box("bag", 0.2, (0, 0, 1, 1)), box, Box("shoes", 0.8, (0.2, 0.2, 0.4, 0.4), chosen=True))
    two = replace(page["details"], pictures=(Seen("http://x", bytes(32), boxes=pair),))
    shown = render("product.html", **page | {"details": two, "root": "", "desk": desk, "retailer": "drawn"})
    offered = [shown.index(text) for text in ("hat 90%", '"box":"0"', "shoes 80%", '"box":"1"', "bag 20%")]
    assert offered == sorted(offered), "the numbers are those by which boxes are marked"
    said = product.leaves[0][0]
    asked = {"product": product.id, "by": "AK"}
    other = next(leaf for leaf in ("hat", "cap") if leaf != said)
    assert f"{said} is corrected to {other}" in correct(desk, work, asked | {"do": "leaf", "leaf": other})["said"]
    again = correct(desk, work, asked | {"do": "leaf", "leaf": other, "by": ""})
    assert "text.tsv:2" in again["said"], "initials are kept"
    assert "choose.tsv:2" in correct(desk, work, asked | {"do": "box", "box": "0"})["said"]
    for wrong, match in (
        ({"do": "leaf", "leaf": said}, "says .* too"), ({"do": "leaf", "leaf": "nosuch"}, "no such category"),
        ({"do": "box", "box": "1"}, "no box"), ({"do": "undo", "correction": "x"}, "not corrected any more"),
    ):  # fmt: skip
        assert re.search(match, correct(desk, work, asked | wrong)["error"]), match
    with pytest.raises(WrongInput, match="no such product"):
        correct(desk, work, asked | {"do": "nothing", "product": "gone"})


def test_only_what_carries_ones_initials_is_taken_back(desk: Desk, leaves: Leaves) -> None:
    work = desk.work("drawn")
    product = next(one for one in work.shop.products if one.leaves)
    desk.details = lambda product: Details((Seen("http://x", bytes(32)),), text_name=NAME)
    file = desk.corrections / "text.tsv"
    file.parent.mkdir()
    file.write_text("text_key\told\tnew\treason\tinitials\n00ff\tcap\that\tx\tsv\n", encoding="utf-8")
    add(desk.corrections, of_box(bytes(32), "hat", "hat", (0, 0, 1, 1), "BM"))
    before = file.read_bytes()
    asked = {"product": product.id, "by": "AK"}
    written = correct(desk, work, asked | {"do": "nothing"})
    assert [(one.by, one.said.split()[0]) for one in written["corrected"]] == [("AK", "the"), ("BM", "a")]
    shown = render("product.html", **product_page(desk, work, leaves, product.id), root="", desk=desk, retailer="drawn")
    assert shown.count("take back") == 1
    own, other = written["corrected"]
    assert "BM wrote this" in correct(desk, work, asked | {"do": "undo", "correction": other.key})["error"]
    taken = correct(desk, work, asked | {"do": "undo", "correction": own.key})
    assert taken["said"].startswith("taken back from")
    assert taken["corrected"] == [other]
    assert file.read_bytes() == before
    file.write_text("broken", encoding="utf-8")
    assert "header" in product_page(desk, work, leaves, product.id)["error"]


def test_what_two_people_write_at_once_is_all_there(tmp_path: Path) -> None:
    names = [f"{number:016x}" for number in range(40)]
    with ThreadPoolExecutor(4) as people:
        list(people.map(lambda name: add(tmp_path, of_text(name, "cap", "hat", "", "AK")), names))
    assert sorted(row["text_key"] for row in read_rows(tmp_path / "text.tsv")) == names
