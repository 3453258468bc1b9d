"""Runs work in a child process, so that a row that crashes it costs only that row."""

import multiprocessing
import os
import sys
import threading
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from types import TracebackType
from typing import Self, cast

import pyarrow as pa

from schemas.errors import Stop
from schemas.rejects import Code
from schemas.table import REJECTED, Table

Work = Callable[[pa.RecordBatch], pa.RecordBatch]
"""A stage's batch function: one row out for each row in, with the table's columns less `function`."""


class ChildDied(Exception):
    """The child process ended, or was ended, before it answered."""

    def __init__(self, code: Code, detail: str) -> None:
        self.code, self.detail = code, detail
        super().__init__(detail)


class _Process:
    """A child process and the pipe to it. It does one work after another: to start one costs seconds of imports."""

    def __init__(self) -> None:
        context = multiprocessing.get_context("spawn")
        self.surroundings = _surroundings()
        self.pipe, there = context.Pipe()
        self._process = context.Process(target=_serve, args=(there,), daemon=True)
        self._process.start()
        there.close()

    @property
    def is_alive(self) -> bool:
        return self._process.is_alive()

    def take_up(self, work: Work) -> None:
        """Do this work from now on."""
        self.pipe.send_bytes(NEW_WORK)
        self.pipe.send(work)

    def end(self) -> None:
        self._process.kill()
        self.wait()

    def wait(self) -> int | None:
        """Its exit code, once it has ended."""
        self._process.join()
        self.pipe.close()
        return self._process.exitcode


SAFE_PATH = "PYTHONSAFEPATH"
"""Where this variable is set, Python imports nothing from the working directory, nor do processes below."""

NEW_WORK = b""
"""Announces that the next message is no batch, but what to do with batches."""

_idle: list[_Process] = []
"""A process whose work is over, for the next one; it keeps its models."""


class Child:
    """A process that does batches of one kind of work; started when first asked, again after a death."""

    def __init__(self, work: Work, seconds: float | None = None) -> None:
        self._work, self._seconds = work, seconds
        self._process: _Process | None = None
        self._asked = False

    def __call__(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """The work's answer; raises ChildDied, or what the work raised."""
        try:
            process = self._process if self._process and self._process.is_alive else self._start()
            self._asked = True
            process.pipe.send_bytes(_to_ipc(batch))
            if self._seconds is not None and not process.pipe.poll(self._seconds):
                self.close()
                raise ChildDied(Code.WORKER_TIMEOUT, f"no answer in {self._seconds:g} s")
            answer = process.pipe.recv()
            self._asked = False
        except (EOFError, BrokenPipeError, ConnectionResetError) as error:
            raise ChildDied(Code.WORKER_KILLED, f"the process ended with {_exit_in_words(self._bury())}") from error
        if isinstance(answer, BaseException):
            raise answer
        return _from_ipc(answer)

    def close(self) -> None:
        """Leave the process to the next work; end it where it has not answered."""
        process, self._process = self._process, None
        if process is None:
            return
        if self._asked or _idle or not process.is_alive:
            process.end()
        else:
            _idle.append(process)
        self._asked = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _start(self) -> _Process:
        self._process = _from_idle() or _Process()
        self._process.take_up(self._work)
        return self._process

    def _bury(self) -> int | None:
        process, self._process, self._asked = self._process, None, False
        return process.wait() if process is not None else None


def _from_idle() -> _Process | None:
    """The idle process, unless it died or was started in other surroundings."""
    while _idle:
        process = _idle.pop()
        if process.is_alive and process.surroundings == _surroundings():
            return process
        process.end()
    return None


def end_idle() -> None:
    """End the process that waits for work: at the end of a run, as it remembers files that the next may find edited."""
    while _idle:
        _idle.pop().end()


def _surroundings() -> tuple[dict[str, str], list[str], str]:
    """What a process takes over from the one that starts it."""
    return dict(os.environ), list(sys.path), str(Path.cwd())


def row_by_row(work: Work, table: Table, batch: pa.RecordBatch) -> pa.RecordBatch:
    """Work on each row alone. A row that raises an error or crashes its child becomes a reject."""
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


def _serve(pipe: Connection) -> None:
    threading.current_thread().name = "selvedge-child"
    work: Work | None = None
    while True:
        try:
            body = pipe.recv_bytes()
            if body == NEW_WORK:
                work = pipe.recv()
                continue
        except (EOFError, ConnectionError):
            return
        answer: bytes | Exception
        try:
            answer = _to_ipc(cast(Work, work)(_from_ipc(body)))
        except Exception as error:
            answer = _portable(error)
        try:
            pipe.send(answer)
        except ConnectionError:  # the driver was ended meanwhile, and nobody is there to be told
            return


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
