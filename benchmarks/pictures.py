"""Pictures a second and core of each stage's own function, beside bare decoding and bare networks in the same run.

`python -m benchmarks.pictures [FOLDER...] [--count 192]` prints one table for photos of 600 x 800 and one for small
ones. Pictures come from the folders, else from a drawn shop; each is scaled and encoded again. All figures are seconds
of CPU on one thread, the best of some rounds, so that other work on the machine counts little.

Bare means: each picture decoded by simplejpeg at the scales that are asked for, once each, and each released network
run by ONNX Runtime as it stands in its file, once for every picture that it looks at. The filter looks twice at a part
of the pictures; its second looks are said, and are not among the bare ones. Layers that the filter and the detector
share are in both bare networks, and run once in the one pass.

`--spark` measures the same through two Spark workers on this machine, rows written to the lake: CPU of the driver, its
JVM and the workers together. Starting them and loading the networks is not counted.

`--memory 100000` prints instead what the one pass holds at most, chunk by chunk, over so many pictures.
"""

import argparse
import hashlib
import io
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import onnxruntime
import psutil
import pyarrow as pa
import simplejpeg
from PIL import Image

from jobs.engine.beside import due_in, made_column
from jobs.engine.night import Night
from jobs.engine.progress import Progress
from jobs.engine.stage import REPORTED, Writing
from jobs.engine.visual import GROUPS, OverPixels, batch_rows
from jobs.stages import detect, embed, fingerprint, screen
from lake.shards import ShardWriter
from lake.store import open_store
from lake.tables import RowWriter
from schemas.settings import Settings, SparkSettings
from shops.draw import DrawOptions, draw
from udfs.pictures.crops import WHOLE
from udfs.pictures.decode import decode
from udfs.pictures.preprocess import letterbox
from udfs.pictures.screen import Chances, in_doubt
from udfs.runtime.device import THREADS

MASTER = "local[2]"
SIZES = {"600 x 800": (600, 800), "240 x 320": (240, 320)}
STAGES = {"fingerprint": fingerprint, "screen": screen, "detect": detect, "embed": embed}
ROUNDS = 3
CHUNK = 1_000
QUALITY = 88
SUFFIXES = {".jpg", ".jpeg", ".png", ".webp"}


@dataclass(frozen=True)
class Line:
    """Seconds of CPU for `count` pictures."""

    name: str
    decode: float
    forward: float
    measured: float

    def row(self, count: int) -> str:
        bare = self.decode + self.forward
        parts = [1000 * seconds / count for seconds in (self.decode, self.forward, self.measured)]
        figures = " | ".join(f"{part:.1f}" for part in parts)
        return f"| {self.name} | {count / self.measured:.0f} | {figures} | {bare / self.measured:.2f} |"

    def and_(self, name: str, other: "Line") -> "Line":
        return Line(name, self.decode + other.decode, self.forward + other.forward, self.measured + other.measured)


