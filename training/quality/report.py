"""Writes the quality report of a release: `selvedge models report MODEL FOLDER...`."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from reports.release import FigureRow, Item, ReleaseFacts, render_release
from training.quality.judged import Judged, class_rows
from training.release.promotion import history

MISTAKES, TEACHING = 60, 200
THUMBNAIL_PX, QUALITY = 92, 55
"""Longest side and JPEG quality of a picture: 260 of them stay under half a megabyte."""


@dataclass(frozen=True)
class Judgement:
    """One release judged on rows: its figures, and what each row looks like."""

    judged: Judged
    figures: Mapping[str, Mapping[str, Any]]
    keys: Sequence[str]
    images: Sequence[Path]
    texts: Sequence[str]


@dataclass(frozen=True)
class Page:
    """What the page says beside the judgement."""

    model: str
    key_column: str
    targets: Mapping[str, float]
    folders: Sequence[Path]
    trained_too: bool
    rows: int | None = None
    """At most so many mistakes, and so many rows that would teach; None: `MISTAKES` and `TEACHING`."""


def write_report(page: Page, now: tuple[str, Judgement], before: tuple[str, Judgement] | None, out: Path) -> Path:
    """Write the page of a release, given by digest and judgement, beside the one before."""
    digest, judgement = now
    judged = judgement.judged
    wrong = judged.wrong()
    mistakes, teaching = (most if page.rows is None else min(most, page.rows) for most in (MISTAKES, TEACHING))
    facts = ReleaseFacts(
        model=page.model,
        digest=digest,
        previous=before[0] if before else None,
        made_at=f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        counted=_counted(page, len(judged.truth)),
        key_column=page.key_column,
        labels=list(judged.names),
        figures=_figures(judgement.figures, before[1].figures if before else {}, page.targets),
        classes=class_rows(judged, before[1].judged if before else None),
        mistakes_in_all=len(wrong),
        mistakes=[_item(judgement, row) for row in wrong[:mistakes].tolist()],
        teaching=[_item(judgement, row) for row in judged.teaching(teaching).tolist()],
    )
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(render_release(facts), encoding="utf-8")
    return out


def previous_of(model: str, digest: str, root: Path) -> str | None:
    """The release that this one took the place of, where it is still there."""
    taken = [line.previous for line in history(root) if line.model == model and line.digest == digest]
    found = [previous for previous in taken if previous and (root / model / previous).is_dir()]
    return found[-1] if found else None


def _counted(page: Page, rows: int) -> str:
    names = ", ".join(folder.name for folder in page.folders)
    return f"{rows:,} labelled rows of {names}" + ("" if page.trained_too else " that the model was not trained on")


def _figures(
    now: Mapping[str, Mapping[str, Any]], before: Mapping[str, Mapping[str, Any]], targets: Mapping[str, float]
) -> list[FigureRow]:
    return [
        FigureRow(name, row["value"], row["low"], row["high"], targets.get(name), before.get(name, {}).get("value"))
        for name, row in now.items()
    ]


def _item(judgement: Judgement, row: int) -> Item:
    judged = judgement.judged
    answer = int(judged.answer[row])
    return Item(
        key=judgement.keys[row],
        label=judged.names[int(judged.truth[row])],
        answer=judged.names[answer],
        score=float(judged.chances[row, answer]),
        source=judged.source[row],
        image=thumbnail(judgement.images[row]) if judgement.images else "",
        lines=[judgement.texts[row]] if judgement.texts else [],
    )


def thumbnail(path: Path) -> str:
    """A small picture as a data URI; empty where the file cannot be read."""
    pixels = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if pixels is None:
        return ""
    scale = min(1.0, THUMBNAIL_PX / max(pixels.shape[:2]))
    size = (max(1, round(pixels.shape[1] * scale)), max(1, round(pixels.shape[0] * scale)))
    body = cv2.imencode(
        ".jpg", cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), [cv2.IMWRITE_JPEG_QUALITY, QUALITY]
    )[1]
    return f"data:image/jpeg;base64,{base64.b64encode(np.asarray(body).tobytes()).decode()}"
