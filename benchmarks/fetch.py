"""The fetcher beside a bare download loop and beside img2dataset: one list, one loopback server, one run.

`python -m benchmarks.fetch [--images 5000] [--rounds 3]` prints a table. Each contender runs in a process of its own,
in turn with the others; what counts is CPU seconds (user and system, children included) of its best round, less those
of its best run over a single picture, so that nobody pays for imports. Rows are read back from disk.
"""

import argparse
import asyncio
import io
import multiprocessing
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import product
from pathlib import Path
from typing import Any, cast

import psutil

IMG2DATASET = ("img2dataset==1.47.0", "setuptools<81")  # it still asks for pkg_resources
ENVIRONMENT = Path("var/benchmarks/img2dataset")
WIDTH, HEIGHT = 750, 1000
BODIES = 8
"""Different pictures in memory; each URL's bytes are made different by a comment segment."""

AT_ONCE = 32
ROW_GROUP = 4096


# the server


def draw_bodies(width: int, height: int) -> list[bytes]:
    """JPEGs as shops have them: soft shapes with some grain."""
    import numpy as np
    from PIL import Image

    bodies = []
    for seed in range(BODIES):
        random = np.random.default_rng(seed)
        soft = Image.fromarray(random.integers(0, 255, (12, 9, 3), np.uint8)).resize(
            (width, height), Image.Resampling.BICUBIC
        )
        grain = random.normal(0, 5, (height, width, 1))
        target = io.BytesIO()
        Image.fromarray((np.asarray(soft) + grain).clip(0, 255).astype(np.uint8)).save(target, "JPEG", quality=82)
        bodies.append(target.getvalue())
    return bodies


class Answering(asyncio.Protocol):
    """As little of HTTP as the contenders need: GET, keep-alive, 404 for robots.txt."""

    bodies: list[bytes]

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport, self.buffer = cast(asyncio.WriteTransport, transport), b""

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while b"\r\n\r\n" in self.buffer:
            head, _, self.buffer = self.buffer.partition(b"\r\n\r\n")
            self._answer(head.split(b" ", 2)[1])

    def _answer(self, path: bytes) -> None:
        name = path.removeprefix(b"/").removesuffix(b".jpg")
        if not name.isdigit():
            self.transport.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
            return
        body = self.bodies[int(name) % BODIES]
        comment = b"\xff\xfe" + (len(name) + 2).to_bytes(2, "big") + name
        head = b"HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % (len(body) + len(comment))
        self.transport.write(head + body[:2] + comment + body[2:])


def serve(port: "multiprocessing.Queue[int]", width: int, height: int) -> None:
    Answering.bodies = draw_bodies(width, height)

    async def main() -> None:
        server = await asyncio.get_running_loop().create_server(Answering, "127.0.0.1", 0, backlog=1024)
        port.put(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(main())


@contextmanager
def serving(width: int = WIDTH, height: int = HEIGHT) -> Iterator[str]:
    """The server in a process of its own; its CPU time is nobody's."""
    port: multiprocessing.Queue[int] = multiprocessing.Queue()
    process = multiprocessing.Process(target=serve, args=(port, width, height), daemon=True)
    process.start()
    try:
        yield f"http://127.0.0.1:{port.get(timeout=300)}"
    finally:
        process.terminate()
        process.join()


# the contenders, each in a process of its own: a list of URLs in, rows in Parquet out


def bare(urls: list[str], out: Path) -> None:
    """Only downloads: no check, no hash, nothing kept but a length."""
    import aiohttp
    import pyarrow as pa
    import pyarrow.parquet as pq

    async def main() -> list[int]:
        left, lengths = iter(urls), []

        async def work(session: aiohttp.ClientSession) -> None:
            for url in left:
                async with session.get(url) as response:
                    lengths.append(len(await response.read()))

        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=AT_ONCE)) as session:
            await asyncio.gather(*[work(session) for _ in range(AT_ONCE)])
        return lengths

    lengths = asyncio.run(main())
    pq.write_table(pa.table({"bytes": lengths, "status": ["done"] * len(lengths)}), out / "rows.parquet")


