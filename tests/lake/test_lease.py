"""One writer at a time."""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import lake.lease
from lake.lease import PATH, is_damaged, lease, paths, release, table_lease
from lake.store import Store, open_store
from schemas.errors import DamagedLake, HeldByAnother

NOON = 1_767_960_000.0  # 2026-01-09T12:00:00 UTC
FAR = {"run": "far", "host": "elsewhere", "pid": 1, "expires": NOON + 60}
DEAD = 2**22 - 1
HERE = FAR | {
    "host": socket.gethostname(), "pid": os.getpid(), "token": "t", "seconds": 60,
    "world": lake.lease._world(), "started": lake.lease._stat(os.getpid())[1],
}  # fmt: skip
"""Held by this process, as another holder."""


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(str(tmp_path))


@pytest.fixture
def noon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lake.lease.time.time", lambda: NOON)


def written(store: Store, **document: Any) -> None:
    store.write(PATH, json.dumps(document).encode())


def held(store: Store) -> dict[str, Any]:
    return json.loads(store.read(PATH))


def test_a_lease_says_which_process_holds_it_and_until_when(store: Store, noon: None) -> None:
    with lease(store, "night", 60):
        document = held(store)
        assert len(document.pop("token")) == 32
        assert document.pop("world").startswith(Path("/proc/sys/kernel/random/boot_id").read_text().strip())
        ticks = int(Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19])
        process = {"host": socket.gethostname(), "pid": os.getpid(), "started": ticks}
        assert document == {"run": "night", "expires": NOON + 60, "seconds": 60} | process
        assert store.exists("lease.json"), "where a run of another release looks for it"
        assert list(held(store)) == sorted(held(store))
    assert held(store) == {"run": "", "expires": 0}


def test_a_shared_lease_names_no_process_and_outlives_its_own(store: Store, noon: None) -> None:
    with lease(store, "night", 60, shared=True):
        pass
    assert held(store) == {
        "run": "night", "expires": NOON + 60, "seconds": 60, "host": socket.gethostname(), "pid": None, "token": None,
    }  # fmt: skip
    with pytest.raises(HeldByAnother), lease(store, "other", 60):
        pass
    release(store, "other")
    assert held(store)["run"] == "night", "only its own run gives it back"
    release(store, "night")
    with lease(store, "other", 60):
        pass


def test_nothing_is_given_back_where_nothing_was_taken(store: Store) -> None:
    release(store, "night")
    assert not store.exists(PATH)


def test_the_holder_is_named_with_what_to_do(store: Store, noon: None) -> None:
    written(store, **FAR)
    with pytest.raises(HeldByAnother) as caught, lease(store, "mine", 60):
        pass
    who = f"{store.uri}: held by run far (process 1 on elsewhere) until 2026-01-09T12:01:00+00:00, "
    assert str(caught.value).startswith(who)
    assert "wait for it" in str(caught.value)
    assert held(store) == FAR


@pytest.mark.parametrize(
    ("holder", "free"),
    [
        (FAR, False),
        (FAR | {"expires": NOON}, False),  # its last moment
        (FAR | {"expires": NOON - 1}, True),
        (FAR | {"run": ""}, True),
        (FAR | {"run": "mine"}, False),  # the same run is another process, and may be alive
        (FAR | {"run": "mine", "expires": NOON - 1}, True),
        (FAR | {"pid": DEAD}, False),  # nobody here can tell whether a process elsewhere lives
        (FAR | {"host": socket.gethostname(), "pid": DEAD}, False),  # nor whether it is this host's: names repeat
        (FAR | {"host": socket.gethostname(), "pid": None}, False),
        (HERE, False),
        (HERE | {"expires": NOON - 1}, False),  # it lives, whatever the clock says
        (HERE | {"run": "mine"}, False),
        (HERE | {"pid": DEAD}, True),
        (HERE | {"pid": DEAD, "host": "renamed"}, True),
        (HERE | {"started": 1}, True),  # the id was given to another process
        (HERE | {"pid": DEAD, "world": "another boot"}, False),
        (HERE | {"pid": DEAD, "world": "another boot", "expires": NOON - 1}, True),
        (HERE | {"pid": DEAD, "world": None}, False),
        ({"expires": NOON + 60}, True),
    ],
)
def test_who_holds_the_lake(store: Store, noon: None, holder: dict[str, Any], free: bool) -> None:
    written(store, **holder)
    try:
        with lease(store, "mine", 60):
            taken = held(store)["run"] == "mine"
    except HeldByAnother:
        taken = False
    assert taken == free


