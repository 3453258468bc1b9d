"""The shop's own tree of categories, and the paths in it."""

from udfs.feeds.repairs import Repair, Repairs

MAX_DEPTH = 30


class CategoryTree:
    """Categories by id. Paths run from the root down; a cycle ends a path, a missing parent starts one."""

    def __init__(self, repairs: Repairs) -> None:
        self._nodes: dict[str, tuple[str, str | None]] = {}
        self._repairs = repairs
        self._cycles: set[str] = set()

    def __len__(self) -> int:
        return len(self._nodes)

    def add(self, identity: str, name: str, parent: str | None) -> None:
        """Note one category; the first one with an id counts."""
        if identity:
            self._nodes.setdefault(identity, (name, parent or None))

    def path(self, identity: str) -> tuple[list[str], list[str]]:
        """Names and ids from the root down to the category; ([], [id]) for one that the feed does not list."""
        return self._walk(identity) if identity in self._nodes else ([], [identity])

    def _walk(self, identity: str) -> tuple[list[str], list[str]]:
        names: list[str] = []
        ids: list[str] = []
        at: str | None = identity
        while at is not None and at in self._nodes and len(ids) < MAX_DEPTH:
            if at in ids:
                if not self._cycles & set(ids):
                    self._repairs[Repair.CATEGORY_CYCLE] += 1
                self._cycles.update(ids)
                break
            name, parent = self._nodes[at]
            if parent in (at, "0", "-1") and parent not in self._nodes:
                parent = None
            names.append(name)
            ids.append(at)
            at = None if parent == at else parent
        return names[::-1], ids[::-1]
