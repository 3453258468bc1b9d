"""The Spark session: started when the first stage needs it, one for a night."""

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pyarrow as pa

from schemas.settings import SparkSettings

BatchMap = Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]


class SparkPool:
    """Workers on demand. Nothing is started until `map` is called."""

    def __init__(self, settings: SparkSettings) -> None:
        self._settings = settings
        self._session: Any = None

    @property
    def started(self) -> bool:
        return self._session is not None

    def map(self, rows: pa.Table, function: BatchMap, schema: pa.Schema, batch_rows: int) -> list[dict]:
        """Spread rows over the tasks, apply the function in each, collect what it yields."""
        session = self._start()
        session.conf.set("spark.sql.execution.arrow.maxRecordsPerBatch", batch_rows)
        tasks = min(self._settings.tasks or session.sparkContext.defaultParallelism, rows.num_rows)
        frame = session.createDataFrame(_without_fixed_sizes(rows)).repartition(tasks)
        from pyspark.sql.pandas.types import from_arrow_schema

        answer = frame.mapInArrow(function, from_arrow_schema(schema)).toArrow()
        return answer.to_pylist()

    def stop(self) -> None:
        if self._session is not None:
            self._session.stop()
            self._session = None

    def _start(self) -> Any:
        if self._session is not None:
            return self._session
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
        if self._settings.master.startswith("local"):
            os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
        from pyspark.sql import SparkSession

        builder = SparkSession.builder.appName("selvedge").master(self._settings.master)
        for name, value in (_defaults(self._settings) | self._settings.conf).items():
            builder = builder.config(name, value)
        self._session = builder.getOrCreate()
        self._session.sparkContext.setLogLevel("ERROR")
        return self._session


def _defaults(settings: SparkSettings) -> dict[str, str]:
    return {
        "spark.driver.memory": settings.driver_memory,
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.execution.pyspark.udf.faulthandler.enabled": "true",
        "spark.sql.shuffle.partitions": "8",
        "spark.driver.extraJavaOptions": "-XX:+UseSerialGC -XX:TieredStopAtLevel=1",
    }


def _without_fixed_sizes(rows: pa.Table) -> pa.Table:
    """Spark takes neither fixed-size binary nor fixed-size lists."""
    fields = [pa.field(f.name, _variable(f.type), f.nullable) for f in rows.schema]
    return rows.cast(pa.schema(fields))


def _variable(kind: pa.DataType) -> pa.DataType:
    if pa.types.is_fixed_size_binary(kind):
        return pa.binary()
    if pa.types.is_list(kind) or pa.types.is_fixed_size_list(kind):
        return pa.list_(_variable(kind.value_type))
    if pa.types.is_struct(kind):
        return pa.struct([pa.field(f.name, _variable(f.type), f.nullable) for f in kind])
    return kind
