"""The Spark session: started when the first stage needs it, one for a night."""

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from importlib.resources import files
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

    @property
    def parallelism(self) -> int:
        """Tasks that a chunk is divided into."""
        return self._settings.tasks or self._start().sparkContext.defaultParallelism

    def map(self, rows: pa.Table, function: BatchMap, schema: pa.Schema, batch_rows: int) -> pa.Table:
        """Spread rows over the tasks, apply the function in each, collect what it yields."""
        from pyspark.sql.pandas.types import from_arrow_schema

        session = self._start()
        session.conf.set("spark.sql.execution.arrow.maxRecordsPerBatch", batch_rows)
        tasks = min(self.parallelism, rows.num_rows)
        frame = session.createDataFrame(_without_fixed_sizes(rows)).repartition(tasks)
        plain = pa.schema([pa.field(f.name, _variable(f.type)) for f in schema])
        return frame.mapInArrow(_Plain(function), from_arrow_schema(plain)).toArrow().cast(schema)

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


_QUICK_START = "-XX:+UseSerialGC -XX:TieredStopAtLevel=1"
"""The driver moves keys alone: what starts sooner beats what runs faster."""

_LOGGING = files("jobs") / "log4j2.properties"
"""Errors alone: what the night says stands between them."""


@dataclass(frozen=True)
class _Plain:
    """A worker's function whose answers Spark takes."""

    function: BatchMap

    def __call__(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in self.function(batches):
            yield from _without_fixed_sizes(pa.Table.from_batches([batch])).to_batches()


def _defaults(settings: SparkSettings) -> dict[str, str]:
    return {
        "spark.driver.memory": settings.driver_memory,
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.execution.pyspark.udf.faulthandler.enabled": "true",
        "spark.sql.shuffle.partitions": "8",
        "spark.driver.extraJavaOptions": f"{_QUICK_START} -Dlog4j2.configurationFile={_LOGGING}",
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
