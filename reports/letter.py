"""The letter to a shop: its errors and how to fix them, as a page and a table in the shop's language."""

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
"""Errors of one kind that the page shows; the table has all of them."""
FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r", "\n", ";", ",")
"""Characters at which a spreadsheet would read a cell as a formula, or begin a new cell."""


@dataclass(frozen=True)
class ShopError:
    """An error that the shop can fix: in an offer, in a picture, or in the feed as a whole."""

    code: str
    line: int | None = None
    offer: str | None = None
    address: str | None = None
    detail: str = ""  # in English
    value: str | None = None
    """What the shop wrote or its server answered there, unchanged: a price, a robots rule, an HTTP status."""


@dataclass(frozen=True)
class Fetched:
    """What we fetched from the shop in one night. `unchanged` pictures arrived as HTTP 304; `barred` pictures were not
    fetched because of the shop's robots rules."""

    night: str
    asked: int
    arrived: int
    unchanged: int
    bytes: int
    per_second: float
    barred: int


@dataclass(frozen=True)
class FeedOfShop:
    """A file that the shop sends, as it was received last."""

    url: str
    accepted: bool
    offers: int
    done: int
    said: str | None


@dataclass(frozen=True)
class LetterFacts:
    """All data of a letter."""

    retailer: str
    language: str
    date: str
    feeds: tuple[FeedOfShop, ...]
    errors: tuple[ShopError, ...]
    fetched: Fetched | None
    rate: float
    connections: int
    agent: str
    contract: str | None

    @property
    def robot(self) -> str:
        """Our name for `User-agent:` in the shop's robots.txt."""
        return self.agent.partition("/")[0].strip()


@cache
def _languages() -> dict[str, dict[str, Any]]:
    languages: dict[str, dict[str, Any]] = yaml.safe_load(template_text("letter.yaml"))
    return languages


def words(language: str) -> dict[str, Any]:
    """The letter's texts in a language, or in English if there are none."""
    return _languages().get(language, _languages()[FALLBACK])


def what_is_wrong(code: str, language: str) -> str:
    """The meaning of a code in the language; English meanings come from `schemas.rejects`."""
    said = words(language)["wrong"].get(code)
    return str(said) if said else MEANINGS[Code(code)].text


def how_to_mend(code: str, language: str) -> str:
    """What the shop has to do, for this code or else for its kind (the code's first word)."""
    mend = words(language)["mend"]
    return str(mend.get(code) or mend.get(code.partition("_")[0]) or "")


def render_letter(facts: LetterFacts) -> str:
    """The HTML of the letter. Everything that came from the shop is escaped."""
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
    """All errors as CSV, one per row; no cell can act as a formula."""
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
    """The text, made safe: every spreadsheet reads it as text, whatever a shop wrote."""
    return f"'{text}" if text.lstrip(" ").startswith(FORMULA) else text


def _place(error: ShopError, language: str) -> list[str]:
    """The picture's address, the line and id of its offer, and what was found there."""
    line = str(words(language)["line"]).format(line=error.line, offer=error.offer or "?") if error.line else ""
    return [text for text in (error.address, line, _found(error, language)) if text]


def _found(error: ShopError, language: str) -> str:
    """The reader's own message in an English letter; in other languages only the quoted value."""
    return error.detail if words(language) is words(FALLBACK) else error.value or ""
