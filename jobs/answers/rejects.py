"""The rejects of everything that is live, read from the stages' tables; nothing is stored twice."""

from collections import Counter
from typing import Any

from jobs.engine.night import Night
from jobs.engine.stage import Query
from jobs.stages.declared import records
from jobs.stages.record import StageRecord


def reject_counts(night: Night) -> list[dict[str, Any]]:
    """Stage, code, count, in the order of the stages."""
    return [
        {"stage": record.name, "code": code, "count": count}
        for record in records()
        for code, count in sorted(_counts(night, record).items())
    ]


def _counts(night: Night, record: StageRecord) -> dict[str, int]:
    found = record.rejects(night)
    if not isinstance(found, Query):
        return Counter(found["code"].to_pylist())
    counted = f"select code, count(*) count from ({found.sql}) group by code"  # noqa: S608
    return {row["code"]: row["count"] for row in night.tables.sql(counted, found.tables).to_pylist()}
