"""What shops write where they say for whom."""

import pytest

from udfs.text.gender import named, stated


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("female", "women"),
        ("Женский", "women"),
        ("Для женщин", "women"),
        ("жіноча", "women"),
        ("Damen", "women"),
        ("レディース", "women"),
        ("Women's", "women"),
        ("M", "men"),
        ("мужские", "men"),
        ("чоловічі", "men"),
        ("Uomo", "men"),
        ("męskie", "men"),
        ("メンズ", "men"),
        ("unisex", "unisex"),
        ("Унисекс", "unisex"),
        ("мужской, женский", "unisex"),
        ("девочки", "girls"),
        ("дети, девочки", "girls"),
        ("女の子", "girls"),
        ("мальчикам", "boys"),
        ("kids", "kids"),
        ("дитячі", "kids"),
        ("boys, girls", "kids"),
        ("キッズ", "kids"),
    ],
)
def test_stated(said: str, meant: str) -> None:
    assert stated(said) == meant


@pytest.mark.parametrize("said", [None, "", "Divided", "???", "42", "деталь"])
def test_not_understood(said: str | None) -> None:
    assert stated(said) is None


def test_one_letter_in_a_title_is_a_size() -> None:
    assert named("dress m") is None
    assert named("mens dress m") == "men"


def test_details_are_no_children() -> None:
    assert named("платье с деталями") is None
