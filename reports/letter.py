"""The letter to a shop: its own errors and how to mend them, as a page and a table in its language."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from typing import Any

import yaml

from reports.environment import render_page, template_text
from schemas.rejects import MEANINGS, Code

FALLBACK = "en"
HEADINGS = ("error", "line_heading", "offer", "address", "wrong_heading", "mend_heading", "found")
SHOWN = 5
"""Errors of one kind on the page; all of them are in the table."""
FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r", "\n", ";", ",")
"""What makes a spreadsheet take a cell for a formula, or begin another cell."""


@dataclass(frozen=True)
class ShopError:
    """Something that the shop can mend: an offer in a line, a picture of it, or the feed's own address."""

    code: str
    line: int | None = None
    offer: str | None = None
    address: str | None = None
    detail: str = ""  # in English
    value: str | None = None
    """What the shop wrote or answered there, in its own words: a price, a robots rule, an HTTP status."""


@dataclass(frozen=True)
class Fetched:
    """What was fetched from the shop in one night: `unchanged` ones of those that arrived were not sent again, and
    `barred` ones were left alone because of its robots rules."""

    night: str
    asked: int
    arrived: int
    unchanged: int
    bytes: int
    per_second: float
    barred: int


@dataclass(frozen=True)
class LetterFacts:
    """All that a letter says."""

    retailer: str
    language: str
    date: str
    feed_url: str
    accepted: bool
    offers: int
    done: int
    said: str | None
    errors: tuple[ShopError, ...]
    fetched: Fetched | None
    rate: float
    connections: int
    agent: str
    contract: str | None

    @property
    def robot(self) -> str:
        """The name that the shop's robots.txt can call us by."""
        return self.agent.partition("/")[0].strip()


@cache
def _languages() -> dict[str, dict[str, Any]]:
    languages: dict[str, dict[str, Any]] = yaml.safe_load(template_text("letter.yaml"))
    return languages


def words(language: str) -> dict[str, Any]:
    """The letter's words in a language; English where there are none."""
    return _languages().get(language, _languages()[FALLBACK])


def what_is_wrong(code: str, language: str) -> str:
    """The error in the language; `schemas.rejects` has the English."""
    said = words(language)["wrong"].get(code)
    return str(said) if said else MEANINGS[Code(code)].text


def how_to_mend(code: str, language: str) -> str:
    """What the shop has to do, for a code or for the kind that its name begins with."""
    mend = words(language)["mend"]
    return str(mend.get(code) or mend.get(code.partition("_")[0]) or "")


def render_letter(facts: LetterFacts) -> str:
    """The page. Everything that came from the shop is escaped."""
    language = facts.language if facts.language in _languages() else FALLBACK
    said = words(language)
    groups = []
    for code, some in groupby(sorted(facts.errors, key=lambda error: error.code), key=lambda error: error.code):
        errors = list(some)
        groups.append({
            "code": code, "count": len(errors), "wrong": what_is_wrong(code, language),
            "mend": how_to_mend(code, language), "shown": [_place(error, language) for error in errors[:SHOWN]],
        })  # fmt: skip
    return render_page("letter.html.j2", letter=facts, words=said, groups=groups, shown=SHOWN, language=language)


def render_table(facts: LetterFacts) -> str:
    """All errors as CSV, one a row; no cell is a formula."""
    said = words(facts.language)
    target = io.StringIO()
    writer = csv.writer(target, quoting=csv.QUOTE_ALL)
    writer.writerow([said[name] for name in HEADINGS])
    writer.writerows(_cells(error, facts.language) for error in facts.errors)
    return target.getvalue()


def _cells(error: ShopError, language: str) -> Iterator[str]:
    line = "" if error.line is None else str(error.line)
    wrong, mend = what_is_wrong(error.code, language), how_to_mend(error.code, language)
    for text in (error.code, line, error.offer or "", error.address or "", wrong, mend, _found(error, language)):
        yield plain_cell(text)


def plain_cell(text: str) -> str:
    """A cell that every spreadsheet takes for text, whatever a shop wrote."""
    return f"'{text}" if text.lstrip(" ").startswith(FORMULA) else text


def _place(error: ShopError, language: str) -> list[str]:
    """The address of a picture, the line and id of its offer, and what was found there."""
    line = str(words(language)["line"]).format(line=error.line, offer=error.offer or "?") if error.line else ""
    return [text for text in (error.address, line, _found(error, language)) if text]


def _found(error: ShopError, language: str) -> str:
    """Our reader's own words to those who read English, else the bare value."""
    return error.detail if words(language) is words(FALLBACK) else error.value or ""
