"""One spelling for every text."""

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from udfs.text.normalise import RAW_LIMIT, plain, words


def test_markup_entities_and_scripts_leave() -> None:
    text = "<style>p {color: red}</style><p>Dress&nbsp;&amp; <b>belt</b></p><script>alert(1)</script>"
    assert plain(text, 100) == "dress & belt"


def test_widths_and_yo_become_one_spelling() -> None:
    assert plain("ｼｬﾂ", 50) == plain("シャツ", 50)
    assert plain("ＴＯＰＳ", 50) == "tops"
    assert plain("Ёлка", 50) == "елка"


def test_spellings_of_t_shirt_agree() -> None:
    assert {plain(text, 50) for text in ("T-shirt", "t shirt", "TSHIRT", "Ｔシャツ", "Tシャツ")} == {"tshirt"}


def test_digits_and_apostrophes() -> None:
    assert plain("Men's Levi’s 501", 50) == "mens levis 000"


def test_control_characters_part_words() -> None:
    assert plain("red\x00dress\u202eskirt", 50) == "red dress skirt"


def test_a_comparison_is_no_tag() -> None:
    assert plain("size < 40 and > 30", 50) == "size < 00 and > 00"


def test_length_is_bounded() -> None:
    assert len(plain("a" * 10 * RAW_LIMIT, 300)) == 300
    assert plain("<p>" * 50_000 + "dress", 300) == ""


def test_japanese_scripts_part_words() -> None:
    assert words("革靴メンズ ロング丈 red") == ["革靴", "メンズ", "ロング", "丈", "red"]


@given(st.text(max_size=300))
def test_any_text_is_read(text: str) -> None:
    read = plain(text, 100)
    assert len(read) <= 100
    assert all(unicodedata.category(letter) != "Cc" for letter in read)
    assert read == read.strip()
    assert all(read.find(word) >= 0 for word in words(read))


def test_escaped_cdata_is_no_tag() -> None:
    assert plain("<![CDATA[Red dress]]>", 50) == "red dress"
