"""The page of a night: one self-contained HTML file."""

from importlib.resources import files

from jinja2 import Environment, FunctionLoader, StrictUndefined, select_autoescape

from reports.facts import NightFacts


def _template(name: str) -> str:
    return (files("reports") / "templates" / name).read_text(encoding="utf-8")


def _number(value: float) -> str:
    """Thousands parted by thin spaces."""
    return f"{value:,.0f}".replace(",", " ")


def _percent(part: float, whole: float) -> str:
    return f"{100 * part / whole:.1f}%" if whole else "0%"


def render(facts: NightFacts) -> str:
    """HTML of a run. Everything that came from a shop is escaped."""
    environment = Environment(
        loader=FunctionLoader(_template),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"number": _number}
    environment.globals |= {"percent": _percent}
    return environment.get_template("night.html.j2").render(night=facts, style=_template("style.css"))
