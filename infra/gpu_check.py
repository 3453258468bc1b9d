"""Tries the released networks on one GPU and times them beside a plain torch loop; writes one JSON file.

`infra/gpu_check.sh [--device cuda|torch] [--batches 16,64,256] [--seconds 4]`. Without a GPU it runs on torch's CPU
device, in small sizes, to prove that it works, and says so. What no time was left for is listed in `left_out`.
"""

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pyarrow as pa
import torch

from infra.gpu_bundle import NETWORKS, PICTURES
from infra.gpu_chain import SIDE, chain, decoder, decoding, on_card, on_spark
from infra.gpu_networks import CALLS_AT_ONCE, Loaded, compiled, loaded, parity, plain, through_session
from udfs.pictures.preprocess import letterbox
from udfs.runtime.cards import runs
from udfs.runtime.device import THREADS, Device
from udfs.runtime.errors import first_line

ROOT = Path(__file__).resolve().parents[1]
OUT = ROOT / "var" / "gpu-check" / "result.json"
LIMIT_SECONDS = 500.0
COMPILE_SECONDS = 90.0
"""What compiling one network may take."""
PRECISIONS = {"fp32": False, "fp16": True}
SAMPLE_SECONDS = 0.5


class Check:
    """One run: what it found so far, and until when it may go on."""

    def __init__(self, flags: argparse.Namespace) -> None:
        self.flags, self.begin = flags, time.perf_counter()
        reason = runs(Device("cuda")) if flags.device == "auto" else None
        kind = flags.device if flags.device != "auto" else "torch" if reason else "cuda"
        self.device = Device(kind, 0, flags.threads)
        on_cuda = kind == "cuda"
        self.batches = [int(size) for size in (flags.batches or ("16,64,256" if on_cuda else "4,8,16")).split(",")]
        self.seconds = flags.seconds or (3.0 if on_cuda else 0.5)
        self.found: dict[str, Any] = {
            "card": torch.cuda.get_device_name(0) if on_cuda else None,
            "said": f"no card was seen ({reason}): torch on the CPU" if reason else f"device {kind}",
            "machine": _machine(flags.threads),
            "parity": [], "decode": [], "forward": [], "chain": [], "left_out": [],
        }  # fmt: skip

    def run(self) -> None:
        """Every section in turn, the result written after each, so that a kill loses one section."""
        with pa.ipc.open_file(self.flags.pictures) as file:
            rows = file.read_all().to_pylist()
        bodies: dict[str, list[bytes]] = {}
        for row in rows:
            bodies.setdefault(row["kind"], []).append(row["body"])
        name, decode = decoder()
        self.found["machine"]["decoder"] = name
        self.found["pictures"] = {kind: len(found) for kind, found in bodies.items()}
        for kind, found in bodies.items():
            some = found[: self.flags.most]
            speed = decoding(decode, some, self.flags.threads, self.seconds)
            self.found["decode"].append({"kind": kind, "threads": self.flags.threads, "pictures_a_second": speed})
            card = on_card(
                some, torch.device("cuda", 0) if self.device.kind == "cuda" else torch.device("cpu"), self.seconds
            )
            self.found["decode"].append({"kind": kind, "threads": "card"} | card)
        self.write()
        photos = bodies["600x800"][: self.flags.most]
        canvases = [decode(body, SIDE) for body in photos]
        for precision in PRECISIONS:
            for batch in self.batches:
                try:
                    self._one(precision, batch, canvases, lambda models, size: chain(
                        models, decode, photos, size, self.flags.threads, 2 * self.seconds
                    ))  # fmt: skip
                except Exception as error:  # the next size may do, and what was found so far has to be written
                    self.found["left_out"].append(f"{precision}, batch {batch} ({type(error).__name__}: {error})")
                self.write()
        try:
            self.found["spark"] = on_spark(decode, photos) if self.left() > 60 else {"left_out": "no time was left"}
        except Exception as error:  # Spark is beside the point here
            self.found["spark"] = {"left_out": f"{type(error).__name__}: {first_line(error)}"}
        self.write()

    def _one(self, precision: str, batch: int, canvases: list[np.ndarray], whole: Any) -> None:
        """Parity, networks and chain at one precision and batch size."""
        if self.left() < 30:
            self.found["left_out"].append(f"{precision}, batch {batch}")
            return
        half = PRECISIONS[precision]
        models = {name: loaded(name, self.device, half, batch) for name in NETWORKS}
        if batch == self.batches[0]:
            self._compare(precision, models, canvases)
        bare = 0.0
        for name, model in models.items():
            squares = [letterbox(pixels, model.description.side)[0] for pixels in canvases[:batch]]
            rows = np.resize(np.stack(squares), (batch, *squares[0].shape))
            rows = np.concatenate([rows] * (CALLS_AT_ONCE if self.device.kind == "cuda" else 1))
            loops = plain(model, batch, half, self.seconds)
            if half and batch == self.batches[-1] and self.flags.compile:
                loops |= self._compiled(name, model, batch)
            speed = through_session(model, rows, self.seconds)
            bare += 1 / max(loops.values())
            self.found["forward"].append(
                {"network": name, "precision": precision, "batch": batch, "pictures_a_second": speed}
                | {"plain": loops, "share": speed / max(loops.values())}
            )
        if self.device.kind == "cuda":
            torch.cuda.reset_peak_memory_stats()
        with busy() as shares:
            speed = whole(models, batch)
        peak = torch.cuda.max_memory_reserved() if self.device.kind == "cuda" else None
        self.found["chain"].append(
            {"precision": precision, "batch": batch, "pictures_a_second": speed, "plain": 1 / bare}
            | {"share": speed * bare, "busy": statistics.fmean(shares) / 100 if shares else None}
            | {"peak_memory_bytes": peak}
        )

    def _compiled(self, name: str, model: Loaded, batch: int) -> dict[str, float]:
        if self.left() < COMPILE_SECONDS:
            self.found["left_out"].append(f"torch.compile of {name}")
            return {}
        try:
            return {"compiled": compiled(model, batch, True, self.seconds)}
        except Exception as error:  # it needs a C compiler, and more
            self.found["left_out"].append(f"torch.compile of {name} ({type(error).__name__}: {first_line(error)})")
            return {}

    def _compare(self, precision: str, models: Mapping[str, Loaded], canvases: list[np.ndarray]) -> None:
        """Cosines to the golden answers, and the share of photos with the same class as the first precision gave."""
        rows = np.stack([letterbox(pixels, models["screen"].description.side)[0] for pixels in canvases])
        classes = models["screen"].run(rows)["depicts"].argmax(1)
        self._classes = getattr(self, "_classes", classes)
        for name, model in models.items():
            self.found["parity"].append({"network": name, "precision": precision, "cosine": parity(model)})
        self.found["parity"][-len(models)]["same_class"] = float((classes == self._classes).mean())

    def left(self) -> float:
        """Seconds that are left."""
        return float(self.flags.limit) - (time.perf_counter() - self.begin)

    def write(self) -> None:
        """The file as far as it is known, replaced in one step."""
        self.found["seconds"] = time.perf_counter() - self.begin
        self.flags.out.parent.mkdir(parents=True, exist_ok=True)
        fresh = self.flags.out.with_suffix(".new")
        fresh.write_text(json.dumps(self.found, indent=1) + "\n", encoding="utf-8")
        fresh.replace(self.flags.out)


