"""YAML files that people write, checked against a typed model; every error names its line."""

from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from schemas.errors import WrongInput

MAX_BYTES = 1_000_000
"""No settings file comes near this size; a larger file is something else under the wrong name."""

Place = tuple[str | int, ...]
Model = TypeVar("Model", bound=BaseModel)


def read_model(path: Path, model: type[Model]) -> Model:
    """The file's content as `model`. Raises WrongInput with the line of the first error."""
    data, lines = read_yaml(path)
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise first_error(path, error, lines) from None


def errors_of_model(path: Path, model: type[BaseModel]) -> list[WrongInput]:
    """All errors that keep the file from being read as `model`, in the order of their lines."""
    try:
        data, lines = read_yaml(path)
        model.model_validate(data)
    except WrongInput as error:
        return [error]
    except ValidationError as error:
        return _errors(path, error, lines)
    return []


def read_yaml(path: Path) -> tuple[dict[str, Any], dict[Place, int]]:
    """A YAML mapping, and the 1-based line of every key and item. Refuses aliases and repeated keys."""
    try:
        root = yaml.compose(_text(path), Loader=_NoAliases)
        lines: dict[Place, int] = {}
        data = {} if root is None else _plain(path, root, (), lines)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise WrongInput(path, mark.line + 1 if mark else None, error.problem or "the file is not YAML") from None
    except yaml.YAMLError as error:
        raise WrongInput(path, None, f"the file is not YAML: {error}") from None
    if not isinstance(data, dict):
        raise WrongInput(path, 1, "the file must consist of lines of the form `name: value`")
    return data, lines


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise WrongInput(path, None, f"the file is larger than {MAX_BYTES:,} bytes")
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise WrongInput(path, None, "the file does not exist") from None
    except UnicodeDecodeError as error:
        raise WrongInput(path, None, f"the file is not UTF-8 (byte {error.start})") from None


class _NoAliases(yaml.SafeLoader):
    """Aliases can make a small file expand without bound, and no setting needs them."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            mark = self.current_event.start_mark
            raise yaml.composer.ComposerError(None, None, "aliases (*name) are not allowed", mark)
        return super().compose_node(parent, index)


def _plain(path: Path, node: yaml.Node, place: Place, lines: dict[Place, int]) -> Any:
    lines.setdefault(place, node.start_mark.line + 1)
    if isinstance(node, yaml.SequenceNode):
        return [_plain(path, item, (*place, i), lines) for i, item in enumerate(node.value)]
    if not isinstance(node, yaml.MappingNode):
        return _scalar(node)
    found: dict[str, Any] = {}
    for key_node, value_node in node.value:
        key, line = str(key_node.value), key_node.start_mark.line + 1
        if key in found:
            raise WrongInput(path, line, f"{key} is set twice")
        lines[(*place, key)] = line
        found[key] = _plain(path, value_node, (*place, key), lines)
    return found


def _scalar(node: yaml.Node) -> Any:
    loader = yaml.SafeLoader("")
    try:
        return loader.construct_object(node)
    except ValueError as error:  # a date such as 2026-02-30
        raise yaml.constructor.ConstructorError(None, None, str(error), node.start_mark) from None
    finally:
        loader.dispose()


def first_error(path: Path, error: ValidationError, lines: dict[Place, int]) -> WrongInput:
    """The first error in the file, with the number of further errors."""
    first, *others = _errors(path, error, lines)
    return WrongInput(path, first.line, first.text + (f" (and {len(others)} more)" if others else ""))


def _errors(path: Path, error: ValidationError, lines: dict[Place, int]) -> list[WrongInput]:
    """One error per place in the file, even if its value is wrong in several ways."""
    found: dict[Place, WrongInput] = {}
    for problem in error.errors():
        place = _place(problem, lines)
        name = ".".join(str(part) for part in place)
        found.setdefault(place, WrongInput(path, _line(place, lines), f"{name}: {said(problem)}".removeprefix(": ")))
    return sorted(found.values(), key=lambda wrong: wrong.line or 0)


def _place(problem: Any, lines: dict[Place, int]) -> Place:
    """Where the value is: if several types are allowed, pydantic appends the name of the type that it tried."""
    place: Place = problem["loc"]
    return place[:-1] if place not in lines and place[:-1] in lines and problem["type"] != "missing" else place


def _line(place: Place, lines: dict[Place, int]) -> int:
    """The line of the place, or of the nearest enclosing place that is in the file."""
    while place and place not in lines:
        place = place[:-1]
    return lines.get(place, 1)


_NUMBER, _TRUTH, _NETWORK = "must be a number", "must be true or false", "is not a network such as 10.1.0.0/16"
_WORDS = {
    "extra_forbidden": "no such setting",
    "missing": "is missing",
    "bool_parsing": _TRUTH, "bool_type": _TRUTH,
    "int_parsing": "must be a whole number", "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_parsing": _NUMBER, "float_type": _NUMBER,
    "string_type": "must be text; put quotes around it",
    "list_type": "must be a list", "tuple_type": "must be a list",
    "dict_type": "must be names with values (name: value)", "model_type": "must be names with values (name: value)",
    "literal_error": "must be {expected}",
    "greater_than": "must be above {gt}", "greater_than_equal": "must be at least {ge}",
    "less_than": "must be below {lt}", "less_than_equal": "must be at most {le}",
    "too_short": "needs at least {min_length} item(s)", "string_too_short": "must not be empty",
    "ip_v4_network": _NETWORK, "ip_v6_network": _NETWORK,
}  # fmt: skip
"""A message for each of pydantic's error types."""


def said(problem: Any) -> str:
    """One of pydantic's errors, in words for the person who wrote the value."""
    if problem["type"] in _WORDS:
        return _WORDS[problem["type"]].format_map(problem.get("ctx", {}))
    return str(problem["msg"]).removeprefix("Value error, ")
