"""What a night would do now, stage by stage, with the time it would take at the last run's speed.

Whether a shop has a new feed is known only when it is requested, and what will be published only at the end: `due` of
the first and the last stage is null.
"""

from typing import Any

from jobs.engine.night import Night
from jobs.stages.declared import records
from schemas.tables import RUNS


def plan(night: Night) -> list[dict[str, Any]]:
    """Rows due in each stage with the tables as they are now; later stages will get more from earlier ones."""
    speeds = _seconds_a_row(night)
    rows = []
    for record in records():
        due = record.due(night)
        count = due if isinstance(due, int) else None
        seconds = count * speeds[record.name] if count is not None and record.name in speeds else None
        about = _in_words(due, seconds) if isinstance(due, int) else due
        rows.append({"stage": record.name, "due": count, "seconds": seconds, "about": about})
    return rows


def _seconds_a_row(night: Night) -> dict[str, float]:
    """Seconds per row, from the newest run in which the stage had work."""
    query = f"""
        select stage, seconds / (done + rejected) seconds from (
            select *, row_number() over (partition by stage order by started_at desc) place
            from {RUNS.name} where done + rejected > 0
        ) where place = 1"""  # noqa: S608
    rows = night.tables.sql(query, [RUNS]).to_pylist()
    return {row["stage"]: row["seconds"] for row in rows}


def _in_words(count: int, seconds: float | None) -> str:
    if not count:
        return ""
    return "no earlier run to estimate from" if seconds is None else f"about {seconds:.0f} s"
