"""Pictures a second and core of each stage's own function, beside bare decoding and bare networks in the same run.

`python -m benchmarks.pictures [FOLDER...] [--count 192]` prints one table for photos of 600 x 800 and one for small
ones. Pictures come from the folders, else from a drawn shop; each is scaled and encoded again. All figures are seconds
of CPU on one thread, the best of some rounds, so that other work on the machine counts little.

Bare means: each picture decoded by simplejpeg at the scale that a stage asks for, and each released network run by
ONNX Runtime as it stands in its file, once a picture. The filter looks twice at a part of the pictures; its second
looks are not among the bare ones.
"""

import argparse
import hashlib
import io
import os
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import onnxruntime
import pyarrow as pa
from PIL import Image

from jobs.engine.night import Night
from jobs.engine.progress import Progress
from jobs.engine.visual import OverPixels
from jobs.stages import detect, embed, fingerprint, screen
from lake.shards import ShardWriter
from lake.store import open_store
from schemas.settings import Settings
from shops.draw import DrawOptions, draw
from udfs.pictures.crops import WHOLE
from udfs.pictures.decode import decode
from udfs.pictures.fingerprint import OPENED_AT_PX
from udfs.runtime.device import THREADS

SIZES = {"600 x 800": (600, 800), "240 x 320": (240, 320)}
ROUNDS = 3
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


def main() -> None:
    """Prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folders", nargs="*", type=Path)
    parser.add_argument("--count", type=int, default=192)
    asked = parser.parse_args()
    os.environ[THREADS] = "1"
    Path("var").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="selvedge-bench-", dir="var") as folder:
        photos = some_of(asked.folders or [drawn(Path(folder))], asked.count)
        for name, (width, height) in SIZES.items():
            bodies = [encoded(photo, width, height) for photo in photos]
            print(f"\n{len(bodies)} pictures of {name}, {sum(map(len, bodies)) // len(bodies) // 1000} kB each\n")
            print("| what | pictures a second and core | bare decode, ms | bare network, ms | measured, ms | ratio |")
            print("| --- | --- | --- | --- | --- | --- |")
            for line in table(Path(folder) / name.partition(" ")[0], bodies):
                print(line.row(len(bodies)), flush=True)


def table(lake: Path, bodies: Sequence[bytes]) -> list[Line]:
    """One line a stage, and one for all of them."""
    night = Night(Settings(lake=str(lake)), "bench", datetime.now(UTC).date(), Progress(quiet=True))
    rows = stored(lake, bodies)
    work = {
        "fingerprint": (fingerprint.RULE.work(night), OPENED_AT_PX),
        **{name: (stage.RULE.work(night), night.model(name).release.description.side)
           for name, stage in (("screen", screen), ("detect", detect), ("embed", embed))},
    }  # fmt: skip
    networks = {name: bare_network(night, name) for name in work if name != "fingerprint"}
    lines = []
    for name, (function, side) in work.items():
        decoding = cpu_seconds(lambda side=side: [decode(body, side) for body in bodies])
        forward = networks[name](len(bodies)) if name in networks else 0.0
        lines.append(Line(name, decoding, forward, cpu_seconds(lambda function=function: batches(function, rows))))
    parts = [sum(getattr(line, part) for line in lines) for part in ("decode", "forward", "measured")]
    return [*lines, Line("**all four**", *parts)]


def batches(function: OverPixels, rows: pa.RecordBatch, size: int = 32) -> None:
    for at in range(0, rows.num_rows, size):
        function(rows.slice(at, size))


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


def cpu_seconds(work: Callable[[], object], rounds: int = ROUNDS) -> float:
    """The least of some rounds, after one that is not counted; all threads of this process."""
    found = []
    for _ in range(rounds + 1):
        began = time.process_time()
        work()
        found.append(time.process_time() - began)
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
