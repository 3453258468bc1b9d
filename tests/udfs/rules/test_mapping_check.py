"""What `mapping check` says of each mistake, with its line."""

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from schemas.errors import WrongInput
from schemas.xml_files import ERROR, WARNING, Problem
from tests.udfs.rules.mappings import PROJECT, TAXONOMY, mapping_file
from udfs.rules import mapping_check
from udfs.rules.mapping import Mapping, check
from udfs.rules.rule import Rule

NAMES = st.sampled_from(["a", "b", "a*", "?", "*", "**", "\\*", "a\\b", "ab", ""])


def test_the_sample_mapping_has_no_problem() -> None:
    assert check(PROJECT / "mappings" / "atelier-nord" / "categories.xml", TAXONOMY) == []


@pytest.mark.parametrize(
    ("rules", "line", "severity", "said"),
    [
        (['<rule path="Hats" to="hatt" %/>'], 2, ERROR, "no node hatt; did you mean hat?"),
        (['<rule to="hat" %/>'], 2, ERROR, "needs a path, an id or within"),
        (['<rule path="Hats > > Caps" to="hat" %/>'], 2, ERROR, "empty name"),
        (['<rule path="**" to="hat" %/>'], 2, ERROR, "every category"),
        (['<rule path="* > ?* > **" to="hat" %/>'], 2, ERROR, "every category"),
        (['<ignore path="**" because="rest" %/>'], 2, ERROR, "every category"),
        (['<rule path="**" gender="women" to="dress" %/>'], 2, ERROR, "every category"),
        (['<rule path="Hats" title="*" to="hat" %/>'], 2, ERROR, "no letters"),
        (['<rule path="a*b*c*d*e*f*g*h*i*j" to="hat" %/>'], 2, ERROR, "wildcards"),
        (['<rule path="Hats" to="hat" date="today" by="AK"/>'], 2, ERROR, "date is today; it must be a date such as"),
        (['<rule path="Hats" to="hat" date="2026-11-21"/>'], 2, ERROR, "<rule> lacks the attribute by"),
        (['<rule path="Hats" to="hat" date="2026-11-21" by="A. K."/>'], 2, ERROR, "by is A. K.; it must be one"),
        (['<rule path="Hats" %/>'], 2, ERROR, "lacks the attribute to"),
        (['<ignore path="Hats" %/>'], 2, ERROR, "<ignore> lacks the attribute because"),
        (['<rule path="Hats" to="hat" gender="ladies" %/>'], 2, ERROR, "gender is ladies; it must be one of women,"),
        (['<rule path="Hats" to="hat" colour="red" %/>'], 2, ERROR, "<rule> has no attribute colour"),
        (['<rule path=" " to="hat" %/>'], 2, ERROR, "path is empty"),
        ([f'<rule path="{"x" * 1001}" to="hat" %/>'], 2, ERROR, "path is too long"),
        (['<rule path="Hats" to="hat" %>caps</rule>'], 2, ERROR, "<rule> must be empty"),
        (['<rule path="Women / Hats" to="hat" %/>'], 2, WARNING, "separate names with >"),
        (["<default/>"], 2, ERROR, "<default> is not allowed here"),
        (['<rule path="Hats" to="hat" %/>', '<rule path=" ＨＡＴＳ" to="cap" %/>'], 3, ERROR, "contradicts"),
        (['<rule path="Hats" to="hat" %/>', '<ignore path="hats" because="x" %/>'], 3, ERROR, "contradicts"),
        (['<rule path="Hats" to="hat" %/>', '<rule path="HATS" to="hat" %/>'], 3, WARNING, "repeats"),
        (['<rule path="Hats > **" to="hat" %/>', '<rule path="Hats > Caps" to="cap" %/>'], 3, WARNING, "never applies"),
        (['<rule path="** > *c*" to="hat" %/>', '<rule path="Hats > Caps" to="cap" %/>'], 3, WARNING, "never applies"),
        (['<rule within="7" to="hat" %/>', '<rule id="7" to="cap" %/>'], 3, WARNING, "never applies"),
        (['<rule path="Hats" to="hat" %/>', '<rule path="Hats" title="cap" to="cap" %/>'], 3, WARNING, "never applies"),
    ],
)  # fmt: skip
def test_each_mistake(tmp_path: Path, rules: list[str], line: int, severity: str, said: str) -> None:
    problems = check(mapping_file(tmp_path, *rules), TAXONOMY)
    assert len(problems) == 1
    assert (problems[0].line, problems[0].severity) == (line, severity)
    assert said in problems[0].text


