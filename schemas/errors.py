"""What ends a run: each error owns its exit code and its one line."""

from pathlib import Path


class Stop(Exception):
    """Ends the run with a line for a person and no stack trace."""

    exit_code = 1


class WrongInput(Stop):
    """A flag, spec, mapping, setting or weight that is wrong: nothing was started, a retry is of no use."""

    exit_code = 2

    def __init__(self, path: Path | str, line: int | None, text: str) -> None:
        self.path, self.line, self.text = str(path), line, text
        super().__init__(f"{path}:{line}: {text}" if line else f"{path}: {text}")


class RefusedByGate(Stop):
    """A gate over the whole index refused the snapshot; the last one stays live."""

    exit_code = 3


class HeldByAnother(Stop):
    """Another run holds the lake."""


class LakeFull(Stop):
    """The lake has no room left."""
