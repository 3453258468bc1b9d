"""The skeleton of a feed's beginning, and what is refused there."""

import pytest

from schemas.rejects import Code
from udfs.feeds.markup.outline import MAX_PATHS, read_outline
from udfs.feeds.options import FeedOptions
from udfs.feeds.refusal import FeedRefused


def test_paths_are_counted_with_their_attributes() -> None:
    outline = read_outline(
        b"<A xmlns:g='http://base.google.com/ns/1.0'><b x='1'><G:c/></b><b\n y='2'/></A>", FeedOptions()
    )
    assert outline.root == "a"
    assert {path: place.count for path, place in outline.places.items()} == {"a": 1, "a/b": 2, "a/b/g:c": 1}
    assert outline.children("a/b") == {"g:c", "@x", "@y"}
    assert outline.places["a/b"].breaks_lines


@pytest.mark.parametrize(
    ("sample", "said"),
    [
        (b"<!DOCTYPE a [\n<!ENTITY x 'y'>]><a/>", "line 2 declares an entity"),
        (b"<a>" * 200, "elements are nested deeper than 100 levels"),
        (b"<a " + b" ".join(b"x%d='1'" % n for n in range(600)) + b"/>", "has 600 attributes"),
        (b"<a>" + b"".join(b"<b%d/>" % n for n in range(MAX_PATHS + 1)) + b"</a>", "more than 5,000 kinds"),
    ],
)
def test_hostile_beginnings_are_refused(sample: bytes, said: str) -> None:
    with pytest.raises(FeedRefused, match=said) as refused:
        read_outline(sample, FeedOptions())
    assert refused.value.code is Code.FEED_HOSTILE


def test_an_element_holds_itself_only_where_it_ends_after_it() -> None:
    nested = read_outline(b"<s><o><o></o></o><o></o></s>", FeedOptions())
    unclosed = read_outline(b"<s><o></o><o><o></o><o></o></s>", FeedOptions())
    assert nested.places["s/o"].holds_itself
    assert not unclosed.places["s/o"].holds_itself


def test_end_tags_in_the_wrong_order_close_what_they_name() -> None:
    outline = read_outline(b"<a><b><c></b><b/></a></z>", FeedOptions())
    assert outline.places["a/b"].count == 2
