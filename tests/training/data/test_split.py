"""The split depends on names alone."""

from training.data.split import VALIDATION_SHARE, Part, fold_of, fraction, part_of


def test_a_group_has_one_part_for_ever() -> None:
    assert fraction("sender/48", "screen") == fraction("sender/48", "screen")
    assert round(fraction("a", "b"), 6) == 0.905003
    assert fraction("a", "b") != fraction("a", "c")


def test_about_a_quarter_is_kept_back_and_folds_are_even() -> None:
    groups = [f"group {number}" for number in range(4000)]
    kept = sum(part_of(group, "salt") is Part.VALIDATION for group in groups) / len(groups)
    assert abs(kept - VALIDATION_SHARE) < 0.03
    folds = [fold_of(group, "salt", 4) for group in groups if part_of(group, "salt") is Part.TRAIN]
    assert all(abs(folds.count(fold) / len(folds) - 0.25) < 0.04 for fold in range(4))
