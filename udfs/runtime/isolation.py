"""Work in a child process, so that a row that crashes it costs that row and nothing else."""

import multiprocessing
import threading
from collections.abc import Callable
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Any, Self

import pyarrow as pa

from schemas.errors import Stop
from schemas.rejects import Code
from schemas.table import REJECTED, Table

Work = Callable[[pa.RecordBatch], pa.RecordBatch]
"""A stage's batch function: one row out for each row in, with the table's columns less `function`."""


class ChildDied(Exception):
    """The child process ended, or had to be ended, before it answered."""

    def __init__(self, code: Code, detail: str) -> None:
        self.code, self.detail = code, detail
        super().__init__(detail)


class Child:
    """A process that does batches of one kind of work; started when first asked, again after a death."""

    def __init__(self, work: Work, seconds: float | None = None) -> None:
        self._work, self._seconds = work, seconds
        self._process: Any = None
        self._pipe: Connection | None = None

    def __call__(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """The work's answer; raises ChildDied, or what the work raised."""
        pipe = self._pipe if self._pipe and self._process.is_alive() else self._start()
        try:
            pipe.send_bytes(_to_ipc(batch))
            if self._seconds is not None and not pipe.poll(self._seconds):
                self.close()
                raise ChildDied(Code.WORKER_TIMEOUT, f"no answer in {self._seconds:g} s")
            answer = pipe.recv()
        except (EOFError, BrokenPipeError, ConnectionResetError) as error:
            self._process.join()
            exit_code = self._process.exitcode
            self._pipe = None
            raise ChildDied(Code.WORKER_KILLED, f"the process ended with {_exit_in_words(exit_code)}") from error
        if isinstance(answer, BaseException):
            raise answer
        return _from_ipc(answer)

    def close(self) -> None:
        """End the child."""
        if self._process is not None and self._process.is_alive():
            self._process.kill()
            self._process.join()
        self._pipe = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _start(self) -> Connection:
        context = multiprocessing.get_context("spawn")
        here, there = context.Pipe()
        self._process = context.Process(target=_serve, args=(there, self._work), daemon=True)
        self._process.start()
        there.close()
        self._pipe = here
        return here


def row_by_row(work: Work, table: Table, batch: pa.RecordBatch) -> pa.RecordBatch:
    """Do each row alone: one that raises, or whose child dies, becomes a reject."""
    answers = []
    for at in range(batch.num_rows):
        row = batch.slice(at, 1)
        try:
            answers.append(work(row))
        except Stop:
            raise
        except ChildDied as death:
            answers.append(rejected(table, row, death.code, death.detail))
        except Exception as error:
            answers.append(rejected(table, row, Code.INTERNAL, f"{type(error).__name__}: {error}"))
    schema = pa.schema([field for field in table.schema if field.name != "function"])
    return pa.Table.from_batches([a.cast(schema) for a in answers], schema).combine_chunks().to_batches()[0]


def rejected(table: Table, rows: pa.RecordBatch, code: Code, detail: str) -> pa.RecordBatch:
    """The reject rows of a table for the keys of `rows`: everything but key and verdict is null."""
    fixed = {"status": REJECTED, "code": str(code), "detail": detail}
    columns = []
    schema = pa.schema([field for field in table.schema if field.name != "function"])
    for field in schema:
        if field.name in table.key:
            columns.append(rows.column(field.name).cast(field.type))
        elif field.name in fixed:
            columns.append(pa.array([fixed[field.name]] * rows.num_rows, field.type))
        else:
            columns.append(pa.nulls(rows.num_rows, field.type))
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def _serve(pipe: Connection, work: Work) -> None:
    threading.current_thread().name = "selvedge-child"
    while True:
        try:
            batch = _from_ipc(pipe.recv_bytes())
        except EOFError:
            return
        try:
            pipe.send(_to_ipc(work(batch)))
        except Exception as error:
            pipe.send(_portable(error))


def _portable(error: Exception) -> Exception:
    """The error itself where it survives the way back, else one that says the same."""
    return error if isinstance(error, Stop) else RuntimeError(f"{type(error).__name__}: {error}")


def _exit_in_words(exit_code: int | None) -> str:
    return f"signal {-exit_code}" if exit_code is not None and exit_code < 0 else f"exit code {exit_code}"


def _to_ipc(batch: pa.RecordBatch) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_batch(batch)
    return bytes(sink.getvalue())


def _from_ipc(body: bytes) -> pa.RecordBatch:
    with pa.ipc.open_stream(body) as reader:
        return reader.read_next_batch()
