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

FALLBACK = "en"
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
    detail: str = ""


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


def how_to_mend(code: str, language: str) -> str:
    """What the shop has to do, for a code or for the kind that its name begins with."""
    mend = words(language)["mend"]
    return str(mend.get(code) or mend.get(code.partition("_")[0]) or "")


def render_letter(facts: LetterFacts) -> str:
    """The page. Everything that came from the shop is escaped."""
    said = words(facts.language)
    groups = []
    for code, some in groupby(sorted(facts.errors, key=lambda error: error.code), key=lambda error: error.code):
        errors = list(some)
        shown = [_place(error, said) for error in errors[:SHOWN]]
        groups.append({"code": code, "count": len(errors), "mend": how_to_mend(code, facts.language), "shown": shown})
    language = facts.language if facts.language in _languages() else FALLBACK
    return render_page("letter.html.j2", letter=facts, words=said, groups=groups, shown=SHOWN, language=language)


def render_table(facts: LetterFacts) -> str:
    """All errors as CSV, one a row; no cell is a formula."""
    said = words(facts.language)
    target = io.StringIO()
    writer = csv.writer(target, quoting=csv.QUOTE_ALL)
    writer.writerow([said[name] for name in ("error", "line_heading", "offer", "address", "mend_heading", "said")])
    writer.writerows(_cells(error, facts.language) for error in facts.errors)
    return target.getvalue()


def _cells(error: ShopError, language: str) -> Iterator[str]:
    line = "" if error.line is None else str(error.line)
    mend = how_to_mend(error.code, language)
    for text in (error.code, line, error.offer or "", error.address or "", mend, error.detail):
        yield plain_cell(text)


def plain_cell(text: str) -> str:
    """A cell that every spreadsheet takes for text, whatever a shop wrote."""
    return f"'{text}" if text.lstrip(" ").startswith(FORMULA) else text


def _place(error: ShopError, said: dict[str, Any]) -> list[str]:
    """The address of a picture, the line and id of its offer, and what our reader says."""
    line = "" if error.line is None else str(said["line"]).format(line=error.line, offer=error.offer or "?")
    return [text for text in (error.address, line, error.detail) if text]
