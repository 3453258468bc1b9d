import random
import re

import pytest

from schemas.languages import LANGUAGES
from shops.pictures.fabrics import COLOURS, PATTERNS, WEAVES
from shops.pictures.wardrobe import CLASS_OF
from shops.vocabulary import Said, vocabulary

SCRIPT = {"en": r"[A-Za-z]", "ja": r"[\u3040-\u30ff\u4e00-\u9fff]", "ru": r"[А-Яа-яЁё]"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_word_that_a_look_needs_is_there(language: str) -> None:
    lists = vocabulary(language).lists

    assert set(lists["kinds"]) == set(CLASS_OF)
    assert set(lists["colours"]) == set(COLOURS)
    assert set(lists["patterns"]) == set(PATTERNS) - {"plain"}
    assert set(lists["materials"]) == set(WEAVES)
    assert set(lists["groups"]) == set(lists["chart"]["measures"]) == set(CLASS_OF.values())


@pytest.mark.parametrize("language", LANGUAGES)
def test_titles_are_of_the_language_and_vary(language: str) -> None:
    dice, words = random.Random(1), vocabulary(language)
    said = Said("dress", "women", "navy", "dots", "plain", "Norra", "A1234")
    titles = {words.title(said, dice) for _ in range(200)}

    assert len(titles) > 40
    for title in titles:
        assert re.search(SCRIPT[language], title)
        assert "{" not in title and "  " not in title and title == title.strip()


def test_russian_words_agree() -> None:
    dice, words = random.Random(2), vocabulary("ru")
    said = Said("jeans", "men", "blue", "plain", "denim", "MIRNA", "A1234")
    titles = " ".join(words.title(said, dice) for _ in range(100))

    assert "мужские" in titles and "синие" in titles
    assert not re.search(r"мужск(ой|ая)|син(ий|яя)\b", titles)


@pytest.mark.parametrize(("language", "form"), [("en", r"\d+\.\d\d"), ("ja", r"\d{4,6}"), ("ru", r"\d{4,6}")])
def test_prices_are_numbers_as_shops_round_them(language: str, form: str) -> None:
    dice, words = random.Random(3), vocabulary(language)

    assert all(re.fullmatch(form, words.price(base, dice)) for base in (12, 35.5, 120, 260))
