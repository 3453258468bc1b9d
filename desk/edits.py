"""The decisions of an analyst that are not saved yet: a list that only grows or is undone, kept in a file."""

import fcntl
import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from itertools import accumulate
from pathlib import Path

from schemas.errors import Stop, WrongInput

MAX_BYTES = 16_000_000
"""Of a file of pending decisions: 10,000 decisions take two."""


class ChangedMeanwhile(Stop):
    """Somebody else wrote a file since it was read; nothing was written, and the pending decisions are kept."""


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
    """Decisions in the order in which they were made, a line each after a first line that names the shop.

    A key adds a line or takes the last one away, and is answered once that is on the disk.
    """

    file: Path | None  # None: kept nowhere
    retailer: str
    decisions: list[Decision] = field(default_factory=list)
    _ends: list[int] = field(default_factory=list)  # bytes of the file up to each decision, before the first one too
    _seen: tuple[int, int] | None = None  # the file as it was last read or written: its inode and bytes

    @classmethod
    def read(cls, file: Path, retailer: str) -> "Pending":
        """What was left pending. Raises WrongInput if the file is damaged: it is never written over.

        A last line without an end is a key that was never answered.
        """
        try:
            with file.open("rb") as opened:
                body, seen = opened.read(MAX_BYTES + 1), _seen(opened.fileno())
        except FileNotFoundError:
            return cls(file, retailer)
        try:
            if len(body) > MAX_BYTES:
                raise ValueError("larger than a day's work")
            head, *lines = body.split(b"\n")[:-1] or [body]
            said = json.loads(head)
            if said["retailer"] != retailer:
                raise ValueError(f"of {said['retailer']}")
            made = [decision_of(json.loads(line)) for line in lines]
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            text = f"pending decisions cannot be read ({error}); to act: the analyst (move the file away, or mend it)"
            raise WrongInput(file, None, text) from None
        return cls(file, retailer, made, _ends_of([head, *lines]), seen)

    @property
    def rules(self) -> list[Decision]:
        """Decisions that become rules, a category's parts before its rest."""
        made = [decision for decision in self.decisions if not decision.is_skip]
        return [d for d in made if d.is_partial] + [d for d in made if not d.is_partial]

    def add(self, decision: Decision) -> None:
        self._change(_line(asdict(decision)))
        self.decisions.append(decision)

    def undo(self) -> Decision | None:
        """Takes back the last decision."""
        if not self.decisions:
            return None
        self._change(None)
        return self.decisions.pop()

    def clear(self) -> None:
        """After saving: the skipped categories stay skipped."""
        self.decisions = [decision for decision in self.decisions if decision.is_skip]
        self._write()

    def _change(self, line: bytes | None) -> None:
        """Adds a line to the file, or takes the last one away (None). Raises ChangedMeanwhile or Stop."""
        if self.file is None:
            return
        if not self.file.exists():
            self._write()
        handle = os.open(self.file, os.O_RDWR)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            if _seen(handle) != self._seen:
                raise ChangedMeanwhile(
                    f"{self.file}: another desk of yours has changed the pending decisions since they were read; "
                    "to act: the analyst (load them again)"
                )
            end = self._ends[-2 if line is None else -1]
            self._seen = None  # a write that fails half-way leaves a file that has to be read anew
            os.ftruncate(handle, end)
            os.pwrite(handle, line or b"", end)
            os.fsync(handle)
            self._seen = _seen(handle)
        except OSError as error:
            text = f"cannot be written ({error.strerror}); to act: the analyst (free space, then load them again)"
            raise Stop(f"{self.file}: {text}") from None
        finally:
            os.close(handle)
        if line is None:
            self._ends.pop()
        else:
            self._ends.append(end + len(line))

    def _write(self) -> None:
        """The whole file anew."""
        if self.file is None:
            return
        lines = [_line({"retailer": self.retailer}), *(_line(asdict(decision)) for decision in self.decisions)]
        write_durably(self.file, b"".join(lines))
        self._ends = _ends_of([line[:-1] for line in lines])
        self._seen = (self.file.stat().st_ino, self._ends[-1])


def _line(row: dict[str, object]) -> bytes:
    return json.dumps(row, ensure_ascii=False).encode() + b"\n"


def _ends_of(lines: Sequence[bytes]) -> list[int]:
    """Where each line ends in a file of them."""
    return list(accumulate(len(line) + 1 for line in lines))


def _seen(handle: int) -> tuple[int, int]:
    found = os.fstat(handle)
    return found.st_ino, found.st_size


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
    return base / "selvedge" / "desk" / folder / f"{retailer}.jsonl"


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
