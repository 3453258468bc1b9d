"""How long near duplicates take, and how much memory: one shop's pictures, with drawn fingerprints.

Run: .venv/bin/python -m benchmarks.duplicates [PICTURES drawn|alike]
"""

import resource
import subprocess
import sys
import time

import numpy as np

from udfs.pictures.fingerprint import Prints, empty
from udfs.rules.alike import Part
from udfs.rules.duplicates import placed

BITS = 8
ONES, PLAIN, PLAIN_ONES = 0.30, 0.05, 0.15
"""Bits are not drawn evenly: hashes of catalog photos agree in a band of 16 bits, but for one, in 0.002 of the pairs of
unrelated pictures (evenly drawn ones in 0.0003), and are 8 bits apart or less in 0.00003."""

COPIES = 0.1
"""Share of pictures that are copies of another, up to six bits from it."""


def drawn(count: int, seed: int) -> Prints:
    """Different pictures, and some copies."""
    dice = np.random.default_rng(seed)
    prints = empty(count)
    plain = dice.random(count) < PLAIN
    for hashes in prints[:5]:
        for start in range(0, count, 20_000):
            rows = slice(start, start + 20_000)
            bound = np.where(plain[rows], PLAIN_ONES, ONES)[:, None]
            hashes[rows] = np.packbits(dice.random((len(bound), 64)) < bound, axis=1)
    for start in range(0, count, 20_000):
        rows = slice(start, start + 20_000)
        prints.descriptor[rows] = dice.integers(0, 256, prints.descriptor[rows].shape, np.uint8)
    copies = dice.choice(count, int(count * COPIES), replace=False)
    of = dice.integers(0, count, len(copies))
    for values in prints:
        values[copies] = values[of]
    for hashes in prints[:5]:
        flips = np.bitwise_or.reduce(np.uint64(1) << dice.integers(0, 64, (len(copies), 3), np.uint64), axis=1)
        hashes[copies] ^= flips.view(np.uint8).reshape(-1, 8)
    return prints


def alike(count: int) -> Prints:
    """One picture, saved again and again."""
    dice = np.random.default_rng(1)
    prints = empty(count)
    look = dice.integers(60, 200, prints.descriptor.shape[1])
    for start in range(0, count, 20_000):
        noise = dice.integers(-1, 2, prints.descriptor[start : start + 20_000].shape)
        prints.descriptor[start : start + 20_000] = look + noise
    for hashes in prints[:5]:
        flips = np.bitwise_or.reduce(np.uint64(1) << dice.integers(0, 64, (count, 2), np.uint64), axis=1)
        hashes ^= flips.view(np.uint8).reshape(-1, 8) * (dice.random((count, 1)) < 0.7)
    return prints


def timed(name: str, known: Part, new: Part) -> np.ndarray:
    """Place the new pictures and say what it took."""
    started, cpu = time.perf_counter(), time.process_time()
    leader, _ = placed(known, new, BITS)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    groups = len(np.unique(leader[leader != len(known) + np.arange(len(new))]))
    seconds = f"{time.perf_counter() - started:.1f} s, {time.process_time() - cpu:.1f} s of a core"
    print(f"{name}: {seconds}, {peak:.2f} GiB at most; {groups} groups", flush=True)
    return leader


def main(count: int, kind: str) -> None:
    """One row of the table."""
    if kind == "alike":
        timed(f"{count} alike", Part.all_of(empty(0)), Part.all_of(alike(count)))
        return
    prints = drawn(count + count // 100, 1)
    first = Part(prints, np.arange(count))
    leader = timed(f"{count} pictures", Part.all_of(empty(0)), first)
    timed("1% more", first.take(np.unique(leader)), Part(prints, np.arange(count, count + count // 100)))


if __name__ == "__main__":
    if len(sys.argv) == 3:
        main(int(sys.argv[1]), sys.argv[2])
    else:
        for kind, count in (("drawn", 20_000), ("alike", 100_000), ("drawn", 1_000_000)):
            subprocess.run([sys.executable, "-m", "benchmarks.duplicates", str(count), kind], check=True)
