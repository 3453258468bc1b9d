"""The program's version, which stands in `pyproject.toml` alone."""

from importlib.metadata import version


def program_version() -> str:
    """As `selvedge --version` and every manifest say it."""
    return version("selvedge")
