"""The card of a text model, as Markdown, from what its description records."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

_FIGURES = ("macro_f1", "accuracy", "right_at_85", "answered_at_995", "gender_accuracy")
_NOTES = Path(__file__).parent / "text_card.md"


def card(about: Mapping[str, Any]) -> str:
    """The card: what the notes say, then the figures."""
    unseen, kept = about["figures"]["unseen_shops"], about["figures"]["validation"]
    parts = [
        _NOTES.read_text(encoding="utf-8")
        .replace("{digest}", about["digest"][:12])
        .replace("{coarse}", str(about["left_out_as_coarse"]))
        .strip(),
        "## Unseen shops (each shop left out once)",
        _table(unseen),
        "## Unseen brands and titles (the promoted weights, rows kept from training)",
        _table(kept),
        "## Calibration (unseen shops)",
        f"Temperature by language: {_pairs(about['temperature'])}. "
        f"Expected calibration error {unseen['calibration_error']}; on kept rows {kept['calibration_error']}.",
        _reliability(unseen["reliability"]),
        "## Thresholds at which 99.5% of the answers are right",
        _thresholds(about["thresholds"]),
        "## F1 by leaf",
        _leaves(unseen["leaves"], {**kept["leaves"]}),
    ]
    return "\n\n".join(parts) + "\n"


def _table(figures: Mapping[str, Any]) -> str:
    lines = ["| rows of | rows | " + " | ".join(_FIGURES) + " |", "| --- " * (len(_FIGURES) + 2) + "|"]
    groups = {"shops, all languages": figures, **figures["by_language"]}
    groups |= {f"basis {name}": values for name, values in figures["by_basis"].items()}
    for name, values in groups.items():
        lines.append(f"| {name} | {values['rows']} | " + " | ".join(_cell(values[key]) for key in _FIGURES) + " |")
    return "\n".join(lines)


def _cell(figure: Mapping[str, float | None]) -> str:
    if figure["value"] is None:
        return "-"
    return f"{figure['value']:.3f} ({figure['low']:.3f} - {figure['high']:.3f})"


def _pairs(values: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {value}" for name, value in sorted(values.items()))


def _reliability(bands: Sequence[Mapping[str, float]]) -> str:
    lines = ["| probability | rows | said | right |", "| --- | --- | --- | --- |"]
    lines += [f"| {b['from']} - {b['to']} | {b['rows']} | {b['said']:.3f} | {b['right']:.3f} |" for b in bands]
    return "\n".join(lines)


def _thresholds(thresholds: Mapping[str, Mapping[str, Mapping[str, float] | None]]) -> str:
    lines = ["| rows | language | probability | answered |", "| --- | --- | --- | --- |"]
    for rows, languages in thresholds.items():
        for language, bound in languages.items():
            cells = f"{bound['probability']} | {bound['answered']:.3f}" if bound else "not reached | 0"
            lines.append(f"| {rows.replace('_', ' ')} | {language} | {cells} |")
    return "\n".join(lines)


def _leaves(unseen: Mapping[str, float], kept: Mapping[str, float]) -> str:
    lines = ["| leaf | unseen shops | kept titles |", "| --- | --- | --- |"]
    for leaf in sorted({*unseen, *kept}):
        cells = [f"{scores[leaf]:.3f}" if leaf in scores else "-" for scores in (unseen, kept)]
        lines.append(f"| {leaf} | {cells[0]} | {cells[1]} |")
    return "\n".join(lines)
