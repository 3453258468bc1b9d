"""Reads and checks the files that people write under `mappings/`."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from schemas.blocked import errors_of_blocked
from schemas.errors import WrongInput
from schemas.gates import errors_of_gates
from schemas.not_duplicates import errors_of_not_duplicates
from schemas.retailer import (
    DIALECT_SUFFIX,
    MAPPING_FILE,
    SPEC_FILE,
    Retailer,
    errors_of_retailer,
    read_retailer,
    retailer_folders,
)
from schemas.xml_files import ERROR, Problem
from udfs.feeds.forms import dialect
from udfs.rules import mapping, taxonomy
from udfs.rules.mapping import Mapping
from udfs.rules.taxonomy import Taxonomy

Checked = tuple[Path, list[Problem]]


@dataclass(frozen=True)
class RetailerFiles:
    """What the retailers' folders hold. An error in one retailer's files is that retailer's alone."""

    specs: dict[str, Retailer]  # every retailer whose files are right, enabled or not
    mappings: dict[str, Mapping]  # of enabled retailers; not every one has a mapping file
    broken: dict[str, WrongInput]  # the first error in the files of every other retailer


def read_files(mappings: Path, tree: Taxonomy) -> RetailerFiles:
    """Every retailer's spec, dialect file and mapping file, each read once."""
    found = RetailerFiles({}, {}, {})
    for folder in retailer_folders(mappings):
        try:
            spec, mapping = read_one(folder, lambda: tree)
            if mapping:
                found.mappings[spec.name] = mapping
            found.specs[spec.name] = spec
        except WrongInput as error:
            found.broken[folder.name] = error
    return found


def read_one(folder: Path, tree: Callable[[], Taxonomy]) -> tuple[Retailer, Mapping | None]:
    """A retailer's spec, and its mapping if it is enabled and has one. Raises WrongInput at the first error."""
    spec = read_retailer(folder)
    check_dialect(spec)
    return spec, Mapping.read(spec.mapping, tree()) if spec.enabled and spec.mapping else None


def check_files(mappings: Path, folders: Iterable[Path]) -> Iterator[Checked]:
    """Each file with its problems: the shared files, and those of the retailers in `folders`.

    If the taxonomy itself has errors, the mapping files are not checked.
    """
    tree, gates = mappings / "taxonomy.xml", mappings / "gates.yaml"
    found = _of_xml(tree, taxonomy.check)
    yield tree, found
    yield gates, _of_errors(errors_of_gates(gates))
    for name, errors_of in (("blocked.tsv", errors_of_blocked), ("not_duplicates.tsv", errors_of_not_duplicates)):
        if (file := mappings / name).exists():
            yield file, _of_errors(errors_of(file))
    nodes = None if found else taxonomy.Taxonomy.read(tree)
    for folder in folders:
        yield from _spec(folder)
        if nodes is not None and (file := folder / MAPPING_FILE).is_file():
            yield file, _of_xml(file, lambda path: mapping.check(path, nodes))


def check_dialect(spec: Retailer) -> None:
    """Raises WrongInput with the line of the dialect file, or with the spec that names an unknown dialect."""
    for file in spec.files:
        try:
            dialect.of_setting(file.feed.dialect, file.dialect_file)
        except dialect.DialectError as error:
            if error.path.suffix == DIALECT_SUFFIX:
                raise
            raise WrongInput(spec.folder / SPEC_FILE, None, f"dialect: {error.text}") from None


def _spec(folder: Path) -> Iterator[Checked]:
    """Checks the spec and the dialect file that it names."""
    errors = errors_of_retailer(folder)
    if not errors:
        try:
            spec = read_retailer(folder)
            check_dialect(spec)
            for path in spec.dialect_files:
                yield Path(path), []
        except WrongInput as error:
            if error.path == folder / SPEC_FILE:
                errors = [error]
            else:
                yield error.path, _of_errors([error])
    yield folder / SPEC_FILE, _of_errors(errors)


def _of_xml(file: Path, check: Callable[[Path], list[Problem]]) -> list[Problem]:
    try:
        return check(file)
    except WrongInput as error:
        return _of_errors([error])


def _of_errors(errors: Iterable[WrongInput]) -> list[Problem]:
    return [Problem(error.line or 0, ERROR, error.text) for error in errors]
