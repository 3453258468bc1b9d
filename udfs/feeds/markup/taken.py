"""Which places of an offer a dialect reads."""

from collections.abc import Iterable

from udfs.feeds.forms.dialect import IN_HTML, Dialect
from udfs.feeds.markup.plan import Node, child_of, key_of
from udfs.feeds.markup.walk import Walk


class Taken:
    """Ask with places of an offer: `name`, `imgs/main@url`, `.`."""

    def __init__(self, dialect: Dialect, fields: Iterable[str] | None = None) -> None:
        """`fields`: those whose places count; None: all, and named values too."""
        walk = Walk(dialect.named)
        for name, sources in dialect.fields.items():
            if fields is None or name in fields:
                bare = [source.removeprefix(IN_HTML) for source in sources]
                walk.slots(bare, keeps_markup=name in ("title", "description"))
        if fields is None:
            walk.numbered(dialect.numbered)
            if dialect.variants:
                walk.collect(dialect.variants.element)
        self._root: Node = walk.root

    def __contains__(self, source: str) -> bool:
        path, _, attribute = source.partition("@")
        node: Node | None = self._root
        parts = path.split("/") if path not in ("", ".") else []
        for at, name in enumerate(parts):
            below = child_of(node, name) if node else None
            if below is None:
                return node is not None and _is_of_pair(node, "/".join(parts[at:]), attribute)
            if below.is_collected or below.keeps_markup:
                return True  # another walk's, or HTML in a text
            node = below
        return node is not None and (
            bool(attribute and key_of(node.attributes, attribute))
            or (not attribute and node.slot is not None)
            or _is_of_pair(node, "", attribute)
        )


def _is_of_pair(node: Node, path: str, attribute: str) -> bool:
    """Whether a place within a named value holds its name or a value."""
    if node.named is None:
        return False
    source = f"{path}@{attribute}" if attribute else path or "."
    return source in f"{node.named.name}|{node.named.value}".split("|")
