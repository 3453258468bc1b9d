"""Bounds of the gates: the file of the project is right, and a wrong one is refused with its line."""

from pathlib import Path

import pytest

from schemas.errors import WrongInput
from schemas.gates import read_gates

FILE = Path(__file__).resolve().parents[2] / "mappings" / "gates.yaml"


def test_the_projects_own_file_is_right() -> None:
    gates = read_gates(FILE)
    assert (gates.whole_index.canary.count, gates.whole_index.canary.cosine) == (64, 0.999)
    assert gates.retailer.garments_drop.percent > gates.whole_index.garments_drop.percent


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("products_drop: {percent: 20, absolute: 1000}", "products_drop: {percent: 20}", "products_drop.absolute"),
        ("count: 64", "count: 0", "whole_index.canary.count"),
        ("cosine: 0.999", "cosine: 2", "whole_index.canary.cosine"),
        ("norm_tolerance", "norm_tolerence", "whole_index.norm_tolerence: no such setting"),
        ("coverage_drop: 15 ", "coverage_drop: many", "retailer.coverage_drop"),
    ],
)
def test_a_wrong_bound_is_said_with_its_line(tmp_path: Path, old: str, new: str, said: str) -> None:
    text = FILE.read_text(encoding="utf-8")
    line = text[: text.index(old)].count("\n") + 1
    wrong = tmp_path / "gates.yaml"
    wrong.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(WrongInput) as caught:
        read_gates(wrong)
    assert caught.value.line == line
    assert said in caught.value.text
