"""One writer at a time."""

import json
import time
from pathlib import Path

import pytest

from lake.lease import PATH, lease
from lake.store import open_store
from schemas.errors import HeldByAnother


def test_a_second_run_says_who_holds_the_lake(tmp_path: Path) -> None:
    store = open_store(str(tmp_path))
    with lease(store, "first", 60), pytest.raises(HeldByAnother, match="held by run first"), lease(store, "second", 60):
        pass


def test_the_lake_is_free_after_the_run(tmp_path: Path) -> None:
    store = open_store(str(tmp_path))
    with lease(store, "first", 60):
        pass
    with lease(store, "second", 60):
        assert json.loads(store.read(PATH))["run"] == "second"


def test_a_dead_process_of_this_host_holds_nothing(tmp_path: Path) -> None:
    store = open_store(str(tmp_path))
    with lease(store, "first", 60):
        held = json.loads(store.read(PATH))
    store.write(PATH, json.dumps(held | {"run": "first", "pid": 2**22 - 1, "expires": time.time() + 60}).encode())
    with lease(store, "second", 60):
        pass


def test_an_expired_lease_is_free_and_a_foreign_one_is_not(tmp_path: Path) -> None:
    store = open_store(str(tmp_path))
    foreign = {"run": "far", "host": "elsewhere", "pid": 1, "expires": time.time() + 60}
    store.write(PATH, json.dumps(foreign).encode())
    with pytest.raises(HeldByAnother, match="elsewhere"), lease(store, "mine", 60):
        pass
    store.write(PATH, json.dumps(foreign | {"expires": time.time() - 1}).encode())
    with lease(store, "mine", 60):
        pass


def test_a_living_run_renews(tmp_path: Path) -> None:
    store = open_store(str(tmp_path))
    with lease(store, "first", 0.4):
        time.sleep(1.0)
        with pytest.raises(HeldByAnother), lease(store, "second", 0.4):
            pass


def test_processes_of_one_run_share_it(tmp_path: Path) -> None:
    store = open_store(str(tmp_path))
    with lease(store, "night", 60, shared=True), lease(store, "night", 60, shared=True):
        pass
    with pytest.raises(HeldByAnother), lease(store, "other", 60):
        pass


def test_a_store_that_does_not_answer_once_costs_no_lease(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store, failures = open_store(str(tmp_path)), iter([OSError("no route to host")])
    read = store.read

    def faltering(path: str) -> bytes:
        for failure in failures:
            raise failure
        return read(path)

    with lease(store, "first", 0.8):
        before = json.loads(store.read(PATH))["expires"]
        monkeypatch.setattr(store, "read", faltering)
        time.sleep(0.7)
        assert next(failures, None) is None, "a renewal failed"
        assert json.loads(store.read(PATH))["expires"] > before
