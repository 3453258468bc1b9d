"""The page of a night: one self-contained HTML file."""

from reports.environment import render_page
from reports.facts import NightFacts


def render(facts: NightFacts) -> str:
    """HTML of a run. Everything that came from a shop is escaped."""
    return render_page("night.html.j2", night=facts)
