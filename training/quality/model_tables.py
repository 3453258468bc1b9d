"""The tables of a Markdown page, from the figures of the promoted releases.

`python -m training.quality.model_tables docs/models.md` writes them.

A table is between `<!-- figures NAME -->` and `<!-- end -->`; NAME is screen, classify, text or answered.
"""

import argparse
import json
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from training.screen.report import TARGETS, WANTED_KEPT
from training.text.card import groups
from udfs.runtime.models import describe, promoted

MODELS = Path(__file__).resolve().parents[2] / "models"
BASELINE = Path(__file__).resolve().parents[1] / "text" / "baseline.json"
_PLACE = re.compile(r"(?<=<!-- figures )(\w+)( -->\n).*?(?=<!-- end -->)", re.DOTALL)

ACCURACY = 0.92
TEXT_FIGURES = ("macro_f1", "right_at_85", "answered_at_995", "gender_accuracy")
SPLITS = {"unseen_shops": "unseen shops", "validation": "unseen brands and titles"}


def main(arguments: Sequence[str] | None = None) -> None:
    """Rewrite the tables of each page."""
    parser = argparse.ArgumentParser(prog="python -m training.quality.model_tables", description=__doc__)
    parser.add_argument("pages", type=Path, nargs="+", help="Markdown pages with the markers")
    for page in parser.parse_args(arguments).pages:
        page.write_text(written(page.read_text(encoding="utf-8"), MODELS), encoding="utf-8")


def written(page: str, root: Path) -> str:
    """The page with the tables of the releases that are promoted in `root`."""
    makers: dict[str, Callable[[Path], str]] = {
        "screen": screen_table,
        "classify": class_table,
        "text": text_table,
        "answered": answered_table,
    }
    return _PLACE.sub(lambda found: f"{found[1]}{found[2]}{makers[found[1]](root)}\n", page)


def screen_table(root: Path) -> str:
    """Shares kept and rejected, at the recommended threshold and at the one that keeps exactly 99.5% of the wanted."""
    release = describe(promoted("screen", root))
    own, at_995 = release.figures["screen"], release.figures["screen_at_995"]
    baseline = release.figures["floor"]["screen_at_995"]
    rows = []
    for name, figure in at_995.items():
        target = WANTED_KEPT if name == "wanted_kept" else TARGETS[name.removesuffix("_rejected")]
        cells = [name, figure["count"], _share(own[name]), _share(figure), _share(baseline[name]), f"{target:.3f}"]
        rows.append(cells)
    bound = f"at the threshold {release.thresholds['reject_below']:.2f}"
    return _table(["of the filter", "pictures", bound, "at 99.5% kept", "baseline, at 99.5% kept", "target"], rows)


def class_table(root: Path) -> str:
    """Accuracy over all pictures of single garments and by class."""
    figures = describe(promoted("screen", root)).figures
    found, baseline = figures["depicts"], figures["floor"]["depicts"]
    rows = [["all", found["accuracy"]["count"], _share(found["accuracy"]), _share(baseline["accuracy"]), ACCURACY]]
    rows += [
        [name, figure["count"], _share(figure), _share(baseline["by_class"][name]), ""]
        for name, figure in found["by_class"].items()
        if figure["count"]
    ]
    return _table(["of the class", "pictures", "accuracy", "baseline", "target"], rows)


def text_table(root: Path) -> str:
    """Figures by split, language and basis."""
    release = describe(promoted("text", root))
    baselines = json.loads(BASELINE.read_text(encoding="utf-8"))
    rows = []
    for split, said in SPLITS.items():
        for name, values in groups(release.figures[split]).items():
            baseline = baselines[split].get(name, {})
            cells = [_beside(values[key], baseline.get(key)) for key in TEXT_FIGURES]
            rows.append([said, name, values["rows"], *cells])
    return _table(["split", "rows of", "texts", *TEXT_FIGURES], rows)


def answered_table(root: Path) -> str:
    """Coverage of the texts at several levels of precision."""
    figures = describe(promoted("text", root)).figures
    rows = [
        [said, name, *(f"{share:.3f}" for share in shares.values())]
        for split, said in SPLITS.items()
        for name, shares in figures[split]["curves"].items()
    ]
    rights = next(iter(figures["unseen_shops"]["curves"].values()))
    return _table(["split", "rows of", *(f"coverage at {float(right):.1%} precision" for right in rights)], rows)


def _share(figure: Mapping[str, Any]) -> str:
    return f"{figure['value']:.3f} ({figure['low']:.3f} to {figure['high']:.3f})"


def _beside(figure: Mapping[str, Any], baseline: float | None) -> str:
    if figure["value"] is None:
        return "-"
    return f"{figure['value']:.3f}" + (f" / {baseline:.3f}" if baseline is not None else "")


def _table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)


if __name__ == "__main__":
    main()
