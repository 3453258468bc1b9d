"""Runs Airflow on this machine's loopback with the nightly DAG, until Ctrl-C.

Its data is in var/airflow (AIRFLOW_HOME), in SQLite unless AIRFLOW__DATABASE__SQL_ALCHEMY_CONN names another database.
AIRFLOW_PORT sets the port. `airflow standalone` is not used, because its log servers listen on every address and it
leaves processes behind.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

from infra.programs import ProgramEnded, Programs, answer_of, until_told_to_end

REPOSITORY = Path(__file__).resolve().parents[1]
AIRFLOW = str(Path(sys.executable).with_name("airflow"))
HEALTHY_WITHIN_S = 300
COMPONENTS = {
    "scheduler": ["scheduler", "--skip-serve-logs"],
    "dag-processor": ["dag-processor"],
    "api-server": ["api-server", "--host", "127.0.0.1", "--workers", "1"],
    "triggerer": ["triggerer", "--skip-serve-logs"],
}


def environment(port: int) -> dict[str, str]:
    """Airflow's settings. A variable that is set already wins."""
    url = f"http://127.0.0.1:{port}"
    ours = {
        "AIRFLOW_HOME": str(REPOSITORY / "var" / "airflow"),
        "AIRFLOW__CORE__DAGS_FOLDER": str(REPOSITORY / "dags"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
        "AIRFLOW__CORE__PARALLELISM": "2",  # tasks at a time; each is a worker process of 145 MB
        "AIRFLOW__DAG_PROCESSOR__PARSING_PROCESSES": "1",
        "AIRFLOW__API__PORT": str(port),  # the three must agree
        "AIRFLOW__API__BASE_URL": url,
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{url}/execution/",
        "SELVEDGE_HOME": str(REPOSITORY),
    }
    return {**ours, **os.environ}


def is_healthy(url: str) -> bool:
    """Whether the API server reports scheduler, DAG processor and database as healthy."""
    body = answer_of(f"{url}/api/v2/monitor/health")
    if body is None:
        return False
    health = json.loads(body)
    return all(health[part]["status"] == "healthy" for part in ("metadatabase", "scheduler", "dag_processor"))


def wait_until_healthy(programs: Programs, url: str) -> None:
    """Wait until a night could be started. Raises ProgramEnded if that takes too long or a program ends."""
    until = time.monotonic() + HEALTHY_WITHIN_S
    while not is_healthy(url):
        programs.check()
        if time.monotonic() > until:
            raise ProgramEnded(f"it was not healthy within {HEALTHY_WITHIN_S} s; its logs say why")
        time.sleep(0.5)


def serve(port: int) -> None:
    settings = environment(port)
    home, url = Path(settings["AIRFLOW_HOME"]), f"http://127.0.0.1:{port}"
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    print(f"Airflow: preparing the database in {home}", flush=True)
    subprocess.run([AIRFLOW, "db", "migrate"], env=settings, check=True, stdout=subprocess.DEVNULL)
    with Programs(home / "components") as programs:
        for name, arguments in COMPONENTS.items():
            programs.start(name, [AIRFLOW, *arguments], settings)
        wait_until_healthy(programs, url)
        print(f"Airflow: {url}, user admin, password in {home / 'simple_auth_manager_passwords.json.generated'}")
        print(
            "Switch catalog_nightly on to start a night (`make shops` serves the sample shops). Ctrl-C stops Airflow."
        )
        sys.stdout.flush()
        while True:
            programs.check()
            time.sleep(1)


def main() -> None:
    port = int(os.environ.get("AIRFLOW_PORT", "8080"))
    if answer_of(f"http://127.0.0.1:{port}/") is not None:
        sys.exit(f"port {port} is in use: stop the program that listens there, or set AIRFLOW_PORT to another port")
    try:
        with until_told_to_end():
            serve(port)
    except subprocess.CalledProcessError:
        sys.exit("Airflow's database could not be prepared; the lines above say why")
    except ProgramEnded as ended:
        sys.exit(f"Airflow: {ended}")


if __name__ == "__main__":
    main()
