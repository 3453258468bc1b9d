from pathlib import Path

import pytest

import shops
from shops.pictures.lettering import STYLES, font

WORDS = sorted((Path(shops.__file__).parent / "words").glob("*.yaml"))


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("path", WORDS, ids=lambda path: path.stem)
def test_the_fonts_hold_every_letter_of_the_words(style: str, path: Path) -> None:
    face = font(style, 24)
    nothing = bytes(face.getmask("\uffff"))
    letters = {letter for letter in path.read_text(encoding="utf-8") if not letter.isspace()}

    assert not {letter for letter in letters if bytes(face.getmask(letter)) == nothing}
