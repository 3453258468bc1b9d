"""What the project says of itself in pyproject.toml is what it imports, and what the lock is made from."""

import ast
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from schemas.settings import FetchSettings
from tests.small_night import SELVEDGE

REPOSITORY = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
SEARCHER = tomllib.loads((REPOSITORY / "searcher" / "pyproject.toml").read_text())["project"]
OURS = {"cli", "desk", "jobs", "lake", "reports", "schemas", "selvedge_searcher", "shops", "training", "udfs"}
NIGHT = OURS - {"selvedge_searcher", "training"}
COMES_WITH = {"botocore": "boto3", "cuda": "cuda-bindings", "tensorrt": "tensorrt"}
"""Modules of a package that another one brings, and of those that are installed on a GPU alone."""


def requirements(*texts: str) -> dict[str, Requirement]:
    return {canonicalize_name(one.name): one for one in map(Requirement, texts)}


def extra(name: str) -> dict[str, Requirement]:
    return requirements(*PROJECT["optional-dependencies"][name])


def pinned() -> dict[str, Requirement]:
    lines = [line for file in REPOSITORY.glob("requirements*.txt") for line in file.read_text().splitlines()]
    return requirements(*(line for line in lines if line and not line.startswith("#")))


def version_of(pin: Requirement) -> str:
    return next(iter(pin.specifier)).version


def imports(folder: str) -> Iterator[str]:
    """Top-level packages that a folder's modules import, wherever in them, less Python's and ours."""
    for file in (REPOSITORY / folder).rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            names: list[str] = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and not node.level:
                names = [str(node.module)]
            yield from {name.partition(".")[0] for name in names} - set(sys.stdlib_module_names) - OURS


def undeclared(folders: set[str], declared: Mapping[str, Any]) -> set[str]:
    """Packages that are imported and not declared."""
    installed = packages_distributions()
    wanted = {
        module: COMES_WITH.get(module) or installed[module][0] for folder in folders for module in imports(folder)
    }
    assert len(wanted) > 20
    return {name for name in wanted.values() if canonicalize_name(name) not in declared}


def test_a_night_imports_what_is_declared() -> None:
    assert undeclared(NIGHT, requirements(*PROJECT["dependencies"]) | extra("gpu")) == set()


def test_training_imports_what_is_declared() -> None:
    assert (
        undeclared(NIGHT | {"training"}, requirements(*PROJECT["dependencies"]) | extra("gpu") | extra("train"))
        == set()
    )


def test_a_night_declares_nothing_of_training_or_of_airflow() -> None:
    night = set(requirements(*PROJECT["dependencies"]))
    assert not night & {"torch", "scikit-learn", "scipy", "tensorrt", "apache-airflow"}
    assert not night & set(extra("gpu") | extra("train") | extra("airflow"))


@pytest.mark.parametrize("project", [PROJECT, SEARCHER], ids=["selvedge", "searcher"])
def test_every_declared_package_is_pinned_to_a_version_that_is_allowed(project: dict[str, Any]) -> None:
    pins = pinned()
    extras = [line for lines in project["optional-dependencies"].values() for line in lines]
    for name, wanted in requirements(*project["dependencies"], *extras).items():
        assert name in pins, f"{name} stands in no requirements*.txt"
        assert wanted.specifier.contains(version_of(pins[name])), f"{wanted}, but {pins[name]}"


def test_the_version_is_the_same_everywhere() -> None:
    said = subprocess.run([SELVEDGE, "--version"], capture_output=True, text=True, check=True).stdout
    assert said == f"selvedge {PROJECT['version']}\n"
    assert SEARCHER["version"] == PROJECT["version"]
    whole, part, _ = PROJECT["version"].split(".")
    assert FetchSettings().user_agent.startswith(f"selvedge/{whole}.{part} ")


def test_a_commit_is_checked_as_make_check_does() -> None:
    recipe = (REPOSITORY / "Makefile").read_text().partition("\ncheck:")[2].partition("\n\n")[0]
    checks = [line.strip().replace("@$(BIN)", ".venv/bin") for line in recipe.splitlines()[1:]]
    hooks = yaml.safe_load((REPOSITORY / ".pre-commit-config.yaml").read_text())["repos"][0]["hooks"]
    assert [hook["entry"] for hook in hooks] == checks != []