@pytest.mark.parametrize(
    "rules",
    [
        ['<rule path="Hats" title="cap" to="cap" %/>', '<rule path="Hats" to="hat" %/>'],
        ['<rule path="Hats" gender="men" to="cap" %/>', '<rule path="Hats" gender="women" to="hat" %/>'],
        ['<rule path="Hats > Caps" to="cap" %/>', '<rule path="Hats > **" to="hat" %/>'],
        ['<rule path="**" title="зонт*" to="umbrella" %/>'],
        ['<rule path="Women > Hats / Caps" to="cap" %/>', r'<rule path="Hats \/ Caps" to="cap" %/>'],
        ['<rule path="Hats > *" to="cap" %/>', '<rule path="Hats > **" to="hat" %/>'],
        [],
    ],
)
def test_what_is_no_mistake(tmp_path: Path, rules: list[str]) -> None:
    assert check(mapping_file(tmp_path, *rules), TAXONOMY) == []


def test_what_the_schema_forbids_hides_no_other_mistake(tmp_path: Path) -> None:
    path = mapping_file(
        tmp_path, '<rule path="**" to="skrt" date="2026-13-21" by="AK"/>', "<rule/>", '<rule path="Hats" to="hatt" %/>'
    )
    assert [(problem.line, problem.text.partition(";")[0]) for problem in check(path, TAXONOMY)] == [
        (2, "a rule that matches every category is not allowed: categories without a rule stay unmapped"),
        (2, "date is 2026-13-21"),
        (2, "the taxonomy has no node skrt"),
        (3, "<rule> lacks the attribute by"),
        (3, "<rule> lacks the attribute date"),
        (3, "<rule> lacks the attribute to"),
        (3, "a rule needs a path, an id or within"),
        (4, "the taxonomy has no node hatt"),
    ]


def test_a_file_that_begins_with_something_else(tmp_path: Path) -> None:
    path = mapping_file(tmp_path)
    path.write_text("<rules/>", encoding="utf-8")
    assert check(path, TAXONOMY) == [Problem(1, ERROR, "<rules> cannot be the root element of this file")]


def test_the_file_belongs_to_its_folder_and_its_taxonomy(tmp_path: Path) -> None:
    stranger = mapping_file(tmp_path, attributes='retailer="another"')
    assert check(stranger, TAXONOMY) == [Problem(1, ERROR, "retailer is another, but the folder is shop")]
    older = mapping_file(tmp_path, attributes=f'retailer="shop" taxonomy="{TAXONOMY.version + 1}"')
    (problem,) = check(older, TAXONOMY)
    now = TAXONOMY.version
    assert (problem.line, problem.severity) == (1, WARNING)
    assert re.findall(r"\d+", problem.text) == [str(now + 1), str(now)]
    Mapping.read(older, TAXONOMY)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "not well-formed"),
        ("<mapping", "not well-formed"),
        ('<!DOCTYPE m [<!ENTITY a "x">]><mapping retailer="shop"><rule path="&a;"/></mapping>', "DOCTYPE"),
        ('<!DOCTYPE m SYSTEM "http://127.0.0.1:9/m.dtd"><mapping retailer="shop"/>', "DOCTYPE"),
        ("\ud800".encode("utf-8", "surrogatepass").decode("latin-1"), "not well-formed"),
    ],
)
def test_what_is_no_mapping_at_all(tmp_path: Path, text: str, said: str) -> None:
    path = mapping_file(tmp_path)
    path.write_text(text, encoding="utf-8")
    with pytest.raises(WrongInput, match=said):
        check(path, TAXONOMY)


def test_an_entity_bomb_is_refused_at_once(tmp_path: Path) -> None:
    bomb = '<!ENTITY a0 "ha">' + "".join(f'<!ENTITY a{i} "&a{i - 1};&a{i - 1};">' for i in range(1, 40))
    path = mapping_file(tmp_path)
    path.write_text(f'<!DOCTYPE m [{bomb}]><mapping retailer="&a39;"/>', encoding="utf-8")
    with pytest.raises(WrongInput):
        check(path, TAXONOMY)