def checked(urls: list[str], out: Path, keep: Callable[..., None] = lambda *picture: None) -> None:
    """The night's own way: robots, rates, caps, structure checks, hashes, rows."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    from schemas.tables import FETCHES
    from udfs.web.fetcher import FetchPolicy, PictureRequest, fetch_pictures
    from udfs.web.guard import networks

    loopback = networks(["127.0.0.1/32"])
    policy = FetchPolicy(datetime.now(UTC).date(), "selvedge-benchmark/1 (+mailto:catalog@example.org)")
    requests = (
        PictureRequest(url, 1, "shop", rate=1e9, connections=AT_ONCE, allow_private_hosts=loopback) for url in urls
    )
    schema = pa.schema([field for field in FETCHES.schema if field.name != "function"])
    found = []
    with pq.ParquetWriter(out / "rows.parquet", schema) as rows:
        for row in fetch_pictures(requests, policy, keep):
            found.append(row._asdict())
            if len(found) == ROW_GROUP:
                rows.write_batch(pa.RecordBatch.from_pylist(found, schema))
                found.clear()
        rows.write_batch(pa.RecordBatch.from_pylist(found, schema))


def stored(urls: list[str], out: Path) -> None:
    """The same, and the bytes in shards."""
    from lake.shards import ShardWriter
    from lake.store import open_store

    with ShardWriter(open_store(str(out / "lake")), 256 << 20) as shards:

        def keep(digest: bytes, picture: Any, body: bytes, url: str) -> None:
            shards.add(digest, body, picture.mime, {"url": url})

        checked(urls, out, keep)


INSIDE: dict[str, Callable[[list[str], Path], None]] = {"bare": bare, "checked": checked, "stored": stored}

Command = Callable[[Path, Path], list[str]]


def ours(name: str) -> Command:
    return lambda listing, out: [sys.executable, "-m", "benchmarks.fetch", "--inside", name, str(listing), str(out)]


def img2dataset(*options: str) -> Command:
    return lambda listing, out: [
        str(ENVIRONMENT / "bin" / "img2dataset"), f"--url_list={listing}", f"--output_folder={out / 'data'}",
        "--output_format=webdataset", "--processes_count=1", f"--thread_count={AT_ONCE}", "--enable_wandb=False",
        "--number_sample_per_shard=10000", *options,
    ]  # fmt: skip


BARE = "bare aiohttp loop: downloads only"
AS_THEY_COME = "img2dataset, bytes as they come"
CONTENDERS: dict[str, Command] = {
    BARE: ours("bare"),
    "selvedge: robots, checks, hashes, rows": ours("checked"),
    "selvedge, stored in shards too": ours("stored"),
    AS_THEY_COME: img2dataset("--resize_mode=no", "--disable_all_reencoding=True", "--extract_exif=False"),
    "img2dataset, usual settings": img2dataset(),
}


# measuring


@dataclass(frozen=True)
class Used:
    """What a process and its children used, and the rows that they left."""

    cpu_s: float
    wall_s: float
    peak_mib: float
    rows: int


def install() -> None:
    """img2dataset in an environment of its own: it wants other versions than we do."""
    if (ENVIRONMENT / "bin" / "img2dataset").exists():
        return
    uv = str(Path(sys.executable).parent / "uv")
    for command in (
        [uv, "venv", "-q", "--python", sys.executable, str(ENVIRONMENT)],
        [uv, "pip", "install", "-q", "--python", str(ENVIRONMENT / "bin" / "python"), *IMG2DATASET],
    ):
        subprocess.run(command, check=True)


def measure(command: Command, urls: list[str]) -> Used:
    """Run a contender over URLs and count what it used, and its rows as they are on disk."""
    with tempfile.TemporaryDirectory(prefix="selvedge-bench-", dir="var") as folder:
        out = Path(folder)
        listing = out / "urls.txt"
        listing.write_text("\n".join(urls) + "\n")
        before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
        peak_mib = run(command(listing, out), out / "log")
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return Used(cpu_s, time.monotonic() - started, peak_mib, read_back(out))


def run(command: list[str], log: Path) -> float:
    """Run a command; gives the peak memory of it and its children in MiB. A failure shows the end of its log."""
    peak = 0
    with log.open("wb") as file:
        process = subprocess.Popen(command, stdout=file, stderr=file)
        while process.poll() is None:
            with suppress(psutil.NoSuchProcess):
                parent = psutil.Process(process.pid)
                peak = max(peak, sum(one.memory_info().rss for one in [parent, *parent.children(recursive=True)]))
            time.sleep(0.2)
    if process.returncode:
        raise SystemExit(f"{command[0]} failed:\n{log.read_text(errors='replace')[-2000:]}")
    return peak / 2**20


def read_back(out: Path) -> int:
    """Rows of pictures that arrived, counted on disk."""
    import pyarrow.parquet as pq

    count = 0
    for file in out.rglob("*.parquet"):
        table = pq.read_table(file)
        count += sum(status in ("done", "success") for status in table["status"].to_pylist())
    return count


def compare(images: int, rounds: int, names: list[str]) -> Iterator[str]:
    """The table's lines."""
    starts: dict[str, float] = {}
    best: dict[str, Used] = {}
    with serving() as address:
        urls = [f"{address}/{number}.jpg" for number in range(images)]
        for _, name in product(range(rounds), names):
            start, used = measure(CONTENDERS[name], urls[:1]), measure(CONTENDERS[name], urls)
            print(f"{name}: {used}, start {start.cpu_s:.2f} CPU s", file=sys.stderr)
            starts[name] = min(start.cpu_s, starts.get(name, start.cpu_s))
            best[name] = min(used, best.get(name, used), key=lambda one: one.cpu_s)
    speeds = {name: used.rows / (used.cpu_s - starts[name]) for name, used in best.items()}
    yield "| | images/CPU s | beside bare | beside img2dataset | images/s | peak MiB | rows read back |"
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    for name, used in best.items():
        yield (
            f"| {name} | {speeds[name]:,.0f} | {_beside(speeds, name, BARE)} | {_beside(speeds, name, AS_THEY_COME)} "
            f"| {used.rows / used.wall_s:,.0f} | {used.peak_mib:,.0f} | {used.rows:,} |"
        )


def _beside(speeds: dict[str, float], name: str, other: str) -> str:
    return f"{speeds[name] / speeds[other]:.2f}" if other in speeds else ""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--images", type=int, default=5_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", action="append", choices=list(CONTENDERS), help="default: all")
    parser.add_argument("--inside", nargs=3, metavar=("NAME", "LIST", "OUT"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.inside:
        name, listing, out = given.inside
        INSIDE[name](Path(listing).read_text().split(), Path(out))
        return
    ENVIRONMENT.parent.mkdir(parents=True, exist_ok=True)
    names = given.only or list(CONTENDERS)
    if any("img2dataset" in name for name in names):
        install()
    for line in compare(given.images, given.rounds, names):
        print(line)


if __name__ == "__main__":
    main()
