"""Errors of models and cards. Each ends the run, because no row is to blame."""

from pathlib import Path

from schemas.errors import Stop


class WeightsChanged(Stop):
    """A weight file differs from the one in the model's description, so it must not be used."""

    exit_code = 2

    def __init__(self, path: Path, expected: str, found: str) -> None:
        self.path, self.expected, self.found = path, expected, found
        super().__init__(
            f"{path}: sha256 is {found[:12]}, expected {expected[:12]}; "
            "to act: the data engineer (restore the file, or promote a release)"
        )

    def __reduce__(self) -> tuple[type["WeightsChanged"], tuple[Path, str, str]]:
        return type(self), (self.path, self.expected, self.found)


def first_line(error: Exception) -> str:
    """What a library says, in one line; the name of the error where it says nothing."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
