"""XML files that people write, read without entities or network and checked by a schema of this folder."""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from lxml import etree

from schemas.errors import WrongInput

MAX_BYTES = 16_000_000
"""Ten times the largest mapping that a shop with 10,000 categories needs."""

ERROR, WARNING = "error", "warning"


@dataclass(frozen=True, order=True)
class Problem:
    """One thing wrong with a file: 1-based line, severity (error or warning) and one sentence."""

    line: int
    severity: str
    text: str


def read_xml(path: Path, schema: str) -> tuple[etree._Element, list[Problem]]:
    """The root, and where it breaks `schemas/<schema>`. Raises WrongInput where the file is no XML at all."""
    root = _parse(path)
    if root.getroottree().docinfo.internalDTD is not None:
        raise WrongInput(path, 1, "a DOCTYPE is not allowed here")
    validator = _schema(schema)
    validator.validate(root)
    return root, _said(validator.error_log)


def line_of(element: etree._Element) -> int:
    """1-based line of the element's start tag."""
    line = element.sourceline
    return line if isinstance(line, int) else 0


def raise_errors(path: Path, problems: list[Problem]) -> None:
    """WrongInput for the first error of the list, saying how many more there are; warnings pass."""
    errors = sorted(problem for problem in problems if problem.severity == ERROR)
    if errors:
        more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
        raise WrongInput(path, errors[0].line, errors[0].text + more)


@cache
def _schema(name: str) -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(Path(__file__).with_name(name)))


def _said(log: Any) -> list[Problem]:
    """The validator's errors in plainer words, one for each attribute or element and line."""
    found: dict[tuple[int, str], Problem] = {}
    for entry in log:
        if entry.type_name != "SCHEMAV_INTERNAL":  # remarks of libxml2 on its own doings
            where, _, what = entry.message.partition(": ")
            what = re.sub(r"^\[facet '\w+'\] ", "", what)
            what = re.sub(r" is not accepted by the pattern '.*'", " is not of the form that is allowed", what)
            found.setdefault((entry.line, where), Problem(entry.line, ERROR, f"{where}: {what}"))
    return list(found.values())


def _parse(path: Path) -> etree._Element:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        body = path.read_bytes()
        if len(body) > MAX_BYTES:
            raise WrongInput(path, None, f"is larger than {MAX_BYTES:,} bytes")
        return etree.fromstring(body, parser)
    except FileNotFoundError:
        raise WrongInput(path, None, "does not exist") from None
    except etree.XMLSyntaxError as error:
        raise WrongInput(path, error.lineno, f"is not well-formed XML: {error.msg}") from None
