"""What a night costs that publishes a hundredth of the rows anew, beside a plain Parquet write of all rows.

Run: .venv/bin/python -m benchmarks.publish [GARMENTS]
"""

import hashlib
import multiprocessing
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from lake.candidate import KEYED_GARMENTS, Base, Rows, missing_vectors, prepare
from lake.integrity import integrity
from lake.published_files import DENSE_VECTORS
from lake.segments import InMemory
from lake.snapshots import parent, publish, write
from lake.store import DiskStore
from schemas.manifest import Facts
from schemas.published import PRODUCTS, VECTORS
from schemas.tables import EMBEDDING_SIZE

NIGHT = datetime(2026, 3, 1, 2, 0, tzinfo=UTC)
RETAILERS = 21
TABLES = ("garments", "products", "vectors")
Renamed = Callable[[np.ndarray], np.ndarray]


def retailer_of(at: np.ndarray) -> np.ndarray:
    """The retailer of each row: the first one has a third of all rows, twenty others share the rest."""
    return np.maximum(at % 30 - 9, 0)


def first(at: np.ndarray) -> np.ndarray:
    """The version of each row: none is new."""
    return np.zeros(len(at), np.int64)


def spread(at: np.ndarray) -> np.ndarray:
    """A hundredth of the rows of every retailer is new."""
    return (at // 30 % 100 == 7).astype(np.int64)


def within(at: np.ndarray) -> np.ndarray:
    """The night after it: a hundredth of all rows is new, within two of the small retailers."""
    return np.where(np.isin(retailer_of(at), (3, 4)) & (at // 30 % 7 == 3), 2, spread(at))


def few(at: np.ndarray) -> np.ndarray:
    """The night after that: ten neighbours of the largest retailer are new."""
    return np.where((at % 30 < 10) & (at // 30 == at[len(at) // 2] // 30), 3, within(at))


def again(at: np.ndarray) -> np.ndarray:
    """The night after that: other rows of the two small retailers are new."""
    return np.where(np.isin(retailer_of(at), (3, 4)) & (at // 30 % 7 == 4), 4, few(at))


def rows(garments: int, renamed: Renamed, only: tuple[int, ...] = ()) -> Rows:
    """Rows that follow from their number and version; with `only`, of some retailers alone."""
    at = np.arange(garments)
    versions = renamed(at)
    if only:
        here = np.isin(retailer_of(at), only)
        at, versions = at[here], versions[here]
    count = len(at)
    retailers = [f"shop-{number:02}" for number in retailer_of(at).tolist()]
    names = [f"{retailer}:{number:08}-{version}" for retailer, number, version in
             zip(retailers, at.tolist(), versions.tolist(), strict=True)]  # fmt: skip
    keys = [hashlib.sha256(name.encode()).digest() for name in names]
    urls = [
        f"https://{name.partition(':')[0]}.example/{key.hex()[:12]}.jpg" for name, key in zip(names, keys, strict=True)
    ]
    titles = [f"Linen shirt no. {number} with a collar" for number in at.tolist()]
    fixed = {"category": "shirt", "category_source": "text", "class": "top", "gender": "women", "available": True,
             "score": 0.5, "rank": 0, "currency": "EUR"}  # fmt: skip
    own = {"garment_id": [key.hex()[:32] for key in keys], "product_id": names, "retailer": retailers,
           "image_url": urls, "url": urls, "title": titles,
           "garment_key": [int.from_bytes(key[:8], "big") >> 1 for key in keys], "image_sha256": keys,
           "vector_key": keys, "offer_ids": [[name] for name in names],
           "image_urls": [[url] for url in urls]}  # fmt: skip
    boxes = pa.FixedSizeListArray.from_arrays(pa.array(np.tile(np.array([0, 0, 1, 1], np.float32), count)), 4)

    def table(schema: pa.Schema) -> pa.Table:
        arrays = [boxes if f.name == "box" else pa.array(own[f.name], f.type) if f.name in own
                  else pa.repeat(pa.scalar(fixed.get(f.name), f.type), count) for f in schema]  # fmt: skip
        return pa.table(arrays, schema=schema)

    return Rows(table(KEYED_GARMENTS), table(PRODUCTS.schema), InMemory(VECTORS.schema.empty_table()))


def vectors(keys: pa.Array) -> pa.Table:
    """A unit vector for each key, drawn from a seed."""
    drawn = np.random.default_rng(len(keys)).standard_normal((len(keys), EMBEDDING_SIZE), np.float32)
    drawn /= np.linalg.norm(drawn, axis=1, keepdims=True)
    codes = pa.array([key[:16] for key in keys.to_pylist()], pa.binary(16))
    embedding = pa.FixedSizeListArray.from_arrays(drawn.ravel(), EMBEDDING_SIZE)
    return pa.table([keys.cast(pa.binary(32)), embedding, codes, codes], schema=VECTORS.schema)


def night(folder: str, garments: int, renamed: Renamed, only: tuple[int, ...] = ()) -> str:
    """Publish a night -> what it took."""
    store = DiskStore(Path(folder))
    tonight, before = rows(garments, renamed, only), parent(store)
    new = vectors(missing_vectors(Base.of(store, before).held, tonight.garments["vector_key"]))
    tonight = replace(tonight, vectors=InMemory(new))
    if before and only:
        others = before.counts.keys() - set(pc.unique(tonight.products["retailer"]).to_pylist())
        tonight = replace(tonight, unchanged=frozenset(others))
    handed, clock = peak(), Clock()
    base = Base.of(store, before)
    missing_vectors(base.held, tonight.garments["vector_key"])
    candidate = prepare(store, tonight, before, base=base)
    if not candidate.is_new or integrity(candidate):
        raise ValueError("the rows were drawn wrong")
    prepared = clock.cpu()
    draft = write(store, candidate, Facts(retailers={}, models={}, taxonomy="", mappings={}))
    done = publish(store, draft, [], NIGHT).manifest
    took = f"{clock.cpu():6.2f} s of CPU ({prepared:.2f} before anything is written), {clock.wall():.2f} s"
    old = {file.path for file in before.files} if before else set()
    files = [file for file in done.files if file.path not in old]
    sizes = [sum(file.bytes for file in files if file.table == table) / 1e6 for table in TABLES]
    return (
        f"{took}; {sum(sizes):.0f} MB in {len(files)} files of {len(done.files)}"
        f" ({', '.join(f'{table} {size:.0f}' for table, size in zip(TABLES, sizes, strict=True))});"
        f" {len(candidate.changes)} changes; peak {peak():.1f} GB, {handed:.1f} before publishing"
    )


def raw(folder: str, garments: int) -> str:
    """What any Arrow program does: write the same rows as they come, compressed in the same way."""
    tonight = rows(garments, first)
    drawn = vectors(missing_vectors(Base.of(DiskStore(Path(folder)), None).held, tonight.garments["vector_key"]))
    clock = Clock()
    pq.write_table(tonight.garments, f"{folder}/garments.parquet", compression="zstd")
    pq.write_table(tonight.products, f"{folder}/products.parquet", compression="zstd")
    two = clock.cpu()
    pq.write_table(drawn.cast(DENSE_VECTORS), f"{folder}/vectors.parquet", compression="none", use_dictionary=False)
    return f"{clock.cpu():6.2f} s of CPU (garments and products {two:.2f}), {clock.wall():.2f} s"


def peak() -> float:
    """The most memory that this process has held, in GB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


class Clock:
    """Seconds since it was made."""

    def __init__(self) -> None:
        self._wall, self._cpu = time.perf_counter(), time.process_time()

    def cpu(self) -> float:
        """Of this process, on all cores."""
        return time.process_time() - self._cpu

    def wall(self) -> float:
        return time.perf_counter() - self._wall


def main() -> None:
    garments = int(sys.argv[1]) if len(sys.argv) > 1 else 200_000
    steps: list[tuple[str, Callable[..., str], tuple[object, ...]]] = [
        ("plain Parquet write", raw, ()),
        ("first night", night, (first,)),
        ("1% over all retailers", night, (spread,)),
        ("1% within two of them, all rows handed in", night, (within,)),
        ("ten neighbours of the largest, all rows handed in", night, (few,)),
        ("1% within two of them, theirs alone handed in", night, (again, (3, 4))),
    ]
    with (
        tempfile.TemporaryDirectory() as folder,
        multiprocessing.get_context("spawn").Pool(1, maxtasksperchild=1) as pool,
    ):
        print(f"{garments} garments of {RETAILERS} retailers")
        for name, step, more in steps:
            print(f"{name}: {pool.apply(step, (folder, garments, *more))}", flush=True)


if __name__ == "__main__":
    main()
