"""What a key changes: the coverage, the pending decisions on the disk, and in the end the mapping file."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from desk.edits import ChangedMeanwhile, Decision, Pending
from desk.shop import Shop
from desk.state import Desk
from desk.work import said_of
from schemas.errors import Stop, WrongInput
from tests.desk.drawn import Drawn, desk_of
from udfs.rules.mapping import IGNORED, UNMAPPED
from udfs.text.model import TextModel

DAY = date(2026, 11, 30)


def test_a_decision_moves_the_counts_and_undo_moves_them_back(desk: Desk) -> None:
    work = desk.work("drawn")
    before, key = dict(work.counts), work.left()[0]
    size = len(work.open[key])
    work.decide(key, because="no garment")
    assert work.counts[IGNORED] == before[IGNORED] + size
    assert work.counts[UNMAPPED] == before[UNMAPPED] - size
    assert work.decide(key, to="hat") is None, "a key that was pressed twice"
    assert key not in work.left()
    work.undo()
    assert work.counts == before
    assert work.left()[0] == key


def test_a_part_of_a_category_leaves_the_rest_to_decide(desk: Desk) -> None:
    work = desk.work("drawn")
    key = work.left()[0]
    word = work.shop.products[work.open[key][0]].title.split()[0]
    work.decide(key, to="hat", title=word)
    taken = len(work.open[key]) - len(work.rest(key))
    assert taken > 0
    if work.rest(key):
        assert key in work.left()
        work.decide(key, to="cap")
    assert not work.rest(key)
    work.save("AK", DAY)
    lines = [line for line in work.text.body.decode().splitlines() if 'by="AK"' in line and "2026-11-30" in line]
    assert f'title="{word}"' in lines[0]


def test_pending_decisions_outlive_the_program(desk: Desk, drawn: Drawn, model: TextModel) -> None:
    work = desk.work("drawn")
    key = work.left()[0]
    work.decide(key, to="hat")
    again = desk_of(drawn, desk.mappings, model).work("drawn")
    assert again.counts == work.counts
    assert key not in again.left()
    again.pending.file.write_text("{", encoding="utf-8")
    with pytest.raises(WrongInput, match="pending decisions cannot be read"):
        Pending.read(again.pending.file, "drawn")
    assert again.pending.file.read_text(encoding="utf-8") == "{"


def test_a_key_adds_a_line_and_one_that_was_never_answered_is_dropped(desk: Desk, tmp_path: Path) -> None:
    file = tmp_path / "pending.jsonl"
    pending = Pending(file, "drawn")
    one, other = Decision(("a\u2028b",), to="hat"), Decision(("c",), because="x", note="y")
    pending.add(one)
    inode = file.stat().st_ino
    pending.add(other)
    whole = file.read_bytes()
    assert file.stat().st_ino == inode, "the file is not written anew for a key"
    assert Pending.read(file, "drawn").decisions == [one, other]
    pending.undo()
    assert Pending.read(file, "drawn").decisions == [one]
    file.write_bytes(whole[:-5])  # a laptop that was closed in the middle of a write
    torn = Pending.read(file, "drawn")
    assert torn.decisions == [one]
    torn.add(other)
    assert file.read_bytes() == whole
    file.unlink()
    torn.undo()
    assert Pending.read(file, "drawn").decisions == [one], "a file that is gone is written from what is known"
    torn.clear()
    assert Pending.read(file, "drawn").decisions == []


def test_two_desks_of_one_person_lose_no_decision(tmp_path: Path) -> None:
    file = tmp_path / "pending.jsonl"
    Pending(file, "drawn").add(Decision(("a",), to="hat"))
    first, second = (Pending.read(file, "drawn") for _ in range(2))
    first.add(Decision(("b",), to="cap"))
    for late in (lambda: second.add(Decision(("c",), to="hat")), second.undo):
        with pytest.raises(ChangedMeanwhile, match="another desk of yours"):
            late()
    assert len(second.decisions) == 1
    assert [one.path for one in Pending.read(file, "drawn").decisions] == [("a",), ("b",)]


def test_a_full_disk_takes_no_key(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    work = desk.work("drawn")
    work.decide(work.left()[0], to="hat")
    before, waiting = work.counts, work.left()

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.pwrite", full)
    with pytest.raises(Stop, match="No space left"):
        work.decide(waiting[0], to="hat")
    assert (work.counts, work.left()) == (before, waiting)


def test_two_people_at_once(desk: Desk, drawn: Drawn, model: TextModel, monkeypatch: pytest.MonkeyPatch) -> None:
    first = desk.work("drawn")
    monkeypatch.setenv("XDG_STATE_HOME", str(desk.mappings / "other"))
    colleague = desk_of(drawn, desk.mappings, model)
    second = colleague.work("drawn")
    one, other = first.left()[:2]
    first.decide(one, to="hat")
    second.decide(one, to="cap")
    second.decide(other, to="cap")
    assert first.save("AK", DAY) == 1
    with pytest.raises(ChangedMeanwhile):
        second.save("BM", DAY)
    assert len(second.pending.rules) == 2, "nothing is lost"
    second = colleague.load_again("drawn")
    assert second.save("BM", DAY) == 1, "what a colleague has decided is left out"
    nodes = [(rule.node, rule.initials) for rule in second.mapping.rules[-2:]]
    assert nodes == [("hat", "AK"), ("cap", "BM")]


def test_most_of_the_first_proposals_are_right(desk: Desk, drawn: Drawn) -> None:
    work = desk.work("drawn")
    sure = wrong = 0
    for key in work.left():
        first = next(iter(work.considered(key).proposals), None)
        if first is not None and first.probability >= 0.9:
            said = said_of(first).get("to", "out_of_scope")
            truth = [drawn.truth[work.shop.products[place].id] for place in work.open[key]]
            sure += len(truth)
            wrong += sum(leaf != said for leaf in truth)
    assert sure > 0.35 * sum(map(len, work.open.values()))
    assert wrong <= 0.03 * sure


def test_a_category_that_no_rule_can_name_is_refused(desk: Desk) -> None:
    shop = desk.shops["drawn"]
    nameless = [replace(product, path=("", ""), ids=()) for product in shop.products[:5]]
    desk.shops["drawn"] = Shop("drawn", "ru", nameless)
    work = desk.work("drawn")
    with pytest.raises(WrongInput, match="neither a path"):
        work.decide(work.left()[0], to="hat")
    assert not work.pending.decisions


def test_a_shop_whose_file_is_mended_is_loaded_without_a_new_desk(desk: Desk, drawn: Drawn, model: TextModel) -> None:
    shops, desk.shops = desk.shops, {}
    desk.broken = {"drawn": WrongInput("drawn/retailer.yaml", 3, "language: must be given")}
    desk.anew = lambda: desk_of(drawn, desk.mappings, model)
    with pytest.raises(WrongInput, match="must be given"):
        desk.work("drawn")
    assert desk.load_again("drawn").shop is shops["drawn"]
    assert not desk.broken
