"""The verdict of a stage on one thing, and what would have to change."""

from dataclasses import dataclass
from typing import Any

from schemas.rejects import MEANINGS, Code
from schemas.table import DONE


@dataclass(frozen=True)
class Verdict:
    """The verdict of one stage. If it keeps the thing out of the index, `change` says who has to do what."""

    stage: str
    what: str
    status: str
    detail: str
    change: str = ""


def verdict(stage: str, what: str, row: dict[str, Any], found: str) -> Verdict:
    """The verdict of a row; `found` is the text for a done row."""
    if row["status"] == DONE:
        return Verdict(stage, what, "done", found)
    return Verdict(stage, what, "rejected", f"{row['code']}: {row['detail'] or ''}", change(row["code"]))


def change(code: str) -> str:
    """Why a row with this code was rejected, and who has to act."""
    meaning = MEANINGS[Code(code)]
    return f"{meaning.text}; to act: {meaning.acts}"


def blocked(stage: str, what: str) -> Verdict:
    """The verdict on a blocked picture or product."""
    return Verdict(stage, what, "blocked", "by mappings/blocked.tsv", "an engineer has to remove the line")
