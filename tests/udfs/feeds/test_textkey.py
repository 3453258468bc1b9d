"""The key changes with what the classifier reads, and with nothing else."""

from udfs.feeds.textkey import DESCRIPTION_CHARS, text_key

BASE = ("Coat", "Warm", "Acme", ("Clothes", "Coats"), "women")


def test_every_part_counts() -> None:
    changed: list[tuple[str, str | None, str, tuple[str, ...], str | None]] = [
        ("Coats", *BASE[1:]),
        ("Coat", None, *BASE[2:]),
        (*BASE[:2], "Acm", *BASE[3:]),
        (*BASE[:4], None),
    ]
    changed += [(*BASE[:3], ("Clothes",), "women"), (*BASE[:3], ("ClothesCoats",), "women")]
    assert len({text_key(*values) for values in [BASE, *changed]}) == 1 + len(changed)


def test_what_the_classifier_does_not_read_costs_nothing() -> None:
    long = "x" * DESCRIPTION_CHARS
    assert text_key("Coat", long, None, None, None) == text_key("Coat", long + "y", None, [], "")
    assert text_key(None, None, None, None, None) == text_key("", "", "", (), "")
