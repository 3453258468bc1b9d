"""Batch functions that do what real ones never should; importable, so that workers can have them."""

import os
import signal
import time
from dataclasses import dataclass

import pyarrow as pa

from schemas.table import DIGEST, DONE, stage_table
from udfs.runtime.cards import this_process
from udfs.runtime.device import CardLost, DeviceMissing
from udfs.runtime.isolation import Work

NUMBERS = stage_table("numbers", ("number",), pa.field("number", pa.int64()), pa.field("square", pa.int64()))
ANSWER = pa.schema([field for field in NUMBERS.schema if field.name != "function"])
FUNCTION = DIGEST.byte_width * b"f"


@dataclass(frozen=True)
class Square:
    """Squares numbers; does something terrible at one of them."""

    poison: int = -1
    evil: str = ""

    def __call__(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        numbers = batch["number"].to_pylist()
        if self.poison in numbers:
            self._do_evil()
        rows = [{"number": n, "status": DONE, "square": None if n is None else n * n} for n in numbers]
        return pa.RecordBatch.from_pylist(rows, ANSWER)

    def _do_evil(self) -> None:
        if self.evil == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if self.evil == "raise":
            raise ValueError("a row of no good")
        if self.evil == "hang":
            time.sleep(60)


@dataclass(frozen=True)
class ModelThreads:
    """Answers with the number of threads that a model would use here."""

    def __call__(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        threads = this_process().threads
        rows = [{"number": n, "status": DONE, "square": threads} for n in batch["number"].to_pylist()]
        return pa.RecordBatch.from_pylist(rows, ANSWER)


@dataclass(frozen=True)
class Unusable:
    """Work that no row is at fault for: its device is not there."""

    def __call__(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        raise DeviceMissing("SELVEDGE_DEVICE=cuda, but this machine offers cpu")


@dataclass(frozen=True)
class LosesItsCard:
    """Squares numbers until the card is gone."""

    at: int

    def __call__(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        if self.at in batch["number"].to_pylist():
            raise CardLost(0, "CUDA error: unspecified launch failure")
        return Square()(batch)


def needed(*numbers: int) -> pa.Table:
    return pa.table({"number": pa.array(numbers, pa.int64())})


@dataclass(frozen=True)
class Poisoned:
    """A real stage's work that dies at the row whose `column` is `poison`."""

    work: Work
    column: str
    poison: bytes

    def __call__(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        if self.poison in batch[self.column].to_pylist():
            os.kill(os.getpid(), signal.SIGKILL)
        return self.work(batch)
