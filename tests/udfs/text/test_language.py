"""Languages that letters settle."""

import pytest

from udfs.text.language import by_letters


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("ワンピース nike", "ja"),
        ("革靴", "ja"),
        ("кроссовки nike", "ru"),
        ("сукня жіноча", "other"),
        ("φόρεμα", "other"),
        ("brązowe botki", "other"),
        ("dress", None),
        ("nike air force white leather sneakers из кожи", None),
        ("1234 !!", None),
        ("", None),
    ],
)
def test_letters(text: str, language: str | None) -> None:
    assert by_letters(text) == language
