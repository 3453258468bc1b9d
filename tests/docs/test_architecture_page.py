"""docs/architecture.md names stages, tables, folders and the directions of imports as they are in the code."""

import ast
import tomllib
from pathlib import Path
from typing import Any

import pytest

from jobs.stage_list import STAGE_NAMES
from jobs.stages.declared import records
from schemas.tables import RUNS, STAGE_TABLES
from tests.docs.pages import DOCS, PROJECT, names, rows, section

PAGE = (DOCS / "architecture.md").read_text(encoding="utf-8")
STAGES = rows(section(PAGE, "## Stages"))
ROOMS = section(PAGE, "## Rooms")
CONTRACTS = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]["contracts"]
LAYERS: list[dict[str, Any]] = [contract for contract in CONTRACTS if contract["type"] == "layers"]


def modules_of(file: Path) -> set[str]:
    """The modules that a file imports from."""
    nodes = list(ast.walk(ast.parse(file.read_text(encoding="utf-8"))))
    found = {name.name for node in nodes if isinstance(node, ast.Import) for name in node.names}
    froms = [node for node in nodes if isinstance(node, ast.ImportFrom) and node.module]
    return found | {str(node.module) for node in froms} | {f"{n.module}.{name.name}" for n in froms for name in n.names}


def layers_of(container: str | None) -> list[list[str]]:
    """The layers of a contract, the uppermost first; a layer is names that do not import each other."""
    found = [contract for contract in LAYERS if contract.get("containers", [None]) == [container]]
    assert len(found) == 1, f"{container}: {len(found)} contracts"
    return [[name.strip() for name in layer.split("|")] for layer in found[0]["layers"]]


def test_stages_stand_in_the_order_of_the_night() -> None:
    assert [names(row[0])[0] for row in STAGES if row[0]] == list(STAGE_NAMES)


@pytest.mark.parametrize("row", [row for row in STAGES if row[0]], ids=lambda row: row[0])
def test_a_stage_stands_in_its_module_and_uses_its_work(row: list[str]) -> None:
    (name,), (declared,), (work,) = names(row[0]), names(row[1]), names(row[2])
    assert declared == f"jobs/stages/{name}.py"
    assert work.removesuffix(".py").replace("/", ".") in modules_of(PROJECT / declared), (
        f"{declared} does not use {work}"
    )
    assert (PROJECT / work).is_file()


def test_each_stage_writes_its_tables() -> None:
    written: dict[str, list[str]] = {}
    stage = ""
    for row in STAGES:
        stage = names(row[0])[0] if row[0] else stage  # a row without a name is of the stage above it
        written.setdefault(stage, []).extend(names(row[3]))
    assert written == {record.name: [table.name for table in record.tables] for record in records()}


def test_tables_and_keys_are_those_of_the_schemas() -> None:
    written = {names(row[3])[0]: tuple(names(row[4])) for row in STAGES if row[3]}
    assert written == {table.name: table.key for table in STAGE_TABLES}
    assert f"`{RUNS.name}` (key: {', '.join(f'`{name}`' for name in RUNS.key)})" in PAGE


def test_the_drawing_shows_every_stage_and_every_table_on_the_way() -> None:
    drawing = PAGE.partition("```mermaid\n")[2].partition("```")[0]
    beside = {"coverage"}
    assert [name for name in STAGE_NAMES if f'{name}["{name}' not in drawing] == []
    assert [table.name for table in STAGE_TABLES if f"{table.name}[(" not in drawing and table.name not in beside] == []


def test_folders_import_what_the_contract_allows() -> None:
    written = {names(row[0])[0].rstrip("/"): [name.rstrip("/") for name in names(row[2])] for row in rows(ROOMS)}
    layers = layers_of(None)
    below = [[name for lower in layers[place + 1 :] for name in lower] for place in range(len(layers))]
    allowed = {name: below[place] for place, layer in enumerate(layers) for name in layer}
    for name, may in allowed.items():
        assert sorted(written.pop(name)) == sorted(may), name
    assert written == {"dags": ["jobs/scheduled.py", "jobs/stage_list.py", "jobs/task_failure.py"], "searcher": []}


def test_the_dag_imports_the_list_of_stages_and_what_it_says_of_a_failure() -> None:
    ours = {name for layer in layers_of(None) for name in layer}
    imported = {module for file in (PROJECT / "dags").glob("*.py") for module in modules_of(file)}
    mine = {module for module in imported if module.partition(".")[0] in ours}
    allowed = "jobs.scheduled", "jobs.stage_list", "jobs.task_failure"
    assert {module for module in mine if not module.startswith(allowed)} == set()


def test_rooms_stand_in_the_order_of_their_contracts() -> None:
    written = {names(row[0])[0]: names(row[1]) for row in rows(ROOMS.partition("Inside three folders")[2])}
    ordered = {folder: [name for layer in layers_of(folder.strip("/").replace("/", ".")) for name in layer]
               for folder in written}  # fmt: skip
    assert written == ordered
    assert len(written) == len(LAYERS) - 1, "a contract between rooms is not on the page"
