"""What the stages that look at pictures said of one."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from jobs.engine.night import Night
from jobs.live import functions
from jobs.live.catalog import Catalog
from jobs.live.placeholders import suspects
from lake.tables import literal
from schemas.errors import WrongInput
from schemas.rejects import MEANINGS, Code
from schemas.table import DONE, Table
from schemas.tables import BOXES, FINGERPRINTS, PICTURES, SCREEN_CLASSES, SCREENS


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


def blocked(what: str) -> Verdict:
    """What somebody took down by hand."""
    return Verdict("choose", what, "blocked", "by mappings/blocked.tsv", "an engineer takes the line out")


def picture_verdicts(night: Night, catalog: Catalog, picture: bytes) -> Iterator[Verdict]:
    """From the fetch to the boxes. Raises WrongInput where no such picture is stored."""
    name = picture.hex()
    if picture in night.blocked.pictures:
        yield blocked(name)
    stored = _rows(night, PICTURES, picture, functions.fetch_function())
    if not stored:
        raise WrongInput("explain", None, f"{picture.hex()}: no such picture is stored")
    for row in stored:
        yield verdict("fetch", name, row, f"{row['mime']} {row['width']} x {row['height']}, {row['length']} bytes")
    for suspect in suspects(night):
        if suspect.picture == picture:
            said = f"on {suspect.products} products of {suspect.retailer}: a placeholder?"
            yield Verdict("fetch", name, "suspected", said, "a line in mappings/blocked.tsv turns it away")
    wanted = night.settings.choice.wanted
    for row in _rows(night, SCREENS, picture, functions.screen_function(night)):
        yield _screened(name, row, wanted)
    for row in _rows(night, FINGERPRINTS, picture, functions.fingerprint_function()):
        yield verdict("fingerprint", name, row, "phash " + (row["phash"] or b"").hex())
    group = catalog.groups.get(picture)
    alike = sum(other == group for other in catalog.groups.values()) if group else 0
    if alike > 1:
        yield Verdict(
            "dedup", name, "done", f"one of {alike} near-identical pictures, group {(group or b'').hex()[:16]}"
        )
    for row in _rows(night, BOXES, picture, functions.detect_function(night)):
        yield verdict("detect", name, row, _boxes(row["boxes"] or [], night.settings.choice.box))


def _boxes(boxes: list[dict[str, Any]], least: float) -> str:
    counted = [f"{box['class']} {box['score']:.2f}" for box in boxes if box["score"] >= least]
    return f"{', '.join(counted) or 'no box'} ({len(boxes) - len(counted)} below {least} do not count)"


def _screened(name: str, row: dict[str, Any], wanted: float) -> Verdict:
    if row["status"] != DONE:
        return verdict("screen", name, row, "")
    scores = ", ".join(f"{label} {row[label]:.2f}" for label in SCREEN_CLASSES)
    if row["wanted"] >= wanted:
        return Verdict("screen", name, "wanted", scores)
    return Verdict("screen", name, "turned away", scores,
                   f"another picture (the shop), or a lower choice.wanted than {wanted} (the engineer)")  # fmt: skip


def _rows(night: Night, table: Table, picture: bytes, function: bytes) -> list[dict[str, Any]]:
    query = f"""
        select * from {table.name}
        where picture = {literal(picture)} and function = {literal(function)}"""  # noqa: S608
    return night.tables.sql(query, [table]).to_pylist()
