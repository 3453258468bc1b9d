"""The day's work: `python -m tests.desk.day --seeds 3` maps drawn shops of 400 categories in a real Chromium.

Beside the curve of the desk stands that of rules written by hand: the largest unmapped category first, each right,
typed as the mapping file wants it.
"""

import argparse
import os
import tempfile
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from desk.edits import Decision
from desk.mapping_file import rule_of
from tests.desk.analyst import Analyst
from tests.desk.chromium import Chromium
from tests.desk.drawn import Drawn, desk_of, draw, leaves_of, right_share, text_model
from tests.desk.served import served
from udfs.rules.proposal import OUT_OF_SCOPE
from udfs.rules.wording import written
from udfs.text.model import TextModel

CATEGORIES, PRODUCTS, KEYS, EVERY = 400, 6_000, 250, 25
WANTED_COVERED, WANTED_RIGHT = 0.95, 0.98
DOCS = Path(__file__).resolve().parents[2] / "docs"
Curve = list[tuple[int, float]]


def main(arguments: Sequence[str] | None = None) -> int:
    """Writes the page and the curve; 1 where a shop falls short."""
    parser = argparse.ArgumentParser(prog="python -m tests.desk.day", description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args(arguments)
    model, rows, curves = text_model(), [], {}
    for language in ("ja", "ru"):
        for seed in range(1, options.seeds + 1):
            drawn = draw(language, CATEGORIES, PRODUCTS, seed, model)
            curve, right = by_keys(drawn, model)
            curves[f"{language} {seed}"] = curve
            reached = next((keys for keys, covered in curve if covered >= WANTED_COVERED), None)
            rows.append((language, seed, curve[0][1], curve[-1][1], right, reached, curve[-1][0], by_hand(drawn)))
            print(rows[-1], flush=True)
    (DOCS / "desk-day.svg").write_text(svg(curves), encoding="utf-8")
    print(table(rows))
    return int(any(row[5] is None or row[4] < WANTED_RIGHT for row in rows))


def by_keys(drawn: Drawn, model: TextModel) -> tuple[Curve, float]:
    """Covered share by keys pressed, and the right share of what was decided."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["XDG_STATE_HOME"] = f"{folder}/state"
        desk = desk_of(drawn, Path(folder), model)
        with served(desk, leaves_of(model)) as address, Chromium() as browser:
            browser.open(address + "shop/drawn")
            analyst = Analyst(browser)
            curve: Curve = [(0, desk.work("drawn").covered)]
            while analyst.keys < KEYS and analyst.card["category"]:
                analyst.decide()
                curve.append((analyst.keys, desk.work("drawn").covered))
        return curve, right_share(drawn, desk)[1]


def by_hand(drawn: Drawn) -> float:
    """The covered share after `KEYS` keys typed into the file, every rule right and no key wasted."""
    ruled = len(drawn.shop.products)
    sizes: dict[tuple[str, ...], list[str]] = {}
    known = {rule.split('path="')[1].split('"')[0] for rule in drawn.rules}
    for product in drawn.shop.products:
        if written(product.path).replace(">", "&gt;") not in known:
            sizes.setdefault(product.path, []).append(drawn.truth[product.id])
    covered = ruled - sum(map(len, sizes.values()))
    keys = 0
    for path, leaves in sorted(sizes.items(), key=lambda item: (-len(item[1]), item[0])):
        if len(set(leaves)) > 1:
            continue
        ignored = leaves[0] == OUT_OF_SCOPE
        decision = Decision(path, to=None if ignored else leaves[0], because="no garment" if ignored else None)
        keys += len(rule_of(decision, "AK", date(2026, 11, 30))) + 1
        if keys > KEYS:
            break
        covered += len(leaves)
    return covered / ruled


def table(rows: Sequence[tuple[str, int, float, float, float, int | None, int, float]]) -> str:
    lines = ["| shop | covered at first | keys to 95% | covered at the end | keys in all | right | by hand, 250 keys |",
             "| --- | --- | --- | --- | --- | --- | --- |"]  # fmt: skip
    for language, seed, first, last, right, reached, keys, hand in rows:
        lines.append(f"| {language}, seed {seed} | {first:.3f} | {reached or '-'} | {last:.3f} | {keys} | {right:.3f} "
                     f"| {hand:.3f} |")  # fmt: skip
    return "\n".join(lines)


def svg(curves: dict[str, Curve]) -> str:
    """The curves in one small picture: keys to the right, covered share from 0.5 to 1 upwards."""
    width, height, left, top = 560, 260, 46, 12

    def at(keys: float, covered: float) -> str:
        return f"{left + keys / KEYS * width:.1f},{top + (1 - covered) / 0.5 * height:.1f}"

    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width + 70} {height + 46}" '
             'font-family="sans-serif" font-size="11" fill="#66706c">',
             '<rect width="100%" height="100%" fill="#fff"/>']  # fmt: skip
    for share in (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1.0):
        x, y = at(0, share).split(",")
        colour = "#9c2f1f" if share == WANTED_COVERED else "#dfe4e1"
        parts.append(f'<path d="M{x},{y}H{left + width}" stroke="{colour}"/>'
                     f'<text x="8" y="{float(y) + 4:.0f}">{share:.0%}</text>')  # fmt: skip
    for keys in range(0, KEYS + 1, 50):
        x = at(keys, 0.5).split(",")[0]
        parts.append(f'<text x="{x}" y="{top + height + 16}" text-anchor="middle">{keys}</text>')
    for name, curve in curves.items():
        points = " ".join(at(*point) for point in curve)
        dashed = "" if name.startswith("ja") else ' stroke-dasharray="5 3"'
        parts.append(f'<polyline points="{points}" fill="none" stroke="#0b6b66" stroke-width="1.6"{dashed}/>')
    parts.append(f'<text x="{left}" y="{top + height + 34}">keys pressed; solid: Japanese, dashed: Russian</text>')
    return "\n".join([*parts, "</svg>", ""])


if __name__ == "__main__":
    raise SystemExit(main())
