"""The Spark session: started when the first stage needs it, one for a night."""

import os
import pickle
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from importlib.resources import files
from socket import gethostname
from typing import Any

import pyarrow as pa

from schemas.errors import Stop
from schemas.settings import SparkSettings
from schemas.table import without_fixed_sizes
from schemas.version import program_digest
from udfs.runtime.device import THREADS, assign
from udfs.runtime.isolation import SAFE_PATH

BatchMap = Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]


class SparkPool:
    """Workers on demand. Nothing is started until `map` is called."""

    def __init__(self, settings: SparkSettings, model_threads: int = 0) -> None:
        """`model_threads` of each worker; 0: one, as there is a worker for each core."""
        self._settings, self._model_threads = settings, model_threads or 1
        self._session: Any = None
        self._program = program_digest()  # what this process runs, even if another version is installed meanwhile

    @property
    def is_local(self) -> bool:
        """Whether all workers run on this machine, and see its files."""
        return self._settings.master.startswith("local")

    @property
    def started(self) -> bool:
        return self._session is not None

    @property
    def parallelism(self) -> int:
        """Tasks that a chunk is divided into."""
        return self._settings.tasks or self._start().sparkContext.defaultParallelism

    def map(self, rows: pa.Table, function: BatchMap, schema: pa.Schema, batch_rows: int) -> pa.Table:
        """Spread rows over the tasks, apply the function in each, collect what it yields.

        Raises Stop where the function did in every try of a task.
        """
        from pyspark import cloudpickle
        from pyspark.errors import PythonException
        from pyspark.sql.pandas.types import from_arrow_schema

        session = self._start()
        session.conf.set("spark.sql.execution.arrow.maxRecordsPerBatch", batch_rows)
        tasks = min(self.parallelism, rows.num_rows)
        worker = _Worker(cloudpickle.dumps(function), self._program)  # type: ignore[no-untyped-call]
        frame = session.createDataFrame(rows.cast(_plain(rows.schema))).repartition(tasks)
        try:
            return frame.mapInArrow(worker, from_arrow_schema(_plain(schema))).toArrow().cast(schema)
        except PythonException as error:
            raise (_stop_in(str(error)) or error) from error

    def stop(self) -> None:
        if self._session is not None:
            self._session.stop()
            self._session = None

    def _start(self) -> Any:
        if self._session is not None:
            return self._session
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
        os.environ.setdefault("SPARK_HOME", str(files("pyspark")))  # else ../ comes first, wherever that is
        if self._settings.master.startswith("local"):
            os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
        from pyspark.sql import SparkSession

        builder = SparkSession.builder.appName("selvedge").master(self._settings.master)
        workers = {f"spark.executorEnv.{name}": value for name, value in self._for_workers().items()}
        for name, value in (
            _defaults(self._settings) | _one_task_a_card(self._settings) | workers | self._settings.conf
        ).items():
            builder = builder.config(name, value)
        self._session = builder.getOrCreate()
        self._session.sparkContext.setLogLevel("ERROR")
        return self._session

    def _for_workers(self) -> dict[str, str]:
        """Variables of the workers' environment."""
        return {THREADS: str(self._model_threads), SAFE_PATH: "1"}


_QUICK_START = "-XX:+UseSerialGC -XX:TieredStopAtLevel=1"
"""The driver moves keys alone: what starts sooner beats what runs faster."""

_LOGGING = files("jobs.engine") / "log4j2.properties"
"""Errors alone: what the night says stands between them."""


@dataclass(frozen=True)
class _Worker:
    """A function on a worker, with answers that Spark takes; refused by a worker that runs another program."""

    function: bytes  # pickled: it is only opened if it means here what it means on the driver
    program: bytes

    def __call__(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        try:
            if program_digest() != self.program:
                raise AnotherProgram(gethostname())
            assign(_cards())
            function: BatchMap = pickle.loads(self.function)  # noqa: S301  (the driver's own)
            for batch in function(batches):
                yield batch.cast(_plain(batch.schema))
        except Stop as stop:
            raise RuntimeError(_STOPPED.format(code=stop.exit_code, text=stop)) from stop


def _cards() -> list[str]:
    """The GPUs that Spark gave this task; none where it was not told of any."""
    from pyspark import TaskContext

    context = TaskContext.get()
    given = context.resources().get("gpu") if context is not None else None
    return list(given.addresses) if given is not None else []


class AnotherProgram(Stop):
    """A worker would make other rows than the driver's digests name."""

    exit_code = 2

    def __init__(self, host: str) -> None:
        super().__init__(
            f"the worker on {host} runs another version of selvedge than the driver; to act: the data engineer "
            "(deploy the same version everywhere)"
        )


_STOPPED = "the worker stopped with exit code {code}: {text}"
"""Of a worker's error the driver gets the text alone."""


def _stop_in(error: str) -> Stop | None:
    found = re.search(_STOPPED.format(code=r"(\d)", text="(.*)"), error)
    if found is None:
        return None
    stop = Stop(found[2])
    stop.exit_code = int(found[1])
    return stop


def _defaults(settings: SparkSettings) -> dict[str, str]:
    return {
        "spark.driver.memory": settings.driver_memory,
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.execution.pyspark.udf.faulthandler.enabled": "true",
        "spark.sql.shuffle.partitions": "8",
        "spark.driver.extraJavaOptions": f"{_QUICK_START} -Dlog4j2.configurationFile={_LOGGING}",
    }


def _one_task_a_card(settings: SparkSettings) -> dict[str, str]:
    """Where executors have GPUs, a task gets one for itself: its process holds the networks, threads in it decode."""
    return {"spark.task.resource.gpu.amount": "1"} if "spark.executor.resource.gpu.amount" in settings.conf else {}


def _plain(schema: pa.Schema) -> pa.Schema:
    """Spark takes neither fixed-size binary nor fixed-size lists."""
    return pa.schema([field.with_type(without_fixed_sizes(field.type)) for field in schema])