def main() -> None:
    """Prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folders", nargs="*", type=Path)
    parser.add_argument("--count", type=int, default=192)
    parser.add_argument("--spark", action="store_true")
    parser.add_argument("--memory", type=int, metavar="PICTURES")
    asked = parser.parse_args()
    os.environ[THREADS] = "1"
    Path("var").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="selvedge-bench-", dir="var") as folder:
        photos = some_of(asked.folders or [drawn(Path(folder))], asked.count)
        if asked.memory:
            print("| pictures | most held, MiB |\n| --- | --- |")
            for seen, mib in peaks(Path(folder) / "lake", [encoded(photo, 600, 800) for photo in photos], asked.memory):
                print(f"| {seen:,} | {mib:,.0f} |", flush=True)
            return
        for name, (width, height) in SIZES.items():
            bodies = [encoded(photo, width, height) for photo in photos]
            print(f"\n{len(bodies)} pictures of {name}, {sum(map(len, bodies)) // len(bodies) // 1000} kB each\n")
            for line in table(Path(folder) / name.partition(" ")[0], bodies, asked.spark):
                print(line.row(len(bodies)), flush=True)


def table(lake: Path, bodies: Sequence[bytes], through_spark: bool) -> list[Line]:
    """One line a stage, one for all three that one pass does, and one for the whole chain."""
    night, count = night_over(lake), len(bodies)
    measured = spark_seconds if through_spark else seconds_here
    rows = stored(lake, bodies)
    work = {name: stage.RULE.work(night) for name, stage in STAGES.items()}
    sides = {name: function.side for name, function in work.items()}
    networks = {name: bare_network(night, name) for name in work if name != "fingerprint"}
    lines = {}
    for name in work:
        forward = networks[name](count) if name in networks else 0.0
        decoding = cpu_seconds(lambda name=name: bare_decode(bodies, [sides[name]]))
        lines[name] = Line(name, decoding, forward, measured(night, name, rows))
    due = in_one_pass(rows)
    wanted = sum(len(found) - found[made_column("detect")].null_count for found in batches(work["screen"], due))
    together = cpu_seconds(lambda: bare_decode(bodies, [sides[name] for name in ("fingerprint", "screen", "detect")]))
    forward = lines["screen"].forward + lines["detect"].forward * wanted / count
    one = Line("fingerprint, screen, detect in one pass", together, forward, measured(night, "screen", due))
    night.spark.stop()
    print(f"{wanted} pictures are wanted; the filter looks twice at {second_looks(night, bodies)}\n")
    print("| what | pictures a second and core | bare decode, ms | bare network, ms | measured, ms | ratio |")
    print("| --- | --- | --- | --- | --- | --- |")
    return [*lines.values(), one, one.and_("**one pass, then embed**", lines["embed"])]


def night_over(lake: Path) -> Night:
    settings = Settings(lake=str(lake), spark=SparkSettings(master=MASTER))
    return Night(settings, "bench", datetime.now(UTC).date(), Progress(quiet=True))


def seconds_here(night: Night, name: str, rows: pa.RecordBatch) -> float:
    function = STAGES[name].RULE.work(night)
    return cpu_seconds(lambda: batches(function, rows))


def spark_seconds(night: Night, name: str, rows: pa.RecordBatch) -> float:
    write, whole, size = writing(night, name), pa.Table.from_batches([rows]), batch_rows(night)
    return cpu_seconds(lambda: night.spark.map(whole, write, REPORTED, size), clock=cpu_of_all)


def cpu_of_all() -> float:
    """CPU seconds of this process, of those that it started, and of those that they started and that have ended."""
    driver = psutil.Process()
    return sum(sum(one.cpu_times()[:4]) for one in (driver, *driver.children(recursive=True)))


def writing(night: Night, name: str) -> Writing:
    """The work of a stage, with what it makes for others, written to the lake and not committed."""
    lake, none = night.settings.lake, bytes(32)
    others = {one: (RowWriter(lake, STAGES[one].RULE.table), none) for one in ("fingerprint", "detect")}
    rule = STAGES[name].RULE
    return Writing(RowWriter(lake, rule.table), none, rule.work(night), night.settings.work.row_seconds, others)


def in_one_pass(rows: pa.RecordBatch) -> pa.RecordBatch:
    """Rows that are due in all three stages, as a new picture is."""
    rows = rows.drop_columns(["box"])
    for name in ("fingerprint", "detect"):
        rows = rows.append_column(due_in(name), pa.array([True] * rows.num_rows))
    return rows


def batches(function: OverPixels, rows: pa.RecordBatch) -> list[pa.RecordBatch]:
    size = GROUPS * function.group
    return [function(rows.slice(at, size)) for at in range(0, rows.num_rows, size)]


def bare_decode(bodies: Sequence[bytes], sides: Sequence[int]) -> None:
    for body in bodies:
        height, width, *_ = simplejpeg.decode_jpeg_header(body)
        for factor in {next(f for f in (8, 4, 2, 1) if f == 1 or min(height, width) // f >= side) for side in sides}:
            simplejpeg.decode_jpeg(body, "RGB", fastdct=True, fastupsample=True, min_height=-(-height // factor),
                                   min_width=-(-width // factor))  # fmt: skip


def second_looks(night: Night, bodies: Sequence[bytes]) -> int:
    """How many pictures the filter looks at once more."""
    model = night.model_source("screen").load()
    side = model.description.side
    found = model.run(np.stack([letterbox(decode(body, side), side)[0] for body in bodies]))
    return int(in_doubt(Chances(found["screen"], found["depicts"]), model.description.preprocessing).sum())


def peaks(lake: Path, bodies: Sequence[bytes], pictures: int) -> Iterator[tuple[int, float]]:
    """Pictures that one pass went through so far, and the most MiB held during the chunk that ends there."""
    night = night_over(lake)
    write = writing(night, "screen")
    rows = in_one_pass(stored(lake, bodies))
    whole = pa.Table.from_batches([rows] * -(-CHUNK // rows.num_rows)).slice(0, CHUNK)
    for seen in range(CHUNK, pictures + 1, CHUNK):
        Path("/proc/self/clear_refs").write_text("5")  # sets the peak back to what is held now
        list(write(whole.to_batches(max_chunksize=batch_rows(night))))
        lines = Path("/proc/self/status").read_text().splitlines()
        yield seen, next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


def bare_network(night: Night, name: str) -> Callable[[int], float]:
    """CPU seconds for some pictures of the network as it is released, in ONNX Runtime with one thread."""
    release = night.model(name).release
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    body = (release.folder / release.description.weights).read_bytes()
    session = onnxruntime.InferenceSession(body, options, providers=["CPUExecutionProvider"])
    (entry,) = session.get_inputs()
    pixels = np.random.default_rng(0).integers(0, 256, entry.shape, np.uint8)
    return lambda count: cpu_seconds(lambda: session.run(None, {entry.name: pixels}), 9) * count / len(pixels)


def cpu_seconds(
    work: Callable[[], object], rounds: int = ROUNDS, clock: Callable[[], float] = time.process_time
) -> float:
    """The least of some rounds, after one that is not counted; all threads of this process, or what `clock` counts."""
    found = []
    for _ in range(rounds + 1):
        began = clock()
        work()
        found.append(clock() - began)
    return min(found[1:])


def stored(lake: Path, bodies: Sequence[bytes]) -> pa.RecordBatch:
    """What every stage gets of stored pictures; boxes are the whole of each."""
    with ShardWriter(open_store(str(lake)), 1 << 28) as shards:
        rows = []
        for body in bodies:
            digest = hashlib.sha256(body).digest()
            place = shards.add(digest, body, "image/jpeg", {})
            rows.append(vars(place) | {"picture": digest, "vector_key": digest, "box": list(WHOLE)})
    return pa.RecordBatch.from_pylist(rows)


def some_of(folders: Sequence[Path], count: int) -> list[Path]:
    """Every nth picture of some folders."""
    found = sorted(path for folder in folders for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)
    if not found:
        raise SystemExit(f"{', '.join(map(str, folders))}: no picture is there")
    return found[:: max(len(found) // count, 1)][:count]


def encoded(photo: Path, width: int, height: int) -> bytes:
    """A photo scaled to a size, as JPEG."""
    target = io.BytesIO()
    with Image.open(photo) as image:
        image.convert("RGB").resize((width, height), Image.Resampling.LANCZOS).save(target, "JPEG", quality=QUALITY)
    return target.getvalue()


def drawn(folder: Path) -> Path:
    return draw(folder / "shop", DrawOptions(retailer="bench", offers=150)).folder


if __name__ == "__main__":
    main()
