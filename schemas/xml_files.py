"""XML files that people write: read without entities or network access, and checked against a schema of this folder."""

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
    """One problem in a file: its 1-based line, its severity (error or warning) and one sentence."""

    line: int
    severity: str
    text: str


def read_xml(path: Path, schema: str) -> tuple[etree._Element, list[Problem]]:
    """The root element, and its violations of `schemas/<schema>`. Raises WrongInput if the file is not XML at all."""
    root = _parse(path)
    if root.getroottree().docinfo.internalDTD is not None:
        raise WrongInput(path, 1, "a DOCTYPE is not allowed in this file")
    validator = _schema(schema)
    validator.validate(root)
    return root, _said(validator.error_log)


def line_of(element: etree._Element) -> int:
    """1-based line of the element's start tag."""
    line = element.sourceline
    return line if isinstance(line, int) else 0


def raise_errors(path: Path, problems: list[Problem]) -> None:
    """Raise WrongInput for the first error of the list, with the number of further errors; warnings are ignored."""
    errors = sorted(problem for problem in problems if problem.severity == ERROR)
    if errors:
        more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
        raise WrongInput(path, errors[0].line, errors[0].text + more)


@cache
def _schema(name: str) -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(Path(__file__).with_name(name)))


_FORMS = {
    "by": "one to six letters, the author's initials",
    "date": "a date such as 2026-11-21",
    "taxonomy": "a number such as 1",
    "version": "a number such as 1",
    "retailer": "the name of the shop's folder: 1 to 40 characters out of a-z, 0-9 and -",
    "code": "2 to 40 characters out of a-z, 0-9 and _, beginning with a letter",
}
"""The form that an attribute must have; the XSD has only a pattern for it."""

_WORDS = {
    "SCHEMAV_CVC_ELT_1": "<{element}> cannot be the root element of this file",
    "SCHEMAV_ELEMENT_CONTENT": "<{element}> is not allowed here",
    "SCHEMAV_CVC_COMPLEX_TYPE_2_1": "<{element}> must be empty",
    "SCHEMAV_CVC_COMPLEX_TYPE_2_3": "<{element}> must not contain text",
    "SCHEMAV_CVC_COMPLEX_TYPE_3_2_1": "<{element}> has no attribute {attribute}",
    "SCHEMAV_CVC_COMPLEX_TYPE_4": "<{element}> lacks the attribute {named}",
    "SCHEMAV_CVC_ENUMERATION_VALID": "{attribute} is {value}; it must be one of {allowed}",
    "SCHEMAV_CVC_MAXLENGTH_VALID": "{attribute} is too long",
    "SCHEMAV_CVC_PATTERN_VALID": "{attribute} is {value}; it must be {form}",
    "SCHEMAV_CVC_DATATYPE_VALID_1_2_1": "{attribute} is {value}; it must be {form}",
}
"""A message for each of libxml2's error types."""


def _said(log: Any) -> list[Problem]:
    """The validator's errors in plain words, one per attribute (or element) and line."""
    found: dict[tuple[int, str], Problem] = {}
    for entry in log:
        if entry.type_name != "SCHEMAV_INTERNAL":  # libxml2's notes about itself
            where, _, what = entry.message.partition(": ")
            subject = where if "attribute" in where else entry.message  # an element may lack several attributes
            found.setdefault((entry.line, subject), Problem(entry.line, ERROR, _plain(entry.type_name, where, what)))
    return list(found.values())


def _plain(kind: str, where: str, what: str) -> str:
    """`where` names the element and perhaps an attribute; `what` quotes the value, or names the missing attribute."""
    what = re.sub(r"^\[facet '\w+'\] (The value )?", "", what)
    element, attribute = (*re.findall("'(.*?)'", where), "")[:2]
    value, _, rest = what.removeprefix("'").partition("' is not ")
    if kind not in _WORDS:
        return f"{where}: {what}"
    if kind == "SCHEMAV_CVC_PATTERN_VALID" and not value.strip():
        return f"{attribute} is empty"
    named, allowed = re.findall("attribute '(.*?)'", what), re.findall("'(.*?)'", rest)
    form = _FORMS.get(attribute, "of the allowed form")
    return _WORDS[kind].format(
        element=element, attribute=attribute, value=value, named="".join(named), allowed=", ".join(allowed), form=form
    )


def _parse(path: Path) -> etree._Element:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        body = path.read_bytes()
        if len(body) > MAX_BYTES:
            raise WrongInput(path, None, f"the file is larger than {MAX_BYTES:,} bytes")
        return etree.fromstring(body, parser)
    except FileNotFoundError:
        raise WrongInput(path, None, "the file does not exist") from None
    except etree.XMLSyntaxError as error:
        raise WrongInput(path, error.lineno, f"the file is not well-formed XML: {error.msg}") from None
