"""What the GPU check times beside the networks alone: decoding, and pictures from their bytes to vectors and boxes."""

import importlib.util
import itertools
import os
import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import cv2
import numpy as np

from infra.gpu_networks import Loaded, rate
from udfs.pictures.crops import WHOLE, crop
from udfs.pictures.detect import detect
from udfs.pictures.embed import embed
from udfs.pictures.screen import screen

Decode = Callable[[bytes, int], np.ndarray]
FACTORS = {8: cv2.IMREAD_REDUCED_COLOR_8, 4: cv2.IMREAD_REDUCED_COLOR_4, 2: cv2.IMREAD_REDUCED_COLOR_2}
SIDE = 288
"""The largest input of the three networks: pictures are opened at no less."""


def decoder() -> tuple[str, Decode]:
    """The night's own decoder, or OpenCV where simplejpeg is missing; other pixels, so never in a night."""
    if importlib.util.find_spec("simplejpeg") is None:
        return "opencv (simplejpeg is not installed)", _by_opencv
    from udfs.pictures.decode import decode

    return "simplejpeg", decode


def _by_opencv(body: bytes, side: int) -> np.ndarray:
    whole = np.frombuffer(body, np.uint8)
    pixels = cv2.imdecode(whole, cv2.IMREAD_COLOR)
    shorter = min(pixels.shape[:2])
    for factor, flag in FACTORS.items():
        if shorter // factor >= side:
            pixels = cv2.imdecode(whole, flag)
            break
    return np.ascontiguousarray(pixels[..., ::-1])


def decoding(decode: Decode, bodies: Sequence[bytes], threads: int, seconds: float) -> float:
    """Pictures a second that so many threads open."""
    with ThreadPoolExecutor(threads) as pool:
        return rate(lambda: len(list(pool.map(lambda body: decode(body, SIDE), bodies))), seconds)


def chain(
    models: Mapping[str, Loaded], decode: Decode, bodies: Sequence[bytes], batch: int, threads: int, seconds: float
) -> float:
    """Pictures a second from bytes to screen, boxes and one vector each; threads open while the networks run.

    Every picture is detected and one crop of it embedded, wanted or not, so that the networks' share is known.
    """
    source, turn = itertools.cycle(bodies), threading.Lock()
    ends = time.perf_counter() + seconds

    def some() -> list[bytes]:
        with turn:
            return list(itertools.islice(source, batch))

    def one() -> int:
        pixels = [decode(body, SIDE) for body in some()]
        screen(pixels, models["screen"])  # type: ignore[arg-type]
        found = detect(pixels, models["detect"])  # type: ignore[arg-type]
        side = models["embed"].description.side
        boxes = [boxes[0].box if boxes else WHOLE for boxes in found]
        embed([crop(p, box, side) for p, box in zip(pixels, boxes, strict=True)], models["embed"])  # type: ignore[arg-type]
        return batch

    def worker(_: int) -> int:
        done = 0
        while time.perf_counter() < ends or not done:
            done += one()
        return done

    one()  # records the CUDA graphs
    begin = time.perf_counter()
    ends = begin + seconds
    with ThreadPoolExecutor(threads) as pool:
        done = sum(pool.map(worker, range(threads)))
    return done / (time.perf_counter() - begin)


def on_card(bodies: Sequence[bytes], device: Any, seconds: float) -> dict[str, Any]:
    """Pictures a second that the card itself opens, and how far its pixels are from the threads'."""
    import torch

    if importlib.util.find_spec("torchvision") is None:
        return {"left_out": "torchvision is not installed"}
    from torchvision.io import ImageReadMode, decode_jpeg

    if device.type != "cuda":
        return {"left_out": "no card"}
    files = [torch.frombuffer(bytearray(body), dtype=torch.uint8) for body in bodies]

    def work() -> int:
        decode_jpeg(files, mode=ImageReadMode.RGB, device=device)
        torch.cuda.synchronize()
        return len(files)

    found = decode_jpeg(files[:8], mode=ImageReadMode.RGB, device=device)
    theirs = [cv2.imdecode(np.frombuffer(body, np.uint8), cv2.IMREAD_COLOR)[..., ::-1] for body in bodies[:8]]
    apart = [
        np.abs(ours.permute(1, 2, 0).cpu().numpy().astype(int) - other).mean()
        for ours, other in zip(found, theirs, strict=True)
    ]
    return {"pictures_a_second": rate(work, seconds), "mean_difference_to_opencv": float(np.mean(apart))}


def on_spark(decode: Decode, bodies: Sequence[bytes]) -> dict[str, Any]:
    """Seconds of a Spark job that opens the pictures; only where Java and pyspark are."""
    if shutil.which("java") is None or importlib.util.find_spec("pyspark") is None:
        return {"left_out": "Java or pyspark is missing"}
    import pyarrow as pa
    from pyspark.sql import SparkSession

    def opened(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            sizes = [decode(body, SIDE).size for body in batch["body"].to_pylist()]
            yield pa.RecordBatch.from_arrays([pa.array(sizes, pa.int64())], ["size"])

    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    session = SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false").getOrCreate()
    frame = session.createDataFrame(pa.table({"body": pa.array(bodies, pa.binary())})).repartition(2).cache()
    frame.count()
    begin = time.perf_counter()
    frame.mapInArrow(opened, "size long").count()
    passed = time.perf_counter() - begin
    session.stop()
    return {"decode_pictures_a_second": len(bodies) / passed}
