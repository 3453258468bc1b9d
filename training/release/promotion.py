"""Which release of a model the night uses: promoted unless it is worse, rolled back in one command, with a history.

`promoted.json` names the releases; `promotions.jsonl` beside it has a line a change: model, digest, previous, at (UTC),
because. The line is written first: a kill between the two leaves the old release promoted and a line too many, which
no later command is misled by.
"""

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from schemas.errors import WrongInput
from udfs.runtime.models import describe, release_of

INDEX, HISTORY = "promoted.json", "promotions.jsonl"

GUARDED: dict[str, tuple[str, ...]] = {
    "screen": (
        *(f"screen/{name}" for name in ("wanted_kept", "sizechart_rejected", "texture_rejected")),
        *(f"screen/{name}" for name in ("closeup_rejected", "banner_rejected", "logo_rejected")),
        "depicts/accuracy",
    ),
    "text": tuple(
        f"{split}/{name}"
        for split in ("unseen_shops", "validation")
        for name in ("macro_f1", "right_at_85", "answered_at_995", "gender_accuracy")
    ),
    "detect": ("map50", "map75"),
    "embed": (
        *(f"this model/{name}" for name in ("recall_at_1", "recall_at_10", "class_precision_at_5")),
        "this model/worn_recall_at_5",
    ),
}
"""Figures of a release that the next one must not lose, as paths into `figures` of `model.json`."""

MARGIN = 0.02
"""How far a figure that was recorded without an interval may fall: about that of the detector's mean precision."""


@dataclass(frozen=True)
class Promotion:
    """One line of the history; `previous` is what it took the place of, None at the first."""

    model: str
    digest: str
    previous: str | None
    at: str
    because: str | None = None


class PromotionRefused(WrongInput):
    """A release is worse than the promoted one on a guarded figure, and no reason was given."""


def promote(model: str, digest: str, root: Path, because: str | None = None) -> Promotion:
    """Make a release the one that the night uses; a worse one only with a reason (`PromotionRefused`)."""
    folder = release_of(model, digest, root)
    current = promoted_digest(model, root)
    if current == folder.name:
        raise WrongInput(folder, None, "this release is already promoted")
    worse = list(losses(model, _figures(folder), _figures(root / model / current))) if current else []
    if worse and not because:
        raise PromotionRefused(
            folder, None, f"it is worse than {current}: {'; '.join(worse)}; to promote it anyway, give --because REASON"
        )
    return _change(Promotion(model, folder.name, current, _now(), because), root)


def rollback(model: str, root: Path) -> Promotion:
    """Bring back the release that the promoted one took the place of."""
    current = promoted_digest(model, root)
    taken = [line for line in history(root) if line.model == model and line.digest == current and line.previous]
    if not taken:
        raise WrongInput(root / HISTORY, None, f"{model} {current}: no earlier release is recorded")
    previous = release_of(model, str(taken[-1].previous), root)
    return _change(Promotion(model, previous.name, None, _now(), f"rolled back from {current}"), root)


def losses(model: str, candidate: Mapping[str, Any], current: Mapping[str, Any]) -> Iterator[str]:
    """What of the guarded figures is worse beyond the promoted release's interval, in words."""
    for path in GUARDED.get(model, ()):
        was, now = _value(current, path), _value(candidate, path)
        if was is None:
            continue
        low = was["low"] if isinstance(was, Mapping) else was - MARGIN
        found = now["value"] if isinstance(now, Mapping) else now
        if found is None:
            yield f"{path} was not measured"
        elif found < low:
            yield f"{path} {found:.3f}, at least {low:.3f} is required"


def history(root: Path) -> list[Promotion]:
    """Every recorded change, oldest first."""
    path = root / HISTORY
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    try:
        return [Promotion(**json.loads(line)) for line in lines]
    except (TypeError, ValueError) as error:
        raise WrongInput(path, None, f"not a history of promotions ({error})") from error


def promoted_digest(model: str, root: Path) -> str | None:
    """The folder name of the promoted release; None where there is none yet."""
    found = _index(root).get(model)
    return str(found) if found else None


def _index(root: Path) -> dict[str, str]:
    path = root / INDEX
    try:
        found: dict[str, str] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    except ValueError as error:
        raise WrongInput(path, None, f"not JSON ({error})") from error
    return found


def _figures(folder: Path) -> Mapping[str, Any]:
    return describe(folder).figures


def _value(figures: Mapping[str, Any], path: str) -> Any:
    found: Any = figures
    for step in path.split("/"):
        found = found.get(step) if isinstance(found, Mapping) else None
    measured = found is not None and not (isinstance(found, Mapping) and found.get("value") is None)
    return found if measured else None


def _change(promotion: Promotion, root: Path) -> Promotion:
    with (root / HISTORY).open("a", encoding="utf-8") as file:
        file.write(json.dumps(asdict(promotion)) + "\n")
        file.flush()
        os.fsync(file.fileno())
    index = _index(root) | {promotion.model: promotion.digest}
    fresh = root / f"{INDEX}.new"
    fresh.write_text(json.dumps(dict(sorted(index.items())), indent=2) + "\n", encoding="utf-8")
    fresh.replace(root / INDEX)
    return promotion


def _now() -> str:
    return f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
