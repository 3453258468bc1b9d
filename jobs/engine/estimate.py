"""The one place that decides whether due rows go to Spark: by the work that they are, not by how many they are.

Work is rows times the seconds that a row took in the stage's last runs. Up to `spark.few_seconds` of it is done by
child processes of the driver, because to start Spark and its workers costs more than they save.
"""

from lake.tables import Tables, literal
from schemas.settings import SparkSettings
from schemas.tables import RUNS

LAST_RUNS = 5

ENOUGH_ROWS = 500
"""A run over fewer rows says more of starting processes and loading models than of rows."""


def work_seconds(tables: Tables, stage: str, rows: int, stated: float) -> float:
    """What some rows of a stage would take without Spark; `stated` seconds each while no run has told."""
    query = f"""
        select sum(seconds * greatest(coalesce(spark_tasks, 1), 1)) / sum(done + rejected) seconds from (
            select * from {RUNS.name} where stage = {literal(stage)} and done + rejected >= {ENOUGH_ROWS}
            order by started_at desc limit {LAST_RUNS}
        )"""  # noqa: S608
    (measured,) = tables.sql(query, [RUNS])["seconds"].to_pylist()
    return rows * float(stated if measured is None else measured)


def in_spark(settings: SparkSettings, seconds: float) -> bool:
    """Whether Spark is worth its start."""
    return seconds > settings.few_seconds
