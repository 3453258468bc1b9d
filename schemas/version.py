"""The program's version, which is set in `pyproject.toml` and nowhere else, and the digest of its source."""

import hashlib
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

ON_WORKERS = ("jobs", "lake", "schemas", "udfs")
"""The packages that a worker's rows may depend on."""

SOURCE = frozenset({".py", ".json", ".tsv", ".txt", ".xsd", ".yaml"})


def program_version() -> str:
    """The version that `selvedge --version` and every manifest show."""
    return version("selvedge")


@cache
def program_digest() -> bytes:
    """sha256 over the source that runs on workers, by name and content, as it was when this process first asked."""
    whole = hashlib.sha256()
    for package in ON_WORKERS:
        for folder in map(Path, getattr(find_spec(package), "submodule_search_locations", None) or ()):
            for path in sorted(path for path in folder.rglob("*") if path.suffix in SOURCE):
                for part in (f"{package}/{path.relative_to(folder).as_posix()}".encode(), path.read_bytes()):
                    whole.update(len(part).to_bytes(8, "little") + part)
    return whole.digest()
