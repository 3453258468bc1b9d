"""What a night would do now, stage by stage, and how long that took per row the last time.

Whether a shop has sent another feed is known only once it is asked, and what is published only once all is done: `due`
of the first and the last stage is null.
"""

from typing import Any

from jobs.engine.night import Night
from jobs.engine.stage import Stage, due
from jobs.live.feeds import feed_states
from jobs.run import PUBLISH, STAGE_NAMES
from jobs.stages import choose, classify, dedup, detect, embed, fingerprint, screen
from jobs.stages import map as mapping
from jobs.stages.fetch_queue import due_urls
from jobs.stages.parse import due_feeds
from schemas.tables import RUNS


def plan(night: Night) -> list[dict[str, Any]]:
    """Rows due in each stage over what stands in the tables; later stages grow by what earlier ones bring."""
    speeds, counts = _seconds_a_row(night), _due_counts(night)
    unknown = {
        "acquire": f"{len(night.chosen)} feeds are asked; whether they are new is known then",
        PUBLISH: "whatever the stages before it have changed",
    }
    rows = []
    for name in STAGE_NAMES:
        count = counts.get(name)
        seconds = count * speeds[name] if count is not None and name in speeds else None
        about = unknown[name] if count is None else _in_words(count, seconds)
        rows.append({"stage": name, "due": count, "seconds": seconds, "about": about})
    return rows


def _due_counts(night: Night) -> dict[str, int]:
    counts = {"parse": _offers(night), "fetch": due_urls(night).num_rows}
    for module in (screen, classify, mapping, fingerprint, detect, embed):
        stage: Stage = module.stage(night)
        counts[stage.name] = due(night.tables, stage).num_rows
    counts["dedup"] = len(dedup.due_sets(night))
    counts["choose"] = choose.due_products(night)
    return counts


def _offers(night: Night) -> int:
    """The offers of accepted feeds that are to be read, as when they were judged."""
    offers = {(state["retailer"], state["feed"]): state["offers"] or 0 for state in feed_states(night)}
    return sum(offers[feed.retailer, feed.feed] for feed in due_feeds(night))


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
