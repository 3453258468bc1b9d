"""Work in a child: what it answers, how its death is told, and that one child does one work after another."""

import os
import signal
import time
from collections.abc import Iterator
from multiprocessing import Pipe
from typing import Any

import psutil
import pyarrow as pa
import pytest

from schemas.rejects import Code
from udfs.runtime.isolation import NEW_WORK, Child, ChildDied, Work, _serve, _to_ipc, end_idle

ROWS = pa.record_batch({"number": [1, 2]})


@pytest.fixture(autouse=True)
def no_idle_child() -> Iterator[None]:
    """Each test begins and ends without a child that another left."""
    end_idle()
    yield
    end_idle()


def process_id(batch: pa.RecordBatch) -> pa.RecordBatch:
    return pa.record_batch({"process": [os.getpid()]})


def environment(batch: pa.RecordBatch) -> pa.RecordBatch:
    return pa.record_batch({"value": [os.environ.get("SELVEDGE_OF_A_TEST", "")]})


def kill(batch: pa.RecordBatch) -> pa.RecordBatch:
    os.kill(os.getpid(), signal.SIGSEGV)
    return batch


def fail(batch: pa.RecordBatch) -> pa.RecordBatch:
    raise ValueError("a row of no good")


def sleep(batch: pa.RecordBatch) -> pa.RecordBatch:
    time.sleep(60)
    return batch


def answer_of(work: Work) -> Any:
    with Child(work) as child:
        return child(ROWS).column(0)[0].as_py()


def test_the_next_work_finds_the_same_process() -> None:
    assert answer_of(process_id) == answer_of(process_id) != os.getpid()


def test_the_end_of_a_run_ends_it() -> None:
    process = answer_of(process_id)
    end_idle()
    assert not psutil.pid_exists(process)


def test_other_surroundings_get_a_process_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    assert answer_of(environment) == ""
    monkeypatch.setenv("SELVEDGE_OF_A_TEST", "seen")
    assert answer_of(environment) == "seen"


def test_a_death_is_told_and_the_next_batch_finds_a_new_process() -> None:
    first = answer_of(process_id)
    with Child(kill) as child, pytest.raises(ChildDied, match=f"signal {int(signal.SIGSEGV)}") as death:
        child(ROWS)
    assert death.value.code == Code.WORKER_KILLED
    assert answer_of(process_id) != first


def test_what_the_work_raised_is_raised_here_and_the_process_lives_on() -> None:
    first = answer_of(process_id)
    with pytest.raises(RuntimeError, match="ValueError: a row of no good"):
        answer_of(fail)
    assert answer_of(process_id) == first


def test_a_process_that_has_not_answered_is_not_given_to_the_next_work() -> None:
    first = answer_of(process_id)
    with pytest.raises(ChildDied, match="no answer") as death, Child(sleep, seconds=0.2) as child:
        child(ROWS)
    assert death.value.code == Code.WORKER_TIMEOUT
    assert answer_of(process_id) != first


def test_a_process_whose_driver_is_gone_ends_without_a_trace() -> None:
    ours, its = Pipe()

    def work(batch: pa.RecordBatch) -> pa.RecordBatch:
        ours.close()
        return batch

    ours.send_bytes(NEW_WORK)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(its, "recv", lambda: work, raising=False)
        ours.send_bytes(_to_ipc(ROWS))
        _serve(its)
