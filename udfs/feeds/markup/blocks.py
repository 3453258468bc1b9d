"""Blocks of offers read without a tree, where the compiled reader is at hand and the markup is plain."""

from udfs.feeds.forms.element_names import Names
from udfs.feeds.markup.plan import Columns, Node, Plan

try:
    from udfs.feeds.markup.shred import Shredder
except ImportError:  # the machine that installed the project had no C compiler
    Shredder = None  # type: ignore[assignment,misc]

TRIES = 8
"""Blocks of a feed that are tried in a row: one whose offers are never plain is lxml's alone."""


class BlockReader:
    """Reads blocks into columns of its own, which the next block overwrites."""

    def __init__(self, root: Node, offer_tag: str, names: Names) -> None:
        self.columns = Columns(0)
        plan = Plan(root, self.columns, names.of_declared)
        self._shredder = None if Shredder is None else Shredder(offer_tag, plan, names)
        self._tries = TRIES

    def read(self, block: bytes, offers: int, line: int) -> list[int] | None:
        """Lines of the offers and of the block's end; None where it is not plain, or has another number of `offers`.

        The block begins in `line`.
        """
        if self._shredder is None or not self._tries:
            return None
        self.columns.clear_to(offers)
        lines = self._shredder.read(block, line)
        if lines is None or len(lines) != offers + 1:
            self._tries -= 1
            return None
        self._tries = TRIES
        return lines
