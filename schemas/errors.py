"""What ends a run: each error owns its exit code and its one line."""

from pathlib import Path


class Stop(Exception):
    """Ends the run with a line for a person and no stack trace."""

    exit_code = 1


class WrongInput(Stop):
    """A flag, spec, mapping, setting or weight that is wrong: nothing was started, a retry is of no use."""

    exit_code = 2

    def __init__(self, path: Path | str, line: int | None, text: str) -> None:
        said = " ".join(text.split()).removeprefix(f"{path}: ")  # a cause often begins with the same place
        self.path, self.line, self.text = Path(path), line, said
        where = f"{path}:{line}" if line else str(path)
        super().__init__(f"{where}: {self.text}")

    def __reduce__(self) -> tuple[type["WrongInput"], tuple[Path, int | None, str]]:
        return type(self), (self.path, self.line, self.text)


class RefusedByGate(Stop):
    """A gate over the whole index refused the snapshot; the last one stays live."""

    exit_code = 3


class HeldByAnother(Stop):
    """Another run holds the lake."""


class DamagedLake(Stop):
    """A file of the lake is missing, or is not what it should be; the message names it and what to do."""


class LakeFull(Stop):
    """The lake has no room left."""
