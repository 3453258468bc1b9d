"""Mutants of a module: its text with one small thing changed, by mutmut's operators and a few of our own.

mutmut itself forks its mutants from a process that has run the tests, and a Delta table that was opened before a fork
cannot be used after it; so its operators are taken, and each mutant runs in a process of its own (`campaign`).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import unified_diff
from typing import Any

import libcst as cst
from mutmut.mutation.mutators import mutation_operators, operator_arg_removal, operator_string

UNTOUCHED_CALLS = ("TypeVar", "field", "Field", "cast", "isinstance")
UNTOUCHED_ARGUMENTS = ("strict", "repr", "description", "daemon", "title")
"""Arguments that no answer depends on: `zip(strict=True)` only notices a mistake of ours."""


@dataclass(frozen=True)
class Mutant:
    """A changed module, and the change in words that stay the same when lines above it move."""

    function: str  # dotted; empty at the top of the module
    old: str
    new: str
    line: int
    text: str

    @property
    def name(self) -> tuple[str, str, str]:
        return self.function, self.old, self.new

    @property
    def brief(self) -> str:
        """The change with the few words around it."""
        start = _alike(self.old, self.new)
        end = _alike(self.old[start:][::-1], self.new[start:][::-1])
        old, new = self.old[start : len(self.old) - end], self.new[start : len(self.new) - end]
        before, after = self.old[:start][-30:], self.old[len(self.old) - end :][:30]
        return f"{before}[{old} -> {new}]{after}"


def _alike(one: str, other: str) -> int:
    """How many characters two texts begin with together."""
    return next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def mutants_of(source: str) -> list[Mutant]:
    """Every mutant of a module, in the order of its lines, none twice."""
    module = cst.parse_module(source)
    parts = [module.code_for_node(part) for part in (*module.header, *module.body, *module.footer)]
    found: dict[str, Mutant] = {}
    for at, statement in enumerate(module.body, len(module.header)):
        finder = _Finder()
        statement.visit(finder)
        for function, node, other in finder.found:
            changed = module.code_for_node(statement.deep_replace(node, other))
            text = "".join([*parts[:at], changed, *parts[at + 1 :]])
            if text != source and text not in found and _compiles(text):
                found[text] = Mutant(function, *_change(source, text), text)
    return sorted(found.values(), key=lambda mutant: mutant.line)


def _compiles(text: str) -> bool:
    try:
        compile(text, "mutant", "exec")
    except SyntaxError:
        return False
    return True


def _change(source: str, text: str) -> tuple[str, str, int]:
    """The lines that differ, before and after, and the first one's number."""
    diff = list(unified_diff(source.splitlines(), text.splitlines(), n=0, lineterm=""))
    old = " ".join(line[1:].strip() for line in diff[3:] if line.startswith("-"))
    new = " ".join(line[1:].strip() for line in diff[3:] if line.startswith("+"))
    return old, new, int(diff[2].split()[1].strip("-").split(",")[0])


class _Finder(cst.CSTVisitor):
    """Pairs of a node and what it becomes, with the function that it stands in."""

    def __init__(self) -> None:
        self.found: list[tuple[str, cst.CSTNode, cst.CSTNode]] = []
        self.place: list[str] = []
        self.raising = 0

    def on_visit(self, node: cst.CSTNode) -> bool:
        if _is_left_alone(node):
            return False
        if isinstance(node, cst.FunctionDef | cst.ClassDef):
            self.place.append(node.name.value)
        self.found += [(".".join(self.place), node, other) for other in self._others(node)]
        self.raising += isinstance(node, cst.Raise)
        return True

    def on_leave(self, original_node: cst.CSTNode) -> None:
        if _is_left_alone(original_node):
            return
        if isinstance(original_node, cst.FunctionDef | cst.ClassDef):
            self.place.pop()
        self.raising -= isinstance(original_node, cst.Raise)

    def _others(self, node: cst.CSTNode) -> Iterator[cst.CSTNode]:
        if self.raising:  # what a message says is left alone
            return
        for kind, operator in mutation_operators:
            if isinstance(node, kind) and operator is not operator_arg_removal:
                others: Iterable[Any] = operator(node)
                yield from list(others)[:1] if operator is operator_string else others  # upper case tells no more
        yield from _lacking(node)
        yield from _dropped(node)
        yield from _forced(node)


def _is_left_alone(node: cst.CSTNode) -> bool:
    """Types, decorators, docstrings, imports, and what only describes."""
    if isinstance(node, cst.Annotation | cst.Decorator | cst.Import | cst.ImportFrom | cst.Subscript):
        return not isinstance(node, cst.Subscript) or _is_type(node)
    if isinstance(node, cst.Expr) and isinstance(node.value, cst.SimpleString | cst.ConcatenatedString):
        return True
    if isinstance(node, cst.Arg) and node.keyword is not None:
        return node.keyword.value in UNTOUCHED_ARGUMENTS
    return isinstance(node, cst.Call) and isinstance(node.func, cst.Name) and node.func.value in UNTOUCHED_CALLS


def _is_type(node: cst.Subscript) -> bool:
    return isinstance(node.value, cst.Name) and node.value.value in ("Annotated", "Literal", "Counter", "dict", "list")


def _lacking(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """A call with None for an argument that it needs, or without one that has a default."""
    for at, argument in enumerate(node.args if isinstance(node, cst.Call) else ()):
        if argument.keyword is not None and len(node.args) > 1 and argument.keyword.value not in UNTOUCHED_ARGUMENTS:
            yield node.with_changes(args=[*node.args[:at], *node.args[at + 1 :]])
        elif argument.keyword is None and not argument.star and not _is_none(argument.value):
            none = argument.with_changes(value=cst.Name("None"))
            yield node.with_changes(args=[*node.args[:at], none, *node.args[at + 1 :]])


def _dropped(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """A call for its effect, or an exception, is left out; a function's answer is None."""
    if isinstance(node, cst.Expr) and isinstance(node.value, cst.Call):
        yield node.with_changes(value=cst.Ellipsis())
    elif isinstance(node, cst.Raise):
        yield cst.Pass()
    elif isinstance(node, cst.Return) and node.value is not None and not _is_none(node.value):
        yield node.with_changes(value=cst.Name("None"))


def _forced(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """A condition holds always, or never; a bound lets everything through, or nothing."""
    if isinstance(node, cst.If | cst.CompIf):
        for truth in ("True", "False"):
            yield node.with_changes(test=cst.Name(truth), whitespace_before_test=cst.SimpleWhitespace(" "))
    elif isinstance(node, cst.Arg) and isinstance(node.value, cst.Comparison):
        for truth in ("True", "False"):
            yield node.with_changes(value=cst.Name(truth))


def _is_none(node: cst.BaseExpression) -> bool:
    return isinstance(node, cst.Name) and node.value == "None"
