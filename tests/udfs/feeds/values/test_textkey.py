"""The key changes with what the classifier reads, and with nothing else."""

from collections.abc import Sequence

from udfs.feeds.values.textkey import DESCRIPTION_CHARS, text_keys

Read = tuple[str | None, str | None, str | None, Sequence[str] | None, str | None]
BASE: Read = ("Coat", "Warm", "Acme", ("Clothes", "Coats"), "women")


def keys(*rows: Read) -> list[bytes]:
    titles, descriptions, brands, paths, genders = zip(*rows, strict=True)
    return text_keys(titles, descriptions, brands, paths, genders)


def test_every_part_counts() -> None:
    changed: list[Read] = [
        ("Coats", *BASE[1:]),
        ("Coat", None, *BASE[2:]),
        (*BASE[:2], "Acm", *BASE[3:]),
        (*BASE[:4], None),
    ]
    changed += [(*BASE[:3], ("Clothes",), "women"), (*BASE[:3], ("ClothesCoats",), "women")]
    assert len(set(keys(BASE, *changed))) == 1 + len(changed)


def test_what_the_classifier_does_not_read_costs_nothing() -> None:
    long = "x" * DESCRIPTION_CHARS
    assert len(set(keys(("Coat", long, None, None, None), ("Coat", long + "y", None, [], "")))) == 1
    assert len(set(keys((None, None, None, None, None), ("", "", "", (), "")))) == 1


def test_a_character_without_an_encoding_is_no_error() -> None:
    assert len(keys(("\ud800", None, None, None, None))) == 1
