"""The most that the night's fetch holds in memory, chunk by chunk, while it stores many pictures.

`python -m benchmarks.fetch_memory [--images 100000]` prints a table. A worker's own function runs over chunks as large
as a night's, against a loopback server in a process of its own. The peak is the kernel's, set back before each chunk.
"""

import argparse
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pyarrow.compute as pc

from benchmarks.fetch import AT_ONCE, serving
from jobs.stages.fetch import FetchPictures, packed
from schemas.settings import Settings
from schemas.table import DONE
from udfs.web.guard import networks
from udfs.web.request import FetchPolicy, PictureRequest

WIDTH, HEIGHT = 120, 160
"""A picture of about 4 kB: the memory of rows and connections shows, not that of a few large bodies."""

LOOPBACK = networks(["127.0.0.1/32"])


def peaks(images: int, lake: Path) -> Iterator[tuple[int, float]]:
    """Pictures stored so far, and the most MiB held during the chunk that ends there."""
    settings = Settings()
    policy = FetchPolicy(datetime.now(UTC).date(), "selvedge-benchmark/1 (+mailto:catalog@example.org)")
    work = FetchPictures(str(lake), policy, settings.fetch.shard_bytes)
    stored = 0
    with serving(WIDTH, HEIGHT) as address:
        for start in range(0, images, settings.work.chunk_rows):
            chunk = range(start, min(start + settings.work.chunk_rows, images))
            Path("/proc/self/clear_refs").write_text("5")  # sets the peak back to what is held now
            rows = work(packed([[_request(f"{address}/{number}.jpg") for number in chunk]]))
            stored += pc.sum(pc.equal(rows["status"], DONE)).as_py()
            yield stored, _peak_mib()


def _request(url: str) -> PictureRequest:
    return PictureRequest(url, 1, "shop", rate=1e9, connections=AT_ONCE, allow_private_hosts=LOOPBACK)


def _peak_mib() -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--images", type=int, default=100_000)
    print("| pictures stored | most held, MiB |\n| --- | --- |")
    with tempfile.TemporaryDirectory(prefix="selvedge-bench-", dir="var") as lake:
        for stored, mib in peaks(parser.parse_args().images, Path(lake)):
            print(f"| {stored:,} | {mib:,.0f} |", flush=True)


if __name__ == "__main__":
    main()
