"""Globs and words: compared with plain definitions over drawn texts."""

import re
import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from udfs.rules.wording import joined, joined_literals, normalise, path_pattern, split_path, title_pattern, written

NAMES = st.text("ab*", min_size=1, max_size=4)
GLOBS = st.one_of(st.just("**"), st.text("ab*?", min_size=1, max_size=5))


def fits_name(glob: str, name: str) -> bool:
    """The definition of * and ? in one name."""
    if not glob:
        return not name
    if glob[0] == "*":
        return fits_name(glob[1:], name) or (bool(name) and fits_name(glob, name[1:]))
    return bool(name) and glob[0] in ("?", name[0]) and fits_name(glob[1:], name[1:])


def fits_path(globs: list[str], names: list[str]) -> bool:
    """The definition of ** among names."""
    if not globs:
        return not names
    if globs[0] == "**":
        return fits_path(globs[1:], names) or (bool(names) and fits_path(globs, names[1:]))
    return bool(names) and fits_name(globs[0], names[0]) and fits_path(globs[1:], names[1:])


@given(st.lists(st.text("ab*?>\\ /", min_size=1), min_size=1, max_size=4))
def test_a_path_as_it_is_printed_is_a_rule_that_fits_it(names: list[str]) -> None:
    assert path_pattern(split_path(written(names))).fullmatch(joined(names))


@given(st.lists(GLOBS, min_size=1, max_size=5), st.lists(NAMES, max_size=5))
@example(["**", "a*b", "**", "b"], ["a", "ab", "b", "b"])
@example(["**", "**"], [])
def test_a_pattern_matches_what_the_glob_means(globs: list[str], names: list[str]) -> None:
    found = path_pattern(split_path(" > ".join(globs))).match(joined(names)) is not None
    assert found == fits_path(globs, names)


@given(st.text(max_size=30))
def test_normalising_twice_is_normalising_once(text: str) -> None:
    assert normalise(normalise(text)) == normalise(text)


@given(st.lists(st.text(max_size=12), max_size=4), st.lists(st.text(max_size=12), max_size=4))
def test_paths_are_joined_without_ambiguity(one: list[str], other: list[str]) -> None:
    same = [normalise(name) for name in one] == [normalise(name) for name in other]
    assert (joined(one) == joined(other)) == same


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Платья  и Сарафаны ", "платья и сарафаны"),
        ("Чёрная", "черная"),
        ("Ｔシャツ", "tシャツ"),
        ("ﾄｯﾌﾟｽ", "トップス"),
        ("T\u00a0shirt", "t shirt"),
        ("T\u2011shirt", "T-shirt"),
        ("Шап\u00adка\u200b", "шапка"),
        ("Straße", "STRASSE"),
    ],
)
def test_spellings_that_are_one(one: str, other: str) -> None:
    assert normalise(one) == normalise(other)


def test_a_backslash_makes_an_ordinary_character() -> None:
    pattern = path_pattern(split_path(r"Size \> L > 5\* > a\\"))
    assert pattern.match(joined(["size > l", "5*", "a\\"]))
    assert not pattern.match(joined(["size > l", "50", "a\\"]))


@pytest.mark.parametrize("glob", ["*a*a*a*a*b", "** > a > ** > a > ** > a > ** > b"])
def test_no_category_makes_a_glob_slow(glob: str) -> None:
    pattern = path_pattern(split_path(glob))
    started = time.perf_counter()
    assert not pattern.match(joined(["a" * 20_000] + ["a"] * 300))
    assert time.perf_counter() - started < 2


@pytest.mark.parametrize(
    ("word", "title", "fits"),
    [
        ("cap", "Baseball CAP, black", True),
        ("cap", "escape rope", False),
        ("cap", "cape", False),
        ("юбк*", "Джинсовая юбка", True),
        ("юбк*", "подъюбка", False),
        ("knit cap", "a knit  cap", True),
        ("スカート", "レディーススカート", True),
        ("tシャツ", "メンズTシャツ", True),
        ("tシャツ", "XTシャツ", False),
        ("a.c", "abc", False),
    ],
)
def test_title_words(word: str, title: str, fits: bool) -> None:
    assert bool(title_pattern(normalise(word)).search(normalise(title))) == fits


def test_patterns_are_plain_text_elsewhere() -> None:
    assert path_pattern(split_path("a.c (x)")).match(joined(["a.c (x)"]))
    assert not path_pattern(split_path("a.c")).match(joined(["abc"]))
    assert isinstance(path_pattern(["a"]), re.Pattern)


def test_segments_without_wildcards_stand_for_one_joined_path():
    assert joined_literals(split_path(r"hats > cap\*s > a\\b")) == joined(["Hats", "cap*s", "a\\b"])


def test_a_path_is_parted_where_no_backslash_says_otherwise():
    assert split_path(r"a > b\> c > d\\> e") == ["a", "b\\> c", "d\\\\", "e"]
