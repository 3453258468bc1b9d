"""Commands that the pages tell people to type exist."""

import re
from importlib.util import find_spec
from pathlib import Path

import pytest
import typer

from cli.main import program
from tests.docs.pages import PROJECT, pages

FENCED = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)
PROGRAMS = ("make", "selvedge", "python")


def typed(page: Path) -> list[str]:
    """Every command of a page with at least one word behind its program, its words parted by one space."""
    text = page.read_text(encoding="utf-8")
    lines = [line for block in FENCED.findall(text) for line in block.splitlines()]
    said = [" ".join(code.split()) for code in [*lines, *re.findall(r"`([^`]+)`", FENCED.sub("", text))]]
    return [command for command in said if command.split(" ")[0] in PROGRAMS and " " in command]


def verbs() -> set[str]:
    """The verbs and flags of `selvedge`, the verbs of a group with the group's name."""
    root = typer.main.get_command(program())
    found = {flag for option in root.params for flag in option.opts}
    for name, command in root.commands.items():  # type: ignore[attr-defined]
        inner = getattr(command, "commands", None)
        found |= {f"{name} {verb}" for verb in inner} | {name} if inner else {name}
    return found


VERBS = verbs()
GROUPS = {verb.partition(" ")[0] for verb in VERBS if " " in verb}
TARGETS = set(re.findall(r"^([a-z-]+):.*## ", (PROJECT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


def unknown(command: str) -> bool:
    """Whether there is no such command."""
    words = command.split()
    if words[0] == "make":
        return words[1] not in TARGETS
    if words[0] == "python":
        return words[1:2] == ["-m"] and find_spec(words[2]) is None
    in_group = words[1] in GROUPS and len(words) > 2 and words[2].islower()
    return (" ".join(words[1:3]) if in_group else words[1]) not in VERBS


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(PROJECT)))
def test_commands_exist(page: Path) -> None:
    assert [command for command in typed(page) if unknown(command)] == []


@pytest.mark.parametrize(
    "command", ["selvedge fly", "selvedge feeds fly", "make coffee", "python -m training.outline --data X"]
)
def test_an_unknown_command_is_found(command: str) -> None:
    assert unknown(command)
