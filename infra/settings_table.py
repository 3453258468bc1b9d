"""Rewrites the table of settings in docs/operations.md from schemas/settings.py."""

from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from schemas.settings import Settings

PAGE = Path(__file__).resolve().parents[1] / "docs" / "operations.md"
BEGIN, END = "<!-- settings: written by `make settings` -->\n", "<!-- end of settings -->\n"


def rows(model: type[BaseModel], prefix: tuple[str, ...] = ()) -> Iterator[tuple[str, FieldInfo]]:
    """Every setting with its dotted name, as in selvedge.yaml."""
    for name, field in model.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from rows(kind, (*prefix, name))
        else:
            yield ".".join((*prefix, name)), field


def table() -> str:
    """The settings as a Markdown table."""
    lines = ["| in `selvedge.yaml` | as a variable | default | what it is |", "| --- | --- | --- | --- |"]
    for name, field in rows(Settings):
        variable = "SELVEDGE_" + name.replace(".", "__").upper()
        default = str(field.get_default(call_default_factory=True))
        meaning = (field.description or "").replace("|", "\\|")
        lines.append(f"| `{name}` | `{variable}` | `{default}` | {meaning} |")
    return "\n".join(lines) + "\n"


def with_table(page: str) -> str:
    """The page with the current table between its two markers."""
    before, rest = page.split(BEGIN)
    return before + BEGIN + table() + END + rest.split(END)[1]


if __name__ == "__main__":
    PAGE.write_text(with_table(PAGE.read_text()))
