"""What a night would do now, stage by stage, and how long that took per row the last time.

Whether a shop has sent another feed is known only once it is asked, so the plan begins behind `acquire` and `parse`.
"""

from typing import Any

from jobs import choose, classify, dedup, detect, embed, fingerprint, screen
from jobs import map as mapping
from jobs.fetch_queue import due_urls
from jobs.night import Night
from jobs.run import STAGES
from jobs.stage import Stage, due
from schemas.tables import RUNS


def plan(night: Night) -> list[dict[str, Any]]:
    """Rows due in each stage over what stands in the tables; later stages grow by what earlier ones bring."""
    speeds = _seconds_a_row(night)
    rows = []
    for name, count in _due_counts(night).items():
        seconds = count * speeds[name] if name in speeds else None
        rows.append({"stage": name, "due": count, "seconds": seconds, "about": _in_words(count, seconds)})
    return rows


def _due_counts(night: Night) -> dict[str, int]:
    counts = {"fetch": due_urls(night).num_rows}
    for module in (screen, classify, mapping, fingerprint, detect, embed):
        stage: Stage = module.stage(night)
        counts[stage.name] = due(night.tables, stage).num_rows
    counts["dedup"] = len(dedup.due_sets(night))
    counts["choose"] = choose.due_products(night)
    return {name: counts[name] for name in STAGES if name in counts}


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
