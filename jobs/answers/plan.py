"""What a night would do now, stage by stage, and how long that took per row the last time.

Whether a shop has sent another feed is known only once it is asked, and what is published only once all is done: `due`
of the first and the last stage is null.
"""

from typing import Any

from jobs.engine.night import Night
from jobs.stages.declared import records
from schemas.tables import RUNS


def plan(night: Night) -> list[dict[str, Any]]:
    """Rows due in each stage over what stands in the tables; later stages grow by what earlier ones bring."""
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
    """From the newest run of each stage that had work."""
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
    return "no run to go by yet" if seconds is None else f"about {seconds:.0f} s"