def test_two_runs_that_take_it_at_one_moment_do_not_both_have_it(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """The other run writes between our look and our own write."""
    replace = store.write_if

    def too_late(path: str, body: bytes, expected: bytes | None) -> bool:
        written(store, **FAR)
        return replace(path, body, expected)

    monkeypatch.setattr(store, "write_if", too_late)
    with pytest.raises(HeldByAnother) as caught, lease(store, "mine", 60):
        pass
    assert str(caught.value).startswith(f"{store.uri}: another run took it at")
    assert str(caught.value).endswith("; run again")
    assert held(store) == FAR


def test_it_is_renewed_four_times_in_its_life(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    waits = []

    class Ended(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            waits.append(timeout)
            return True

    monkeypatch.setattr(lake.lease, "threading", SimpleNamespace(Event=Ended, Thread=threading.Thread))
    with lease(store, "night", 60):
        pass
    assert waits == [15]


def test_a_renewal_moves_the_end_and_nothing_else(store: Store) -> None:
    with lease(store, "night", 0.4):
        first = held(store)
        until = time.monotonic() + 5
        while held(store) == first and time.monotonic() < until:
            time.sleep(0.01)
        later = held(store)
    assert 0 < later.pop("expires") - first.pop("expires") < 5
    assert later == first


def test_a_renewal_leaves_the_lease_of_another_run_alone(store: Store) -> None:
    with lease(store, "night", 0.1):
        written(store, **FAR)
        time.sleep(0.3)
        assert held(store) == FAR
    assert held(store) == FAR, "nor is it given back"


def test_a_lease_that_is_gone_is_not_written_again(store: Store) -> None:
    with lease(store, "night", 0.1):
        store.delete(PATH)
        time.sleep(0.3)
        assert not store.exists(PATH)


def test_no_renewal_is_under_way_once_the_lease_is_given_back(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    ours, read, renewing, began = threading.current_thread(), store.read, set(), threading.Event()

    def slow(path: str) -> bytes:
        if threading.current_thread() is not ours:
            renewing.add(threading.current_thread())
            began.set()
            time.sleep(0.5)
        return read(path)

    monkeypatch.setattr(store, "read", slow)
    with lease(store, "night", 0.2):
        assert began.wait(5)
    assert [thread.is_alive() for thread in renewing] == [False]


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


def test_two_processes_of_one_run_do_not_both_enter(store: Store) -> None:
    for first, second in ((False, False), (False, True), (True, False)):
        with lease(store, "same", 60, shared=first):
            before = held(store)
            with pytest.raises(HeldByAnother, match="held by run same"), lease(store, "same", 60, shared=second):
                pytest.fail("both entered")
            assert held(store) == before
    release(store, "same")


def test_a_run_of_before_is_shared_by_the_tasks_of_an_upgraded_one(store: Store, noon: None) -> None:
    written(store, **FAR | {"run": "night", "pid": None})
    with lease(store, "night", 60, shared=True):
        assert held(store)["token"] is None
    written(store, **FAR | {"run": "night"})
    with pytest.raises(HeldByAnother), lease(store, "night", 60, shared=True):
        pytest.fail("a process alone held it")


def test_a_holder_that_lost_its_lease_leaves_the_one_of_its_own_run_alone(store: Store) -> None:
    """It slept past its time, and the run was started again."""
    with lease(store, "night", 0.1):
        later = held(store) | {"token": "of the later process", "expires": time.time() + 60}
        written(store, **later)
        time.sleep(0.3)
        assert held(store) == later
    assert held(store) == later


def test_leases_of_two_names_are_held_side_by_side(store: Store) -> None:
    with lease(store, "one", 60), lease(store, "two", 60, name="table_offers"):
        assert json.loads(store.read("leases/table_offers.json"))["run"] == "two"
        with pytest.raises(HeldByAnother) as caught, lease(store, "three", 60, name="table_offers"):
            pass
        assert str(caught.value).startswith(f"{store.uri}/leases/table_offers.json: held by run two ")
    with lease(store, "three", 60, name="table_offers"):
        pass
    with lease(store, "three", 60, shared=True, name="table_offers"):
        pass
    release(store, "three", "table_offers")
    assert json.loads(store.read("leases/table_offers.json"))["run"] == ""


@pytest.mark.parametrize("name", ["", "../up", "a/b", "A", "a" * 61])
def test_a_name_is_no_path(store: Store, name: str) -> None:
    with pytest.raises(ValueError, match="no name of a lease"), lease(store, "mine", 60, name=name):
        pass


def test_a_process_that_nobody_may_look_at_is_alive(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    written(store, **HERE | {"started": 1, "pid": os.getppid()})
    monkeypatch.setattr("lake.lease._stat", lambda pid: ("", None))
    with pytest.raises(HeldByAnother), lease(store, "mine", 60):
        pass


def test_a_zombie_holds_nothing(store: Store) -> None:
    ended = subprocess.Popen(["true"])
    os.waitid(os.P_PID, ended.pid, os.WEXITED | os.WNOWAIT)  # it has ended, and stays to be asked about
    written(store, **HERE | {"pid": ended.pid, "started": lake.lease._stat(ended.pid)[1]})
    with lease(store, "mine", 60):
        pass
    ended.wait()


def test_where_no_process_can_be_looked_at_the_time_decides(
    store: Store, noon: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lake.lease.PROC", tmp_path / "no-proc")
    with lease(store, "first", 60):
        assert (held(store)["world"], held(store)["started"]) == (None, None)
        with pytest.raises(HeldByAnother), lease(store, "second", 60):
            pass
        written(store, **held(store) | {"expires": NOON - 1})
        with lease(store, "second", 60):
            pass


def test_a_clock_set_back_steals_from_nobody_who_lives(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    now = time.time()
    with lease(store, "night", 0.4):
        for moved in (-86_400.0, 86_400.0):
            monkeypatch.setattr("lake.lease.time.time", lambda moved=moved: now + moved)
            with pytest.raises(HeldByAnother), lease(store, "other", 0.4):
                pass


@pytest.mark.parametrize("alive", [True, False])
def test_a_lease_from_a_time_that_is_still_to_come_is_watched(
    store: Store, alive: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A clock was set back: the holder's time says nothing, only whether it renews."""
    ahead = time.time() + 86_400
    written(store, **FAR | {"seconds": 60, "expires": ahead})
    waits: list[float] = []

    def wait(seconds: float) -> None:
        waits.append(seconds)
        if alive and len(waits) == 6:
            written(store, **FAR | {"seconds": 60, "expires": ahead + 15})

    monkeypatch.setattr("lake.lease.time.sleep", wait)
    try:
        with lease(store, "mine", 60):
            taken = held(store)["run"] == "mine"
    except HeldByAnother as refused:
        taken = False
        assert "held by run far" in str(refused)
    assert taken is not alive
    assert sum(waits) == pytest.approx(22.5 if alive else 30), "two renewals of a lease of 60 s"


@pytest.mark.parametrize("body", [b"}{", b"[]", b"{}", b'{"run": "a", "expires": "soon"}'])
def test_a_damaged_lease_is_said_wherever_it_is_read(store: Store, body: bytes) -> None:
    said = f"{store.uri}/leases/one.json: is damaged, so nobody can tell whether a night is running; to act: the data"
    with pytest.raises(DamagedLake) as caught, lease(store, "night", 60, name="one"):
        store.write("leases/one.json", body)
    assert str(caught.value).startswith(said), "when it is given back"
    with pytest.raises(DamagedLake) as caught, lease(store, "night", 60, name="one"):
        pytest.fail("it was taken")
    assert str(caught.value).startswith(said), "when it is taken"


def test_damage_while_it_is_watched_is_said(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    written(store, **FAR | {"seconds": 60, "expires": time.time() + 86_400})
    monkeypatch.setattr("lake.lease.time.sleep", lambda seconds: store.write(PATH, b"}{"))
    with pytest.raises(DamagedLake, match=re.escape(f"{store.uri}/{PATH}: is damaged")), lease(store, "mine", 60):
        pytest.fail("it was taken")


def test_a_lease_that_is_damaged_while_it_is_held_is_written_again(store: Store) -> None:
    with lease(store, "night", 0.8):
        mine, until = held(store), time.monotonic() + 30
        store.write(PATH, b"}{")
        while store.read(PATH) == b"}{" and time.monotonic() < until:
            time.sleep(0.01)
        assert held(store) | {"expires": 0} == mine | {"expires": 0}


def test_which_lease_is_damaged(store: Store, noon: None) -> None:
    assert paths(store) == []
    with lease(store, "night", 60, name="one"), lease(store, "night", 60):
        assert paths(store) == [PATH, "leases/one.json"]
        assert not is_damaged(store, PATH)
        assert not is_damaged(store, "leases/one.json")
        store.write("leases/one.json", b"}{")
        assert is_damaged(store, "leases/one.json")
        with pytest.raises(DamagedLake, match=re.escape(f"{store.uri}/leases/one.json: is damaged")):
            release(store, "night", "one")
        store.delete("leases/one.json")
    assert paths(store) == [PATH]
    assert not is_damaged(store, "leases/one.json"), "nobody holds it"


def test_a_process_may_have_any_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "77").mkdir()
    (tmp_path / "77" / "stat").write_text(f"77 (a) Z 1) S {' '.join(map(str, range(4, 53)))}")
    monkeypatch.setattr("lake.lease.PROC", tmp_path)
    assert lake.lease._stat(77) == ("S", 22)


HOLD = """
import sys, time
from lake.lease import lease
from lake.store import open_store
with lease(open_store(sys.argv[1]), "contained", 600):
    print("held", flush=True)
    sys.stdin.read()
"""
UNSHARE = ["unshare", "--pid", "--fork", "--kill-child"]


def may_unshare() -> bool:
    return bool(shutil.which("unshare")) and subprocess.run([*UNSHARE, "true"], capture_output=True).returncode == 0


@pytest.mark.skipif(not may_unshare(), reason="no PID namespace may be made here")
def test_a_living_holder_in_another_pid_namespace_keeps_its_lease(store: Store) -> None:
    command = [*UNSHARE, sys.executable, "-c", HOLD, store.uri]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout and holder.stdout.readline() == "held\n"
        assert (held(store)["host"], held(store)["pid"]) == (socket.gethostname(), 1)
        written(store, **held(store) | {"pid": DEAD})  # an id that nobody has here
        with pytest.raises(HeldByAnother, match="contained"), lease(store, "mine", 60):
            pass
        holder.communicate("")


def test_processes_of_a_run_take_a_shared_lease_at_the_same_moment(tmp_path: Path) -> None:
    code = "import sys; from lake.lease import lease; from lake.store import open_store\n"
    code += "with lease(open_store(sys.argv[1]), 'night', 60, shared=True): print('held')"
    tasks = [
        subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    assert [task.communicate()[0] for task in tasks] == ["held\n"] * 4


def test_a_shared_lease_that_another_wrote_meanwhile_is_looked_at_again(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain, lost = store.write_if, iter([True, True])

    def write_if(path: str, body: bytes, expected: bytes | None) -> bool:
        return not next(lost, False) and plain(path, body, expected)

    monkeypatch.setattr(store, "write_if", write_if)
    with lease(store, "night", 60, shared=True):
        assert held(store)["run"] == "night"


def test_tables_of_one_run_have_a_writer_each_that_the_next_one_waits_for(store: Store) -> None:
    with lease(store, "night", 60, name=table_lease("texts")):
        with lease(store, "night", 60, name=table_lease("offers")):
            pass
        again = lease(store, "night", 60, name=table_lease("texts"), patience=0.1)
        with pytest.raises(HeldByAnother, match=r"leases/table-texts\.json: held by run night"), again:
            pass
    taken = threading.Event()

    def first() -> None:
        with lease(store, "night", 0.4, name=table_lease("texts")):
            taken.set()
            time.sleep(0.3)

    writer = threading.Thread(target=first)
    writer.start()
    taken.wait()
    with lease(store, "night", 0.4, name=table_lease("texts"), patience=10):
        assert not writer.is_alive() or writer.join(1) is None
