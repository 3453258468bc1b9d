"""Categories that stand around the offers, followed by the tags that open and close between them."""

from dataclasses import dataclass, field

from udfs.feeds.forms.dialect import Around
from udfs.feeds.markup import loose_tags
from udfs.feeds.values.html_text import plain_text, without_marks

MAX_OPEN = 100
"""Elements around an offer that are followed; a feed has a handful."""
MAX_NAME_BYTES = 1_000
"""Of a text that may be a category's name; what is longer is cut."""


@dataclass
class _Open:
    """An element that has not ended: its name, the texts under the names they go by, and its own text."""

    name: str
    texts: dict[str, str] = field(default_factory=dict)
    own: bytes = b""


class Surroundings:
    """Pass over all that stands before and between the offers, in order; `path` is where one has come to."""

    def __init__(self, where: Around) -> None:
        self.path: tuple[str, ...] = ()
        self._elements, self._names = where.element.lower().split("|"), where.name.lower().split("|")
        self._open: list[_Open] = []

    def pass_over(self, gap: bytes) -> None:
        """Follow the tags of a stretch without offers; what is broken in it is passed over."""
        at = 0
        for token in loose_tags.tokens(gap):
            self._add_text(gap[at : token.start])
            at = token.end
            if token.kind == loose_tags.START and not token.closed and len(self._open) < MAX_OPEN:
                self._open.append(_Open(loose_tags.local(token.name), self._attributes(token.inside)))
            elif token.kind == loose_tags.END:
                self._close(loose_tags.local(token.name))
            elif token.kind == loose_tags.TEXT:
                self._add_text(token.inside)
        self._add_text(gap[at:])
        named = (self._named(one) for one in self._open if one.name in self._elements)
        self.path = tuple(name for name in named if name)

    def _attributes(self, inside: bytes) -> dict[str, str]:
        given = ((f"@{loose_tags.local(name)}", value) for name, value in loose_tags.attributes(inside))
        return {name: value[:MAX_NAME_BYTES] for name, value in given if name in self._names}

    def _add_text(self, text: bytes) -> None:
        if self._open and len(self._open[-1].own) < MAX_NAME_BYTES:
            self._open[-1].own += text[:MAX_NAME_BYTES]

    def _close(self, name: str) -> None:
        place = next((place for place in range(len(self._open) - 1, -1, -1) if self._open[place].name == name), None)
        if place is None:
            return
        if place and place == len(self._open) - 1 and name in self._names:
            self._open[-2].texts.setdefault(name, self._open[-1].own.decode("utf-8", "replace"))
        del self._open[place:]

    def _named(self, one: _Open) -> str | None:
        texts = (plain_text(without_marks(one.texts.get(name, ""))) for name in self._names)
        return next((text for text in texts if text), None)
