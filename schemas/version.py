"""The program's version. It is set in `pyproject.toml` and nowhere else."""

from importlib.metadata import version


def program_version() -> str:
    """The version that `selvedge --version` and every manifest show."""
    return version("selvedge")
