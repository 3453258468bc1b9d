"""Tags found one by one in whatever state the bytes are."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from udfs.feeds.markup import loose_tags


def kinds(data: bytes) -> list[tuple[str, bytes]]:
    return [(token.kind, token.name) for token in loose_tags.tokens(data)]


def test_every_kind_is_told() -> None:
    data = b"<?xml version='1.0'?><!DOCTYPE a [<!ELEMENT a>]><a x='>'><!-- <b> --><![CDATA[<c>]]><d/></a>"
    assert kinds(data) == [
        ("other", b""),
        ("doctype", b""),
        ("start", b"a"),
        ("comment", b""),
        ("text", b""),
        ("start", b"d"),
        ("end", b"a"),
    ]


def test_what_is_broken_off_is_text() -> None:
    assert kinds(b"<a><!-- never <b> ends <c x='1") == [("start", b"a"), ("start", b"b")]


def test_attributes_stand_in_order_and_twice() -> None:
    assert loose_tags.attributes(b" a='1' B=\"2\" a='3' broken") == [("a", "1"), ("B", "2"), ("a", "3")]


@given(st.binary(max_size=200) | st.text(alphabet="<>!-[]?/='\" aCDATA").map(str.encode))
def test_tokens_never_overlap(data: bytes) -> None:
    at = 0
    for token in loose_tags.tokens(data):
        assert at <= token.start < token.end <= len(data)
        at = token.end


@pytest.mark.parametrize(
    "piece", [b"<!--", b"<![CDATA[", b"<?x ", b"<a ", b"<a b='", b"<!DOCTYPE a [", b"<" + b"a" * 50]
)
def test_no_input_is_quadratic(piece: bytes) -> None:
    started = time.process_time()
    for _ in loose_tags.tokens(piece * (600_000 // len(piece))):
        pass
    assert time.process_time() - started < 5
