"""What a stage said of one thing, and what would have to change."""

from dataclasses import dataclass
from typing import Any

from schemas.rejects import MEANINGS, Code
from schemas.table import DONE


@dataclass(frozen=True)
class Verdict:
    """What one stage said. `change` names who has to do something, where the verdict stands in the way."""

    stage: str
    what: str
    status: str
    detail: str
    change: str = ""


def verdict(stage: str, what: str, row: dict[str, Any], found: str) -> Verdict:
    """A row's verdict; `found` is what to say where it is done."""
    if row["status"] == DONE:
        return Verdict(stage, what, "done", found)
    return Verdict(stage, what, "rejected", f"{row['code']}: {row['detail'] or ''}", change(row["code"]))


def change(code: str) -> str:
    """What would have to change for a row that was turned away, and who has to act."""
    meaning = MEANINGS[Code(code)]
    return f"{meaning.text}; to act: {meaning.acts}"


def blocked(stage: str, what: str) -> Verdict:
    """What somebody took down by hand."""
    return Verdict(stage, what, "blocked", "by mappings/blocked.tsv", "an engineer takes the line out")
