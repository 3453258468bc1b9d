"""Features of texts."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from udfs.text.features import Found, Text, found, name_key, without_brand
from udfs.text.lexicon import Lexicon

NAMES = Lexicon({"dress": "dress", "плать*": "dress"})
ANY = st.text(max_size=60)
TEXTS = st.builds(Text, ANY, ANY, ANY, st.lists(ANY, max_size=3))


def of_row(features: Found, row: int) -> list[tuple[int, int, int]]:
    own = features.row == row
    columns = (features.key[own].tolist(), features.count[own].tolist(), features.kind[own].tolist())
    return list(zip(*columns, strict=True))


@settings(max_examples=60)
@given(st.lists(TEXTS, min_size=1, max_size=5))
def test_a_row_does_not_depend_on_the_rows_beside_it(texts: list[Text]) -> None:
    together = found(texts, NAMES)
    for row, text in enumerate(texts):
        assert of_row(together, row) == of_row(found([text], NAMES), 0)


def test_entries_are_sorted_and_unique() -> None:
    features = found([Text("red red dress"), Text("dress")], NAMES)
    pairs = list(zip(features.row.tolist(), features.key.tolist(), strict=True))
    assert pairs == sorted(set(pairs))
    assert features.count.max() == 3


def test_nothing_in_nothing_out() -> None:
    assert len(found([], NAMES).row) == 0
    assert len(found([Text(), Text("🤣🤣 !!")], NAMES).row) == 0


def test_fields_are_told_apart() -> None:
    title, description = found([Text("dress")], NAMES), found([Text("", "dress")], NAMES)
    assert set(title.key.tolist()) & set(description.key.tolist()) == {name_key("sold dress")}


def test_title_and_description_agree_or_differ() -> None:
    names = Lexicon({"dress": "dress", "skirt": "skirt"})
    agreed = found([Text("dress", "A dress in silk")], names).key.tolist()
    differing = found([Text("dress", "A skirt in silk")], names).key.tolist()
    assert name_key("agreed dress") in agreed
    assert {name_key("disputed title dress"), name_key("disputed opening skirt")} <= set(differing)


def test_the_last_step_of_a_path_counts_as_title_too() -> None:
    title = set(found([Text("dress")], Lexicon({})).key.tolist())
    path = set(found([Text("", category_path=("Women", "dress"))], Lexicon({})).key.tolist())
    assert title < path


def test_names_become_features() -> None:
    keys = found([Text("Летнее платье")], NAMES).key.tolist()
    assert name_key("title cyrillic first dress") in keys


def test_gender_words_become_features() -> None:
    assert name_key("title for men") in found([Text("Рубашка мужская")], NAMES).key.tolist()


def test_the_brand_before_a_title_is_left_out() -> None:
    assert without_brand("polo club shirt", "polo club") == " shirt"
    assert without_brand("polo clubs shirt", "polo club") == "polo clubs shirt"


def test_equal_letters_give_equal_hashes_wherever_they_stand() -> None:
    alone = set(found([Text("dress")], Lexicon({})).key.tolist())
    after = set(found([Text("очень длинный текст dress")], Lexicon({})).key.tolist())
    assert alone <= after


def test_lengths_are_bounded() -> None:
    features = found([Text("dress " * 100_000, "<p>shirt</p>" * 100_000)], NAMES)
    assert len(features.row) < 1000
    assert np.isfinite(features.count).all()
