"""Links and paths in the pages lead somewhere, and the README stays short."""

import re
from pathlib import Path

import pytest

from tests.docs.pages import PROJECT, pages

LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
CODE = re.compile(r"`([^`\n]+)`")
FOLDERS = (
    "benchmarks", "cli", "corrections", "dags", "desk", "docs", "infra", "jobs", "lake", "mappings", "models",
    "reports", "schemas", "searcher", "shops", "tests", "training", "udfs",
)  # fmt: skip
PATH = re.compile(
    rf"(?:{'|'.join(FOLDERS)})/[\w./*-]*|[A-Z]+\.md|requirements[\w.*-]*|pyproject\.toml|Makefile|LICENSE"
)
"""What reads like a path of the repository, from its root."""

README_LINES = 150


def anchors(page: Path) -> set[str]:
    """The anchors that GitHub makes of a page's headings."""
    heads = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


def broken_links(page: Path) -> list[str]:
    broken = []
    for target in LINK.findall(page.read_text(encoding="utf-8")):
        if "://" in target or target.startswith("mailto:"):
            continue
        place, _, anchor = target.partition("#")
        file = (page.parent / place).resolve() if place else page
        if not file.exists() or (anchor and anchor not in anchors(file)):
            broken.append(target)
    return broken


def lost_paths(page: Path) -> list[str]:
    """Paths in backticks that are not there; a star stands for any name."""
    prose = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    paths = [code for code in CODE.findall(prose) if PATH.fullmatch(code)]
    return [path for path in paths if not any(PROJECT.glob(path.rstrip("/")))]


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(PROJECT)))
def test_links_lead_somewhere(page: Path) -> None:
    assert broken_links(page) == []


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(PROJECT)))
def test_paths_exist(page: Path) -> None:
    assert lost_paths(page) == []


def test_a_lost_path_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# A head, and more\n`jobs/run.py` `jobs/gone.py` [a](gone.md) [b](#a-head-and-more) [c](#gone)\n")
    assert lost_paths(page) == ["jobs/gone.py"]
    assert broken_links(page) == ["gone.md", "#gone"]


def test_the_readme_is_short() -> None:
    assert len((PROJECT / "README.md").read_text(encoding="utf-8").splitlines()) <= README_LINES
