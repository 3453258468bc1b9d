"""What a feed says of its language besides its letters."""

import pytest

from udfs.feeds.source.hints import LIKELY, SAID, SPEC, hints


@pytest.mark.parametrize(
    ("head", "language", "found"),
    [
        (b"<a xml:lang='cs-CZ'>", None, {"cs": SAID}),
        (b"<language>da</language>", None, {"da": SAID}),
        (b"<price>10.00 PLN</price>", None, {"pl": LIKELY}),
        (b"<STORE CURRENCY=\"ILS\" URL='https://hanut.example.co.il'>", None, {"he": 2 * LIKELY}),
        (b"<name>TRY ALL</name>", None, {}),
        (b"<price>10 EUR</price>", "no", {"nb": SPEC}),
        (b"<link>https://shop.ua/1</link><c>UAH</c>", "ru", {"uk": 2 * LIKELY, "ru": 2 * LIKELY + SPEC}),
    ],
)
def test_languages_that_something_speaks_for(head: bytes, language: str | None, found: dict[str, float]) -> None:
    assert hints(head, language) == found