@contextmanager
def busy() -> Iterator[list[float]]:
    """How busy NVML says that the card is, in percent, while the block runs; empty without nvidia-smi."""
    shares: list[float] = []
    over = threading.Event()

    def sample() -> None:
        ask = ["nvidia-smi", "--query-gpu=utilization.gpu", "--format=csv,noheader,nounits", "--id=0"]
        while not over.wait(SAMPLE_SECONDS):
            said = subprocess.run(ask, capture_output=True, text=True).stdout.strip()
            if said.isdigit():
                shares.append(float(said))

    if shutil.which("nvidia-smi") is None:
        yield shares
        return
    thread = threading.Thread(target=sample)
    thread.start()
    try:
        yield shares
    finally:
        over.set()
        thread.join()


def _machine(threads: int) -> dict[str, Any]:
    try:
        import torchvision

        vision = torchvision.__version__
    except ImportError:
        vision = None
    return {
        "python": platform.python_version(), "torch": torch.__version__, "cuda": torch.version.cuda,
        "torchvision": vision, "opencv": cv2.__version__, "cores": os.cpu_count(), "threads": threads,
    }  # fmt: skip


def main() -> None:
    """Run the check."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", choices=("auto", "cuda", "torch"), default="auto")
    parser.add_argument("--batches", help="three sizes, with commas; default 16,64,256, without a card 4,8,16")
    parser.add_argument("--seconds", type=float, help="of each timing; default 3, without a card 0.5")
    parser.add_argument("--most", type=int, default=1000, help="pictures of each kind that are used")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1, help="that open pictures")
    parser.add_argument("--compile", action=argparse.BooleanOptionalAction, default=True, help="time torch.compile too")
    parser.add_argument("--limit", type=float, default=LIMIT_SECONDS, help="seconds after which nothing new is begun")
    parser.add_argument("--pictures", type=Path, default=PICTURES)
    parser.add_argument("--out", type=Path, default=OUT)
    flags = parser.parse_args()
    if not flags.pictures.is_file():
        raise SystemExit(f"gpu-check: {flags.pictures} does not exist; to act: the engineer (make gpu-bundle)")
    os.environ[THREADS] = str(flags.threads)
    check = Check(flags)
    print(check.found["said"], flush=True)
    check.run()
    print(f"{flags.out}: {check.found['seconds']:.0f} seconds; python -m benchmarks.gpu_table {flags.out}")


if __name__ == "__main__":
    main()
