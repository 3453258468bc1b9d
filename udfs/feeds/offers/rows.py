"""Many offers looked at column by column: what one place says in all of them costs one pass."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

from udfs.feeds.markup.plan import Column
from udfs.feeds.markup.walk import Slots, Walk
from udfs.feeds.repairs import Repair, Repairs
from udfs.feeds.values.html_text import CDATA_OPENING, without_marks

Answer = TypeVar("Answer")
Texts = list[str | None]
MAX_CACHED = 65_536
TRIED = 32
"""Offers of a batch that are asked whether a shop escapes the marks of its CDATA sections: always or never."""


class Cached(dict[str, Answer]):
    """A function's answers by text: brands, colours and category paths come again and again."""

    def __init__(self, function: Callable[[str], Answer]) -> None:
        super().__init__()
        self._function = function

    def __missing__(self, text: str) -> Answer:
        if len(self) >= MAX_CACHED:
            self.clear()
        answer = self[text] = self._function(text)
        return answer

    def each(self, texts: Texts) -> list[Answer | None]:
        """The answers to a column's texts; None stays None."""
        known = [*map(self.get, texts)]  # type: ignore[arg-type]
        if known.count(None) == texts.count(None):
            return known
        every = set(filter(None, texts))
        if len(self) + len(every) > MAX_CACHED:
            self.clear()
        for text in every.difference(self):
            self[text] = self._function(text)
        return [*map(self.get, texts)]  # type: ignore[arg-type]


class Rows:
    """The first `size` places of a walk's columns."""

    def __init__(self, walk: Walk, size: int, repairs: Repairs) -> None:
        self.size = size
        self._walk, self._repairs = walk, repairs

    def nothing(self) -> list[Any]:
        """A column of which no offer says anything."""
        return [None] * self.size

    def texts(self, slots: Slots, is_better: Callable[[str], bool] | None = None) -> Texts | None:
        """For each offer the first text of the slots; None where no offer says anything.

        Where a place comes more than once in an offer, the first text that `is_better` stands before the others.
        """
        found: Texts | None = None
        for slot in slots:
            column = self._texts(slot, is_better)
            if column is not None:
                found = column if found is None else [one or other for one, other in zip(found, column, strict=True)]
            if found is not None and None not in found:
                break
        return found

    def every(self, slots: Slots) -> list[list[str]] | None:
        """For each offer all texts of the slots, in order; None where no offer says anything."""
        columns = [column for slot in slots if (column := self._column(slot)) is not None]
        if not columns:
            return None
        every: list[list[str]] = [[] for _ in range(self.size)]
        for column in columns:
            for texts, value in zip(every, column, strict=True):
                if value.__class__ is str:
                    texts.append(value)
                elif value is not None:
                    texts += value
        return every

    def alone(self, slots: Slots) -> Texts | None:
        """The texts of the one slot that says anything, where no offer says two there; else None."""
        columns = [column for slot in slots if (column := self._column(slot)) is not None]
        return columns[0] if len(columns) == 1 and not _has_lists(columns[0]) else None

    def _texts(self, slot: int, is_better: Callable[[str], bool] | None) -> Texts | None:
        if slot < 0:
            return [self._walk.joined(slot, place) for place in range(self.size)]
        column = self._column(slot)
        if column is None:
            return None
        if not _has_lists(column):
            return column
        if is_better is None:
            return [value[0] if value.__class__ is list else value for value in column]
        return [_best(value, is_better) if value.__class__ is list else value for value in column]

    def _column(self, slot: int) -> Column | None:
        """What stands in a slot; None where no offer says anything, or nobody ever did."""
        column = self._walk.columns.get(slot)
        if column is None:
            return None
        column = column[: self.size]
        if not any(column):
            return None
        return self._bare(column) if any(_is_escaped(value) for value in column[:TRIED]) else column

    def _bare(self, column: Column) -> Column:
        """The column without CDATA marks that arrived as text."""

        def bare(text: str) -> str:
            self._repairs[Repair.CDATA_AS_TEXT] += CDATA_OPENING in text
            return without_marks(text).strip()

        return [
            value if value is None else bare(value) or None if value.__class__ is str else _bare_list(value, bare)
            for value in column
        ]


def _has_lists(column: Column) -> bool:
    """Whether the place comes more than once in some offer."""
    return list in set(map(type, column))


def _bare_list(texts: list[str], bare: Callable[[str], str]) -> list[str] | None:
    return [text for text in map(bare, texts) if text] or None


def _best(texts: list[str], is_better: Callable[[str], bool]) -> str:
    return next(filter(is_better, texts), texts[0])


def _is_escaped(value: Any) -> bool:
    text = value[0] if value.__class__ is list else value
    return text is not None and CDATA_OPENING in text


def present(column: Sequence[object]) -> Iterator[int]:
    """Places at which the column says something."""
    return (place for place, value in enumerate(column) if value is not None)
