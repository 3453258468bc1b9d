"""The decisions of an analyst that are not saved yet: a list that only grows or is undone, kept in a file."""

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from pathlib import Path

from schemas.errors import WrongInput

MAX_BYTES = 16_000_000
"""Of a file of pending decisions: 10,000 decisions take two."""


@dataclass(frozen=True)
class Decision:
    """A rule that the analyst has decided on for one category, or that the category is skipped (no `to`, no `because`).

    `path` and `ids` are the category's; with `title` or `gender` the rule is for a part of its products.
    """

    path: tuple[str, ...]
    ids: tuple[str, ...] = ()
    to: str | None = None
    because: str | None = None
    title: str | None = None
    gender: str | None = None
    note: str | None = None

    @property
    def is_skip(self) -> bool:
        return self.to is None and self.because is None

    @property
    def is_partial(self) -> bool:
        return self.title is not None or self.gender is not None


@dataclass
class Pending:
    """Decisions in the order in which they were made. Every change is on the disk before the next key is answered."""

    file: Path | None  # None: kept nowhere
    retailer: str
    decisions: list[Decision] = field(default_factory=list)

    @classmethod
    def read(cls, file: Path, retailer: str) -> "Pending":
        """What was left pending. Raises WrongInput if the file is damaged: it is never written over."""
        try:
            body = file.read_bytes()
        except FileNotFoundError:
            return cls(file, retailer)
        try:
            if len(body) > MAX_BYTES:
                raise ValueError("larger than a day's work")
            said = json.loads(body)
            if said["retailer"] != retailer:
                raise ValueError(f"of {said['retailer']}")
            return cls(file, retailer, [decision_of(row) for row in said["decisions"]])
        except (ValueError, TypeError, KeyError) as error:
            text = f"pending decisions cannot be read ({error}); to act: the analyst (move the file away, or mend it)"
            raise WrongInput(file, None, text) from None

    @property
    def rules(self) -> list[Decision]:
        """Decisions that become rules, a category's parts before its rest."""
        made = [decision for decision in self.decisions if not decision.is_skip]
        return [d for d in made if d.is_partial] + [d for d in made if not d.is_partial]

    def add(self, *decisions: Decision) -> None:
        self.decisions += decisions
        self._write()

    def undo(self) -> Decision | None:
        """Takes back the last decision."""
        if not self.decisions:
            return None
        last = self.decisions.pop()
        self._write()
        return last

    def clear(self) -> None:
        """After saving: the skipped categories stay skipped."""
        self.decisions = [decision for decision in self.decisions if decision.is_skip]
        self._write()

    def _write(self) -> None:
        if self.file is None:
            return
        body = json.dumps(
            {"retailer": self.retailer, "decisions": [asdict(decision) for decision in self.decisions]},
            ensure_ascii=False, indent=1,
        )  # fmt: skip
        write_durably(self.file, body.encode())


def decision_of(row: dict[str, object]) -> Decision:
    """A decision as it was written to a file. Raises ValueError or TypeError."""
    texts = [row.get(name) for name in ("to", "because", "title", "gender", "note")]
    lists = [row.get(name) or [] for name in ("path", "ids")]
    if not all(value is None or isinstance(value, str) for value in texts) or not all(map(_is_list, lists)):
        raise ValueError("a decision is not text")
    path, ids = (tuple(map(str, value)) for value in lists)  # type: ignore[call-overload]
    to, because, title, gender, note = (None if value is None else str(value) for value in texts)
    return Decision(path, ids, to, because, title, gender, note)


def _is_list(value: object) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)


def state_file(mappings: Path, retailer: str) -> Path:
    """Where a person's pending decisions lie: in their own state folder, so that two people never share one file."""
    base = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state")
    folder = sha256(str(mappings.resolve()).encode()).hexdigest()[:8]
    return base / "selvedge" / "desk" / folder / f"{retailer}.json"


def write_durably(file: Path, body: bytes) -> None:
    """Replaces a file in one step; a crash leaves the old one or the new one."""
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(f".{file.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as out:
            out.write(body)
            out.flush()
            os.fsync(out.fileno())
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)
