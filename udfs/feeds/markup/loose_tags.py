"""Tags of a stretch of bytes, found one by one, never resolved: what stands around the offers, well formed or not."""

import re
from collections.abc import Iterator
from typing import NamedTuple

NAME = rb"[A-Za-z_\x80-\xff][\w:.\x80-\xff-]*+"
START_TAG = re.compile(rb"<(" + NAME + rb")((?:[^<>\"']++|\"[^\"]*+\"|'[^']*+')*+)>")
END_TAG = re.compile(rb"</(" + NAME + rb")\s*+>")
ATTRIBUTE = re.compile(rb"(" + NAME + rb")\s*+=\s*+(\"[^\"]*+\"|'[^']*+')")
START, END, TEXT, COMMENT, DOCTYPE, OTHER = "start", "end", "text", "comment", "doctype", "other"


class Token(NamedTuple):
    """One piece of markup between `start` and `end`; `name` and `inside` are a tag's, `closed` says `<a/>`."""

    kind: str
    start: int
    end: int
    name: bytes = b""
    inside: bytes = b""
    closed: bool = False


def tokens(data: bytes, start: int = 0, end: int | None = None) -> Iterator[Token]:
    """The markup in order. What is broken off, or is no markup at all, is passed over as text."""
    end = len(data) if end is None else end
    lost: set[bytes] = set()  # closing marks that come no more: asked once, so that no input is quadratic
    at = start
    while (at := data.find(b"<", at, end)) >= 0:
        token = _token(data, at, end, lost)
        if token is None:
            at += 1
            continue
        yield token
        at = token.end


def attributes(inside: bytes) -> list[tuple[str, str]]:
    """Names and raw values of a start tag, in order; a name that is given twice stands twice."""
    return [(name.decode("utf-8", "replace"), value[1:-1].decode("utf-8", "replace"))
            for name, value in ATTRIBUTE.findall(inside)]  # fmt: skip


def local(name: bytes | str) -> str:
    """A tag's name in lower case without its prefix."""
    text = name.decode("utf-8", "replace") if isinstance(name, bytes) else name
    return text.rpartition(":")[2].lower()


def _token(data: bytes, at: int, end: int, lost: set[bytes]) -> Token | None:
    following = data[at + 1 : at + 2]
    if following == b"/":
        found = END_TAG.match(data, at, end)
        return Token(END, at, found.end(), found[1]) if found else None
    if following == b"!":
        if data.startswith(b"<!--", at):
            return _until(data, at, end, COMMENT, b"-->", lost)
        if data.startswith(b"<![CDATA[", at):
            return _until(data, at, end, TEXT, b"]]>", lost)
        if data[at : at + 9].upper() == b"<!DOCTYPE":
            return _doctype(data, at, end, lost)
        return None
    if following == b"?":
        return _until(data, at, end, OTHER, b"?>", lost)
    found = START_TAG.match(data, at, end)
    if not found:
        return None
    inside = found[2]
    return Token(START, at, found.end(), found[1], inside.rstrip(b"/"), inside.endswith(b"/"))


def _until(data: bytes, at: int, end: int, kind: str, mark: bytes, lost: set[bytes]) -> Token | None:
    close = -1 if mark in lost else data.find(mark, at, end)
    if close < 0:
        lost.add(mark)
        return None
    return Token(kind, at, close + len(mark), inside=data[at : close + len(mark)])


def _doctype(data: bytes, at: int, end: int, lost: set[bytes]) -> Token | None:
    close = data.find(b">", at, end)
    subset = data.find(b"[", at, close if close >= 0 else end)
    if subset >= 0:
        return _until(data, at, end, DOCTYPE, b"]>", lost) or _until(data, at, end, DOCTYPE, b">", lost)
    return _until(data, at, end, DOCTYPE, b">", lost)
