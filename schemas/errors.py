"""Errors that end a run. Each has its own exit code and reads as one line."""

from collections.abc import Mapping
from pathlib import Path

REPAIR = "`selvedge doctor --repair`"
"""The command that mends a damaged lake."""


class Stop(Exception):
    """Ends the run with one line for a person, without a stack trace."""

    exit_code = 1


class WrongInput(Stop):
    """A flag, spec, mapping, setting or weight file is wrong: nothing was started, and a retry would not help."""

    exit_code = 2

    def __init__(self, path: Path | str, line: int | None, text: str) -> None:
        said = " ".join(text.split()).removeprefix(f"{path}: ")  # the cause often begins with the same place
        self.path, self.line, self.text = Path(path), line, said
        where = f"{path}:{line}" if line else str(path)
        super().__init__(f"{where}: {self.text}")

    def __reduce__(self) -> tuple[type["WrongInput"], tuple[Path, int | None, str]]:
        return type(self), (self.path, self.line, self.text)


class RefusedByGate(Stop):
    """A gate over the whole index refused the snapshot; the last one stays live."""

    exit_code = 3

    def __init__(self, text: str, gates: Mapping[str, tuple[float, float]] | None = None) -> None:
        """`gates`: value and bound of each gate that refused, by name."""
        super().__init__(text)
        self.gates = gates or {}


class HeldByAnother(Stop):
    """Another run holds the lake's lease."""


class DamagedLake(Stop):
    """A file of the lake is missing, or is not what it should be; the message names it and what to do."""


class LakeFull(Stop):
    """The lake's disk is full."""
