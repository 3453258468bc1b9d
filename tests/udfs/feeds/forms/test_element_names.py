"""Names of elements, with and without prefixes."""

import pytest

from udfs.feeds.forms.element_names import Names, of_tag


@pytest.mark.parametrize(
    ("tag", "name"),
    [
        ("{http://base.google.com/ns/1.0}Price", "g:price"),
        ("{g}id", "g:id"),
        ("{http://jadedpixel.com/-/spec}type", "s:type"),
        ("{x-content}Encoded", "encoded"),
        ("OfferID", "offerid"),
    ],
)
def test_canonical_names(tag: str, name: str) -> None:
    assert of_tag(tag) == name


def test_a_prefix_is_known_by_its_address_or_by_itself() -> None:
    names = Names()
    names.declare("gm", "http://base.google.com/ns/1.0")
    names.declare("gm", "http://other.test/")
    assert [names.of(tag) for tag in ("gm:price", "g:price", "dc:title", "title")] == [
        "g:price",
        "g:price",
        "title",
        "title",
    ]
    assert names.opening() == b'<feed xmlns:gm="g">'
