"""Runs a Spark standalone cluster on this machine's loopback, from pyspark's own files, until Ctrl-C.

Executors inherit the environment of the workers: set the AWS_* variables of a lake in S3 before starting the cluster.
"""

import argparse
import os
import sys
import time
from pathlib import Path

import pyspark

from infra.programs import ProgramEnded, Programs, until_told_to_end

HOST = "127.0.0.1"
READY_WITHIN_S = 60
SPARK = Path(pyspark.__file__).parent


def environment() -> dict[str, str]:
    """The environment of master, workers and executors."""
    ours = {"SPARK_HOME": str(SPARK), "SPARK_LOCAL_IP": HOST, "PYSPARK_PYTHON": sys.executable}
    return {**os.environ, **ours, "SPARK_DAEMON_JAVA_OPTS": "-XX:+UseSerialGC -XX:TieredStopAtLevel=1"}


def master_command(port: int) -> list[str]:
    return [
        str(SPARK / "bin" / "spark-class"), "org.apache.spark.deploy.master.Master",
        "--host", HOST, "--port", str(port), "--webui-port", "0",
    ]  # fmt: skip


def worker_command(flags: argparse.Namespace) -> list[str]:
    return [
        str(SPARK / "bin" / "spark-class"), "org.apache.spark.deploy.worker.Worker", f"spark://{HOST}:{flags.port}",
        "--host", HOST, "--webui-port", "0", "--cores", str(flags.cores), "--memory", flags.memory,
        "--work-dir", str(flags.folder / "work"),
    ]  # fmt: skip


def serve(flags: argparse.Namespace) -> None:
    with Programs(flags.folder / "logs") as programs:
        programs.start("master", master_command(flags.port), environment())
        _wait(programs, ["master"], "I have been elected leader")
        workers = [f"worker-{number}" for number in range(1, flags.workers + 1)]
        for name in workers:
            programs.start(name, worker_command(flags), environment())
        _wait(programs, workers, "Successfully registered with master")
        print(f"spark://{HOST}:{flags.port} with {flags.workers} workers; Ctrl-C stops it", flush=True)
        while True:
            programs.check()
            time.sleep(1)


def _wait(programs: Programs, names: list[str], line: str) -> None:
    until = time.monotonic() + READY_WITHIN_S
    while not all(line in programs.log_of(name) for name in names):
        programs.check()
        if time.monotonic() > until:
            raise ProgramEnded(f"{', '.join(names)}: not ready within {READY_WITHIN_S} s")
        time.sleep(0.2)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m infra.cluster", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--workers", type=int, default=2, help="number of workers")
    parser.add_argument("--cores", type=int, default=1, help="cores per worker")
    parser.add_argument("--memory", default="2g", help="memory of each worker's executors")
    parser.add_argument("--port", type=int, default=7077, help="port of the master")
    parser.add_argument("--folder", type=Path, default=Path("var/spark"), help="folder for logs and the workers' files")
    flags = parser.parse_args()
    try:
        with until_told_to_end():
            serve(flags)
    except ProgramEnded as ended:
        sys.exit(f"cluster: {ended}")


if __name__ == "__main__":
    main()
