"""The pages of the project, and how tests read them."""

import re
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
DOCS = PROJECT / "docs"


def pages() -> list[Path]:
    """Every page that people read: the docs, and the texts beside the code."""
    return sorted([*DOCS.glob("*.md"), *PROJECT.glob("*.md"), PROJECT / "searcher" / "README.md"])


def section(page: str, title: str) -> str:
    """What stands under a heading, up to the next one of its level or above; raises ValueError where there is none."""
    level = len(title) - len(title.lstrip("#"))
    start = page.index(f"\n{title}\n") + len(title) + 2
    end = re.compile(rf"^#{{1,{level}}} ", re.MULTILINE).search(page, start)
    return page[start : end.start() if end else len(page)]


def rows(text: str) -> list[list[str]]:
    """The cells of the first table in a text, its head left out; a cell's escaped bar is a bar."""
    lines = next(part for part in text.split("\n\n") if part.lstrip().startswith("|")).strip().splitlines()
    return [[cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines[2:]]


def names(cell: str) -> list[str]:
    """What stands in backticks in a cell."""
    return re.findall(r"`([^`]+)`", cell)
