"""The tables of docs/models.md are those of the promoted releases."""

from pathlib import Path

from training.quality.model_tables import MODELS, written

PAGE = Path(__file__).resolve().parents[3] / "docs" / "models.md"


def test_the_page_says_what_the_promoted_releases_record() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert page.count("<!-- figures ") == 4
    assert written(page, MODELS) == page, "python -m training.quality.model_tables docs/models.md writes it anew"


def test_what_stands_outside_the_marks_is_left_alone() -> None:
    page = "before\n<!-- figures classify -->\nold\n<!-- end -->\nafter <!-- end -->\n"
    new = written(page, MODELS)
    assert new.startswith("before\n<!-- figures classify -->\n| of the class |")
    assert new.endswith("|\n<!-- end -->\nafter <!-- end -->\n")
    assert "old" not in new
