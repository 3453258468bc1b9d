"""Takedowns: `mappings/blocked.tsv` lists pictures and products to keep out of the catalog."""

import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from schemas.errors import WrongInput
from schemas.lists import cells_of, day_of, errors_in, lines_of

COLUMNS = ("kind", "value", "reason", "date", "initials")
KINDS = ("sha256", "url", "product")


@dataclass(frozen=True)
class Block:
    """One line: a picture's sha256 in hex, a picture's URL or a product id; the reason, the date and who wrote it."""

    kind: str
    value: str
    reason: str
    date: date
    initials: str


@dataclass(frozen=True)
class Blocked:
    """All lines of the file; the properties give their values by kind."""

    blocks: tuple[Block, ...]

    @property
    def pictures(self) -> frozenset[bytes]:
        """sha256 of blocked pictures."""
        return frozenset(bytes.fromhex(value) for value in self._values("sha256"))

    @property
    def urls(self) -> frozenset[str]:
        """Addresses of blocked pictures."""
        return frozenset(self._values("url"))

    @property
    def products(self) -> frozenset[str]:
        """Ids of blocked products."""
        return frozenset(self._values("product"))

    def _values(self, kind: str) -> list[str]:
        return [block.value for block in self.blocks if block.kind == kind]


def read_blocked(path: Path) -> Blocked:
    """The blocked list; empty if there is no file. Raises WrongInput with file and line for the first error."""
    return Blocked(tuple(_block(path, line, row) for line, row in lines_of(path, COLUMNS)))


def errors_of_blocked(path: Path) -> list[WrongInput]:
    """All errors in the file, by line."""
    return errors_in(path, COLUMNS, _block)


def _block(path: Path, line: int, row: str) -> Block:
    kind, value, reason, day, initials = cells_of(path, line, row, COLUMNS)
    if kind not in KINDS:
        raise WrongInput(path, line, f"kind is {kind}; it must be one of {', '.join(KINDS)}")
    if kind == "sha256" and not re.fullmatch("[0-9a-f]{64}", value):
        raise WrongInput(path, line, "a sha256 has 64 characters out of 0-9 and a-f")
    if kind == "url" and not re.match("https?://", value):
        raise WrongInput(path, line, "a url must begin with http:// or https://")
    if kind == "product" and ":" not in value:
        raise WrongInput(path, line, "a product id has the form retailer:group or retailer:group:colour")
    return Block(kind, value, reason, day_of(path, line, day), initials)
