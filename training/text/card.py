"""The card of a text model, as Markdown, from what its description records."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from training.data.corrections import said_of
from udfs.runtime.models import DIGEST_LENGTH, Description

_FIGURES = ("macro_f1", "accuracy", "right_at_85", "answered_at_995", "gender_accuracy")
_COMPARED = ("macro_f1", "right_at_85", "answered_at_995")
_NOTES = Path(__file__).parent / "card.md"
_BASELINE = Path(__file__).parent / "baseline.json"
"""Written by `training.text.baseline`."""


def card(model: Description) -> str:
    """The card: what the notes say, then the figures."""
    unseen, kept = model.figures["unseen_shops"], model.figures["validation"]
    notes = _NOTES.read_text(encoding="utf-8").replace("{digest}", model.digest[:DIGEST_LENGTH])
    notes = notes.replace("{corrections}", said_of("text"))
    parts = [
        notes.replace("{coarse}", str(model.split["left_out_as_coarse"])).strip(),
        "## Unseen shops (each shop left out once)",
        _table(unseen),
        "## Unseen brands and titles (the promoted weights, held-out rows)",
        _table(kept),
        "## Compared with the baseline (TF-IDF and logistic regression on the same splits)",
        _compared(model.figures),
        "## Coverage by precision (unseen shops)",
        _curves(unseen["curves"]),
        "## Calibration (unseen shops)",
        f"Temperature by language: {_pairs(model.preprocessing['temperature'])}; times {model.preprocessing['doubt']} "
        "where it is unclear which of several garments a text sells; then along a line from the softmax to "
        "the share of right answers. "
        f"Expected calibration error {unseen['calibration_error']}; on held-out rows {kept['calibration_error']}.",
        _reliability(unseen["reliability"]),
        "## Thresholds for 99.5% precision",
        _thresholds({name: figures["thresholds"] for name, figures in model.figures.items()}),
        "## F1 by leaf",
        _leaves(unseen["leaves"], kept["leaves"]),
    ]
    return "\n\n".join(parts) + "\n"


def groups(figures: Mapping[str, Any]) -> dict[str, Any]:
    """The figures of a report by the name of their rows."""
    named = {"shops, all languages": figures, **figures["by_language"]}
    return named | {f"basis {name}": values for name, values in figures["by_basis"].items()}


def _compared(figures: Mapping[str, Any]) -> str:
    if not _BASELINE.exists():
        return "Not measured."
    baselines = json.loads(_BASELINE.read_text(encoding="utf-8"))
    lines = ["| split | rows of | " + " | ".join(f"{key}: model / baseline" for key in _COMPARED) + " |"]
    lines.append("| --- " * (len(_COMPARED) + 2) + "|")
    for split, baseline in baselines.items():
        ours = groups(figures[split])
        for name in (name for name in baseline if name in ours):
            pairs = [(ours[name][key]["value"], baseline[name][key]) for key in _COMPARED]
            cells = ["-" if None in pair else f"{pair[0]:.3f} / {pair[1]:.3f}" for pair in pairs]
            lines.append(f"| {split.replace('_', ' ')} | {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _table(figures: Mapping[str, Any]) -> str:
    lines = ["| rows of | rows | " + " | ".join(_FIGURES) + " |", "| --- " * (len(_FIGURES) + 2) + "|"]
    for name, values in groups(figures).items():
        lines.append(f"| {name} | {values['rows']} | " + " | ".join(_cell(values[key]) for key in _FIGURES) + " |")
    return "\n".join(lines)


def _cell(figure: Mapping[str, float | None]) -> str:
    if figure["value"] is None:
        return "-"
    return f"{figure['value']:.3f} ({figure['low']:.3f} - {figure['high']:.3f})"


def _pairs(values: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {value}" for name, value in sorted(values.items()))


def _curves(curves: Mapping[str, Mapping[str, float]]) -> str:
    shares = list(next(iter(curves.values())))
    lines = [
        f"| rows of | {' | '.join(f'precision {share}' for share in shares)} |",
        "| --- " * (len(shares) + 1) + "|",
    ]
    lines += [f"| {name} | {' | '.join(f'{at[share]:.3f}' for share in shares)} |" for name, at in curves.items()]
    return "\n".join(lines)


def _reliability(bands: Sequence[Mapping[str, float]]) -> str:
    lines = ["| probability | rows | mean probability | accuracy |", "| --- | --- | --- | --- |"]
    lines += [f"| {b['from']} - {b['to']} | {b['rows']} | {b['said']:.3f} | {b['right']:.3f} |" for b in bands]
    return "\n".join(lines)


def _thresholds(thresholds: Mapping[str, Mapping[str, Mapping[str, float] | None]]) -> str:
    lines = ["| rows | language | threshold | coverage |", "| --- | --- | --- | --- |"]
    for rows, languages in thresholds.items():
        for language, bound in languages.items():
            cells = f"{bound['probability']} | {bound['answered']:.3f}" if bound else "not reached | 0"
            lines.append(f"| {rows.replace('_', ' ')} | {language} | {cells} |")
    return "\n".join(lines)


def _leaves(unseen: Mapping[str, float], kept: Mapping[str, float]) -> str:
    lines = ["| leaf | unseen shops | held-out titles |", "| --- | --- | --- |"]
    for leaf in sorted({*unseen, *kept}):
        cells = [f"{scores[leaf]:.3f}" if leaf in scores else "-" for scores in (unseen, kept)]
        lines.append(f"| {leaf} | {cells[0]} | {cells[1]} |")
    return "\n".join(lines)