GLOBS = st.lists(st.sampled_from(["a", "b", "a*", "*b", "*", "?", "**"]), min_size=1, max_size=3).map(" > ".join)
PATHS = st.lists(st.sampled_from(["a", "b", "ab", "ba", "abb"]), max_size=4)


@settings(max_examples=100)
@given(st.lists(GLOBS, min_size=2, max_size=3), st.lists(PATHS, min_size=30, max_size=30))
def test_a_rule_said_never_to_apply_never_does(
    tmp_path_factory: pytest.TempPathFactory, globs: list[str], paths: list[list[str]]
) -> None:
    nodes = ("hat", "cap", "belt")
    rules = [f'<rule path="x > {glob}" to="{node}" %/>' for glob, node in zip(globs, nodes, strict=False)]
    path = mapping_file(tmp_path_factory.mktemp("mapping"), *rules)
    hidden = {f"{path.name}:{problem.line}" for problem in check(path, TAXONOMY)}
    elements = etree.parse(path).getroot().iterchildren("rule")
    mapping = Mapping(path, "shop", tuple(Rule.of(element) for element in elements))
    applied = {verdict.rule for names in paths for verdict in mapping.verdicts(["x", *names], [])}
    assert not applied & hidden


def test_the_retailer_of_a_file_is_read_with_it(tmp_path: Path) -> None:
    assert Mapping.read(mapping_file(tmp_path), TAXONOMY).retailer == "shop"


def test_the_earliest_of_all_rules_that_hide_one_is_named(tmp_path: Path) -> None:
    """One that is as narrow, and one that is wider: whichever comes first."""
    wide = '<rule path="Hats > **" title="a" to="hat" %/>'
    narrow = '<rule path="Hats > Caps" title="a" to="cap" %/>'
    last = '<rule path="Hats > Caps" title="a" gender="men" to="belt" %/>'
    for rules in ((wide, narrow, last), (narrow, wide, last)):
        said = [problem.text for problem in check(mapping_file(tmp_path, *rules), TAXONOMY) if problem.line == 4]
        assert [re.findall(r"line \d", text) for text in said] == [["line 2"]]


def test_a_rule_that_an_id_or_a_title_narrows_is_no_catch_all(tmp_path: Path) -> None:
    for narrowed in ('id="7"', 'within="7"', 'title="cap"'):
        assert check(mapping_file(tmp_path, f'<rule path="**" {narrowed} to="hat" %/>'), TAXONOMY) == []


def test_eight_wildcards_are_not_too_many(tmp_path: Path) -> None:
    path = "*".join("abcdefghi")
    assert check(mapping_file(tmp_path, f'<rule path="{path}" to="hat" %/>'), TAXONOMY) == []
    (problem,) = check(mapping_file(tmp_path, f'<rule path="{path}*" to="hat" %/>'), TAXONOMY)
    assert problem.text == "the path has more than 8 wildcards"


@given(st.lists(st.tuples(st.none() | st.lists(NAMES, max_size=3), st.sampled_from([None, "7"])), max_size=8))
def test_each_rule_is_as_if_compared_with_all_before_it(
    drawn: list[tuple[list[str] | None, Any]],
) -> None:
    rules = [
        Rule(line, "coat", None, None if path is None else tuple(path), identifier, None, None, None, "", "")
        for line, (path, identifier) in enumerate(drawn)
    ]
    expected = {
        rule.line: next(other.line for other in rules[:at] if mapping_check._covers(other, rule))
        for at, rule in enumerate(rules)
        if any(mapping_check._covers(other, rule) for other in rules[:at])
    }
    said = {problem.line: problem.text for problem in mapping_check._hidden(rules)}
    assert said.keys() == expected.keys()
    assert all(f" line {earlier}" in said[line] for line, earlier in expected.items())


def test_a_rule_is_compared_with_those_of_its_own_last_name_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """A night reads the mapping files of all shops: what grows with the square of their rules takes minutes."""
    compared, covers = [], mapping_check._covers
    monkeypatch.setattr(mapping_check, "_covers", lambda *rules: compared.append(rules) or covers(*rules))
    wild = [Rule(n, "coat", None, ("*", f"class {n}"), *[None] * 4, "", "") for n in range(100)]
    assert list(mapping_check._hidden(wild)) == []
    assert compared == []
