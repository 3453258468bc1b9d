"""Mapping files: the first rule that fits wins, and nothing is decided that no rule says."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.errors import WrongInput
from tests.udfs.rules.mappings import PROJECT, TAXONOMY, mapping_file
from udfs.rules.mapping import IGNORED, MAPPED, UNMAPPED, Decision, Mapping, Verdict, decide

WORDS = ("юбка", "cap", "ニット", None)
GENDERS = ("women", "men", None)
NODES = ("skirt", "cap", None)

VERDICTS = st.lists(
    st.builds(
        Verdict,
        rule=st.uuids().map(str),
        node=st.sampled_from(NODES),
        ignored_because=st.just("not ours"),
        title_word=st.sampled_from(WORDS),
        gender=st.sampled_from(GENDERS),
    ),
    max_size=6,
)


def read(folder: Path, *rules: str) -> Mapping:
    return Mapping.read(mapping_file(folder, *rules), TAXONOMY)


def answer(
    mapping: Mapping, path: list[str], ids: list[str] | None = None, title: str = "", gender: str = ""
) -> Decision:
    return decide(mapping.verdicts(path, ids or []), title, gender)


def test_by_path_by_glob_by_id_and_within(tmp_path: Path) -> None:
    mapping = read(
        tmp_path,
        '<rule path="Женщинам > Юбки" to="skirt" %/>',
        '<rule path="** > *джинс*" to="jeans" %/>',
        '<rule id="77" to="cap" %/>',
        '<ignore within="500" because="toner" %/>',
        '<rule path="Обувь > **" to="shoes" %/>',
    )
    assert answer(mapping, ["женщинам", " ЮБКИ"]) == Decision(MAPPED, "skirt", "categories.xml:2")
    assert answer(mapping, ["Мужчинам", "Одежда", "Наши джинсы"]).node == "jeans"
    assert answer(mapping, ["Разное"], ["1", "77"]).node == "cap"
    assert answer(mapping, ["Разное", "ещё"], ["77", "1"]).kind == UNMAPPED  # an id is the category's own
    assert answer(mapping, ["a", "b", "c"], ["1", "500", "3"]) == Decision(IGNORED, None, "categories.xml:5", "toner")
    assert answer(mapping, ["Обувь"]).node == "shoes"
    assert answer(mapping, ["Женщинам", "Юбки", "Мини"]).kind == UNMAPPED
    assert answer(mapping, []).kind == UNMAPPED


def test_id_and_path_together_both_have_to_fit(tmp_path: Path) -> None:
    mapping = read(tmp_path, '<rule id="7" path="Hats > Caps" to="cap" %/>')
    assert answer(mapping, ["Hats", "Caps"], ["1", "7"]).node == "cap"
    assert answer(mapping, ["Hats", "Renamed"], ["1", "7"]).kind == UNMAPPED
    assert answer(mapping, ["Hats", "Caps"], ["1", "8"]).kind == UNMAPPED


def test_one_category_of_the_shop_may_hold_several_of_ours(tmp_path: Path) -> None:
    mapping = read(
        tmp_path,
        '<rule path="Knits" title="cap" to="knit_cap" %/>',
        '<rule path="Knits" gender="women" title="dress" to="knit_dress" %/>',
        '<rule path="Knits" to="sweater" %/>',
        '<rule path="**  > Knits > **" title="never asked" to="scarf" %/>',
    )
    verdicts = mapping.verdicts(["KNITS"], [])
    assert [verdict.rule for verdict in verdicts] == ["categories.xml:2", "categories.xml:3", "categories.xml:4"]
    assert decide(verdicts, "Cap of wool", None).node == "knit_cap"
    assert decide(verdicts, "Long dress", "women").node == "knit_dress"
    assert decide(verdicts, "Long dress", "men").node == "sweater"
    assert decide(verdicts, None, None).node == "sweater"


@given(VERDICTS, st.sampled_from(["Юбка мини", "a cap", "ニット帽", "", None]), st.sampled_from([*GENDERS, "kids"]))
def test_the_first_verdict_that_fits_wins(verdicts: list[Verdict], title: str | None, gender: str | None) -> None:
    fitting = [
        verdict
        for verdict in verdicts
        if verdict.gender in (None, gender)
        and (verdict.title_word is None or verdict.title_word in (title or "").lower())
    ]
    decision = decide(verdicts, title, gender)
    if not fitting:
        assert decision == Decision(UNMAPPED)
    else:
        assert (decision.rule, decision.node) == (fitting[0].rule, fitting[0].node)
        assert decision.kind == (MAPPED if fitting[0].node else IGNORED)


@given(VERDICTS, VERDICTS)
def test_what_follows_a_decision_changes_nothing(verdicts: list[Verdict], later: list[Verdict]) -> None:
    decision = decide(verdicts, "юбка cap ニット", "women")
    if decision.kind != UNMAPPED:
        assert decide([*verdicts, *later], "юбка cap ニット", "women") == decision


def test_the_digest_is_of_what_the_rules_say(tmp_path: Path) -> None:
    one = read(tmp_path, '<rule path="Hats" to="hat" %/>')
    noted = read(tmp_path, '<rule path="HATS " to="hat" date="2020-01-01" by="ZZ" note="checked"/>')
    assert noted.digest == one.digest
    assert read(tmp_path, '<rule path="Hats" to="cap" %/>').digest != one.digest
    assert read(tmp_path, "<!-- -->", '<rule path="Hats" to="hat" %/>').digest != one.digest  # its line is in the rows


def test_reading_stops_at_the_first_error_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(WrongInput, match="no node hatt") as caught:
        read(tmp_path, '<rule path="Caps" to="cap" %/>', '<rule path="Hats" to="hatt" %/>')
    assert caught.value.line == 3


def test_the_sample_shop_leaves_some_categories_unmapped() -> None:
    mapping = Mapping.read(PROJECT / "mappings" / "atelier-nord" / "categories.xml", TAXONOMY)
    assert answer(mapping, ["Женщинам", "Юбки", "Юбка"]).node == "skirt"
    assert answer(mapping, ["Мужчинам", "Обувь", "Ботинки"], title="Челси из кожи").node == "chelsea_boots"
    assert answer(mapping, ["Дом и офис", "Тонер-картридж"]).kind == IGNORED
    assert answer(mapping, ["Женщинам", "Очки", "Солнцезащитные очки"]).kind == UNMAPPED
