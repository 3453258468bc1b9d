"""One line of a mapping file."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from lxml import etree

from schemas.xml_files import line_of
from udfs.rules.wording import normalise, path_pattern, split_path


@dataclass(frozen=True)
class Rule:
    """Everything that a rule names has to fit; `node` is None where it ignores."""

    line: int
    node: str | None
    ignored_because: str | None
    path: tuple[str, ...] | None  # normalised segments
    id: str | None  # of the category itself
    within: str | None  # of the category or one around it
    title_word: str | None
    gender: str | None
    date: str
    initials: str

    @classmethod
    def of(cls, element: etree._Element) -> "Rule":
        """The rule of an element that the schema has passed."""
        path = element.get("path")
        return cls(
            line=line_of(element),
            node=element.get("to"),
            ignored_because=element.get("because"),
            path=None if path is None else tuple(split_path(path)),
            id=_normalised(element.get("id")),
            within=_normalised(element.get("within")),
            title_word=_normalised(element.get("title")),
            gender=element.get("gender"),
            date=element.get("date", ""),
            initials=element.get("by", ""),
        )

    @property
    def is_conditional(self) -> bool:
        """True where a product has to be at hand to say whether the rule applies."""
        return self.title_word is not None or self.gender is not None

    @property
    def outcome(self) -> tuple[str | None, str | None]:
        """What the rule says: a node, or why it ignores."""
        return self.node, self.ignored_because

    @cached_property
    def _pattern(self) -> re.Pattern[str] | None:
        return None if self.path is None else path_pattern(self.path)

    def fits_category(self, path: str, ids: Sequence[str]) -> bool:
        """Whether the rule can apply in a category: its joined path and its normalised ids from the root down."""
        if self.id is not None and (not ids or ids[-1] != self.id):
            return False
        if self.within is not None and self.within not in ids:
            return False
        return self._pattern is None or self._pattern.match(path) is not None


def _normalised(text: str | None) -> str | None:
    return None if text is None else normalise(text)
