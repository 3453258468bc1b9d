"""The run report: one self-contained HTML file."""

from reports.environment import render_page
from reports.facts import NightFacts


def render(facts: NightFacts) -> str:
    """The HTML of a run report. Everything that came from a shop is escaped."""
    return render_page("night.html.j2", night=facts)
