"""How fast a search tier opens a snapshot: beside plain Arrow reads of the same files, in the same process.

Run: .venv/bin/python -m benchmarks.searcher [GARMENTS]
"""

import hashlib
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

import selvedge_searcher
from lake.candidate import KEYED_GARMENTS, Rows, prepare
from lake.segments import InMemory
from lake.snapshots import parent, publish, write
from lake.store import DiskStore
from schemas.manifest import Facts, Manifest
from schemas.published import PRODUCTS, VECTORS
from schemas.tables import EMBEDDING_SIZE

NIGHT = datetime(2026, 3, 1, 2, 0, tzinfo=UTC)
NIGHTS = 3
RETAILERS = 4
REPEATS = 3


def rows(garments: int, night: int) -> Rows:
    """Synthetic rows, drawn from a seed: each night a hundredth of the garments is new."""
    first = night * garments // 100
    names = [f"shop-{at % RETAILERS}:{at:08}" for at in range(first, first + garments)]
    retailers = [name.partition(":")[0] for name in names]
    keys = [hashlib.sha256(name.encode()).digest() for name in names]
    urls = [f"https://{retailer}.example/{name}.jpg" for retailer, name in zip(retailers, names, strict=True)]
    count = len(names)
    fixed = {"category": "shirt", "category_source": "text", "class": "top", "gender": "women", "available": True,
             "score": 0.5, "rank": 0, "currency": "EUR", "title": "Linen shirt with a round collar"}  # fmt: skip
    own = {"garment_id": names, "product_id": names, "retailer": retailers, "image_url": urls, "url": urls,
           "garment_key": range(first, first + count), "image_sha256": keys, "vector_key": keys,
           "offer_ids": [[name] for name in names], "box": [[0.0, 0.0, 1.0, 1.0]] * count}  # fmt: skip
    drawn = np.random.default_rng(night).standard_normal((count, EMBEDDING_SIZE), np.float32)
    drawn /= np.linalg.norm(drawn, axis=1, keepdims=True)
    codes = [key[:16] for key in keys]
    embedding = pa.FixedSizeListArray.from_arrays(drawn.ravel(), EMBEDDING_SIZE)

    def table(schema: pa.Schema) -> pa.Table:
        columns = [own.get(name, [fixed.get(name)] * count) for name in schema.names]
        return pa.table([pa.array(c, f.type) for c, f in zip(columns, schema, strict=True)], schema=schema)

    vectors = pa.table([pa.array(keys, pa.binary(32)), embedding, codes, codes], schema=VECTORS.schema)
    return Rows(table(KEYED_GARMENTS), table(PRODUCTS.schema), InMemory(vectors))


def publish_nights(store: DiskStore, garments: int) -> tuple[Manifest, list[float]]:
    """Publish some nights -> the last manifest, and the seconds of each."""
    seconds = []
    for night in range(NIGHTS):
        tonight = rows(garments, night)
        started = time.perf_counter()
        candidate = prepare(store, tonight, parent(store))
        draft = write(store, candidate, Facts(retailers={}, models={}, taxonomy="", mappings={}))
        published = publish(store, draft, [], NIGHT)
        seconds.append(time.perf_counter() - started)
    return published.manifest, seconds


def best(work: Callable[[], object]) -> float:
    """The least of some runs, in seconds."""
    found = []
    for _ in range(REPEATS):
        started = time.perf_counter()
        work()
        found.append(time.perf_counter() - started)
    return min(found)


def plain_read(store: DiskStore, manifest: Manifest) -> np.ndarray:
    """What any Arrow program does: read the files, unchecked, the embeddings as they come."""
    for table in ("garments", "products"):
        pa.concat_tables(pq.read_table(store.root / file.path) for file in manifest.of(table))
    vectors = pa.concat_tables(pq.read_table(store.root / file.path) for file in manifest.of("vectors"))
    values = vectors["embedding"].combine_chunks().flatten().to_numpy()
    return values.reshape(-1, EMBEDDING_SIZE)


def main() -> None:
    garments = int(sys.argv[1]) if len(sys.argv) > 1 else 200_000
    with tempfile.TemporaryDirectory() as folder:
        store = DiskStore(Path(folder))
        manifest, nights = publish_nights(store, garments)
        opened = best(lambda: selvedge_searcher.open(folder))
        loaded = best(lambda: selvedge_searcher.open(folder).vectors)
        rows_too = best(lambda: selvedge_searcher.open(folder).product_rows)
        held = selvedge_searcher.open(folder, NIGHTS - 1)
        bare = best(lambda: selvedge_searcher.open(folder, held=held))
        _ = held.vectors
        swapped = best(lambda: selvedge_searcher.open(folder, held=held))
        plain = best(lambda: plain_read(store, manifest))
        mib = sum(file.bytes for file in manifest.files) >> 20
        print(f"{garments} garments, {len(manifest.files)} files, {mib} MiB, {len(manifest.of('vectors'))} segments")
        print(f"publish: first night {nights[0]:.2f} s, a night with 1% new {nights[-1]:.2f} s")
        print(f"open, every file's sha256 compared, garments and products decoded: {opened:.2f} s")
        print(f"all vectors in garments' order too: {loaded:.2f} s; each garment's product: {rows_too:.2f} s")
        print(f"plain pq.read_table of the same files, nothing checked, vectors unordered: {plain:.2f} s")
        print(
            f"over the night before, 1% new: {bare:.2f} s, with all vectors {swapped:.2f} s, which is "
            f"{bare / opened:.2f} and {swapped / loaded:.2f} of opening alone"
        )
        print(f"ratio {loaded / plain:.2f}")


if __name__ == "__main__":
    main()
