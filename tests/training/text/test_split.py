"""Splits that follow from the row alone."""

from training.data.split import Part
from training.text.data import Row
from training.text.split import FOLDS, folds, part, shop
from udfs.text.features import Text


def row(source: str, title: str = "Dress", basis: str = "stated", language: str = "en") -> Row:
    return Row(Text(title), language, source, "dress", basis)


def test_a_brand_is_on_one_side_whole() -> None:
    sides = {f"brand{number}": part(row(f"styles:brand{number}", basis="styles")) for number in range(200)}
    assert all(part(row(f"styles:{name}", "Other", "styles")) == side for name, side in sides.items())
    assert 20 < sum(side == Part.VALIDATION for side in sides.values()) < 60


def test_equal_titles_of_a_shop_are_on_one_side() -> None:
    assert part(row("shop", "Red  DRESS")) == part(row("shop", "red dress"))
    kept = sum(part(row("shop", f"Dress {'x' * number}")) == Part.VALIDATION for number in range(300))
    assert 10 < kept < 60


def test_names_always_train() -> None:
    assert all(part(row("lexicon", f"name {'x' * number}", "name")) == Part.TRAIN for number in range(50))


def test_every_shop_is_left_out_once_and_languages_are_spread() -> None:
    rows = [row(f"{language}{number}", language=language) for language in ("en", "ja") for number in range(8)]
    found = folds(rows)
    assert set(found) == {shop(each) for each in rows}
    for language in ("en", "ja"):
        assert {fold for name, fold in found.items() if name.startswith(language)} == set(range(FOLDS))


def test_brands_of_a_catalogue_are_one_shop() -> None:
    assert shop(row("styles:nike", basis="styles")) == shop(row("styles:puma", basis="styles")) == "styles"
