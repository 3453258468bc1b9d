"""Rendering of the HTML templates. All values are escaped, and a missing value is an error."""

from functools import cache
from importlib.resources import files

from jinja2 import Environment, FunctionLoader, StrictUndefined, select_autoescape

STYLE = "style.css"


def template_text(name: str) -> str:
    """The text of a file in the templates folder."""
    return (files("reports") / "templates" / name).read_text(encoding="utf-8")


def render_page(name: str, **values: object) -> str:
    """The HTML of a template. All pages share one style sheet, `style`."""
    return _environment().get_template(name).render(style=template_text(STYLE), **values)


@cache
def _environment() -> Environment:
    made = Environment(
        loader=FunctionLoader(template_text),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {"number": number, "share": share}
    made.globals |= {"percent": percent}
    return made


def number(value: float) -> str:
    """A whole number with thin spaces between thousands."""
    return f"{value:,.0f}".replace(",", "\u2009")


def percent(part: float, whole: float) -> str:
    """A percentage with one decimal."""
    return f"{100 * part / whole:.1f}%" if whole else "0%"


def share(value: float | None) -> str:
    """A share with three decimals, or a dash if it was not measured."""
    return "–" if value is None else f"{value:.3f}"
