"""Spark gives GPUs to tasks, and the networks of a task's process use the one that it was given."""

import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from jobs.engine.spark import _cards, _one_task_a_card
from schemas.settings import SparkSettings

ON_A_CLUSTER = """
import json, os, sys
from pathlib import Path
import pyarrow as pa
from jobs.engine.spark import SparkPool
from schemas.settings import SparkSettings

folder, script = sys.argv[1:]
conf = {f"spark.{who}.resource.gpu.{what}": value for who in ("worker", "executor")
        for what, value in (("amount", "2"), ("discoveryScript", script))}
KIND = pa.schema([("address", pa.string()), ("kind", pa.string()), ("index", pa.int64()), ("shared", pa.bool_())])


def work(batches):
    import fcntl, os, time
    from pathlib import Path
    from udfs.runtime import cards, device
    cards.runs = lambda _: None  # the cards are played
    address = os.environ[device.ADDRESSES]
    with (Path(folder) / address).open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shared = False
        except OSError:
            shared = True
        time.sleep(0.2)
        found = cards.this_process()
        for batch in batches:
            values = [[address], [found.kind], [found.index], [shared]]
            yield pa.RecordBatch.from_arrays([pa.array(v, f.type) for v, f in zip(values, KIND)], schema=KIND)


pool = SparkPool(SparkSettings(master="local-cluster[1,4,1024]", tasks=8, conf=conf))
print(json.dumps(pool.map(pa.table({"key": list(range(8))}), work, KIND, 1).to_pylist()))
pool.stop()
"""


def test_a_task_gets_a_card_for_itself_where_executors_have_cards() -> None:
    assert _one_task_a_card(SparkSettings()) == {}
    conf = {"spark.executor.resource.gpu.amount": "2"}
    assert _one_task_a_card(SparkSettings(conf=conf)) == {"spark.task.resource.gpu.amount": "1"}


def test_the_cards_of_a_task_are_those_that_spark_gave_it(monkeypatch: pytest.MonkeyPatch) -> None:
    from pyspark import TaskContext

    given = {"gpu": SimpleNamespace(addresses=["3"])}
    for context, expected in ((None, []), ({}, []), (given, ["3"])):
        played = None if context is None else SimpleNamespace(resources=lambda context=context: context)
        monkeypatch.setattr(TaskContext, "get", lambda played=played: played)
        assert _cards() == expected


@pytest.mark.long
@pytest.mark.spark
def test_on_a_cluster_of_two_played_cards_no_two_tasks_share_one(tmp_path: Path) -> None:
    script = tmp_path / "cards.sh"
    script.write_text("""#!/bin/sh\necho '{"name": "gpu", "addresses": ["0", "1"]}'\n""")
    script.chmod(0o755)
    command = [sys.executable, "-c", ON_A_CLUSTER, str(tmp_path), str(script)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=300)
    assert done.returncode == 0, done.stderr[-3000:]
    rows = json.loads(done.stdout.splitlines()[-1])
    assert len(rows) == 8
    assert {row["address"] for row in rows} == {"0", "1"}
    assert all(row["kind"] == "cuda" and row["index"] == int(row["address"]) for row in rows)
    assert not any(row["shared"] for row in rows)
