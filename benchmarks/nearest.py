"""How much of an exact search the codes keep, and how fast both are: `snapshot.nearest` over drawn garments.

Run: .venv/bin/python -m benchmarks.nearest [GARMENTS] [--lake LAKE] [--at FOLDER]

A garment is a real one of LAKE (without it: one of 2,000 drawn points) moved part of the way towards another, part by
part: the first SHAPE numbers of a vector, and the rest. Its codes are signs of fixed directions of these two parts.
FOLDER keeps the drawn lake for the next run.
"""

import argparse
import hashlib
import json
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

import selvedge_searcher
from lake.published_files import ROWS_PER_SEGMENT, stored, write_rows, write_segment
from lake.store import DiskStore
from schemas.published import GARMENTS, PRODUCTS, VECTORS
from schemas.tables import CODE_BYTES, EMBEDDING_SIZE
from selvedge_searcher import Snapshot, Where, snapshot

SHAPE = 112
ASKED, K = 30, 10
CATEGORIES = ("t_shirt", "shirt", "dress", "skirt", "bag")
CUTS = (1_000, 5_000, 20_000, 100_000)
WEIGHTS = ((1, 1), (2, 1), (1, 2))


class Drawn:
    """Vectors around real ones, and their codes."""

    def __init__(self, lake: str | None) -> None:
        self._dice = np.random.default_rng(1)
        if lake:
            self.real = np.array(selvedge_searcher.open(lake).vectors)
        else:
            self.real = _unit(self._dice.standard_normal((2_000, EMBEDDING_SIZE), np.float32))
        parts = (SHAPE, EMBEDDING_SIZE - SHAPE)
        self._axes = [self._dice.standard_normal((size, 8 * CODE_BYTES), np.float32) for size in parts]

    def vectors(self, count: int) -> np.ndarray:
        """(count, 256) float32: each real one moved by 0 to 0.7 of the way to another one, and by a little noise."""
        made = self.real[self._dice.integers(len(self.real), size=count)]
        for part in (slice(SHAPE), slice(SHAPE, None)):
            share = self._dice.uniform(0, 0.7, (count, 1)).astype(np.float32)
            other = self.real[self._dice.integers(len(self.real), size=count), part]
            made[:, part] = (1 - share) * made[:, part] + share * other
        made += self._dice.standard_normal(made.shape, np.float32) * np.float32(0.2 / 16)
        return _unit(made)

    def codes(self, vectors: np.ndarray) -> list[np.ndarray]:
        """Shape and colour, (count, 16) uint8 each."""
        halves = (vectors[:, :SHAPE], vectors[:, SHAPE:])
        return [np.packbits(half @ axes > 0, axis=1) for half, axes in zip(halves, self._axes, strict=True)]


class Asked:
    """A garment that is looked for."""

    def __init__(self, drawn: Drawn, vector: np.ndarray) -> None:
        self.vector = vector
        self.shape_code, self.colour_code = (codes[0] for codes in drawn.codes(vector[None]))


def _unit(vectors: np.ndarray) -> np.ndarray:
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors


def write_lake(root: Path, garments: int, drawn: Drawn) -> None:
    """A version as the search tier reads it: a segment and a shop for every 131,072 garments."""
    store, files = DiskStore(root), []
    for start in range(0, garments, ROWS_PER_SEGMENT):
        numbers = np.arange(start, min(start + ROWS_PER_SEGMENT, garments))
        shop, vectors = f"shop-{start // ROWS_PER_SEGMENT:02}", drawn.vectors(len(numbers))
        codes = [pa.array(list(map(bytes, one)), pa.binary(CODE_BYTES)) for one in drawn.codes(vectors)]
        keys = pa.array([hashlib.sha256(b"%d" % number).digest() for number in numbers.tolist()], pa.binary(32))
        embedding = pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), EMBEDDING_SIZE)
        files.append(write_segment(store, shop, pa.table([keys, embedding, *codes], schema=VECTORS.schema)))
        columns = _columns(shop, numbers, keys)
        files += write_rows(store, "garments", shop, _table(GARMENTS.schema, columns))
        files += write_rows(store, "products", shop, _table(PRODUCTS.schema, columns))
    changes = stored(store, "snapshots/1/changes.parquet", b"")
    body = _json({
        "version": 1, "parent": None, "schema_version": 1, "encoder": None, "content": {},
        "files": [file.model_dump() for file in files], "changes": changes.model_dump(),
    })  # fmt: skip
    store.write("snapshots/1/manifest.json", body)
    store.write("snapshots/CURRENT", _json({"version": 1, "manifest_sha256": hashlib.sha256(body).hexdigest()}))


def _columns(shop: str, numbers: np.ndarray, keys: pa.Array) -> dict[str, object]:
    names = pc.binary_join_element_wise(shop, pa.array(numbers).cast(pa.string()), ":")
    count = len(numbers)
    fixed = {"retailer": shop, "category_source": "text", "class": "top", "score": 0.5, "rank": 0, "currency": "EUR",
             "title": "Linen shirt with a round collar", "available": True, "segment": shop,
             "image_url": "https://shop.example/1.jpg", "url": "https://shop.example/1"}  # fmt: skip
    return {name: pa.repeat(value, count) for name, value in fixed.items()} | {
        "garment_id": names, "product_id": names, "garment_key": pa.array(numbers), "image_sha256": keys,
        "category": pa.array(np.array(CATEGORIES)[numbers % len(CATEGORIES)]),
        "gender": pa.array(np.array(["women", "men"])[numbers // 7 % 2]),
        "price": pa.array((10 + numbers * 7919 % 190).astype(np.int32)).cast(pa.decimal128(18, 2)),
        "offer_ids": _lists(names, 1), "sizes": _lists(names, 1), "image_urls": _lists(names, 1),
        "box": _lists(pa.array(np.tile(np.array([0, 0, 1, 1], np.float32), count)), 4),
        "row": pa.array(np.arange(count, dtype=np.int32)),
    }  # fmt: skip


def _lists(flat: pa.Array, width: int) -> pa.Array:
    return pa.ListArray.from_arrays(pa.array(np.arange(0, len(flat) + 1, width, dtype=np.int32)), flat)


def _table(schema: pa.Schema, columns: dict[str, object]) -> pa.Table:
    count = len(columns["garment_id"])  # type: ignore[arg-type]
    arrays = [columns.get(field.name, pa.nulls(count, field.type)) for field in schema]
    return pa.table([array.cast(field.type) for array, field in zip(arrays, schema, strict=True)], schema=schema)  # type: ignore[attr-defined]


def _json(record: dict[str, object]) -> bytes:
    return json.dumps(record).encode()


def seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def milliseconds(found: Snapshot, asked: Iterable[object], where: Where | None = None) -> float:
    """The median of one search each, after one that is not counted."""
    every = list(asked)
    found.nearest(every[0], K, where)
    return 1000 * float(np.median([seconds(lambda one=one: found.nearest(one, K, where)) for one in every]))  # type: ignore[misc]


def products_of_matrices(found: Snapshot, asked: list[Asked]) -> float:
    """Milliseconds of nothing but the products of all vectors, in memory, with one."""
    plain = found.vectors
    found.__dict__.pop("vectors")
    return 1000 * float(np.median([seconds(lambda one=one: plain @ one.vector) for one in asked]))  # type: ignore[misc]


def cut_table(found: Snapshot, asked: list[Asked]) -> None:
    """The share of the exact ten nearest that are among the garments that codes choose, by weights and how many."""
    exact = [set(found.nearest(one.vector, K)[0].tolist()) for one in asked]
    codes = found._codes
    for weights in WEIGHTS:
        cuts = [codes.cut(one, weights, max(CUTS)) for one in asked]
        distances = [codes.distances(one, weights) for one in asked]
        kept = []
        for count in CUTS:
            bound = [np.partition(far[cut], count - 1)[count - 1] if count < len(cut) else np.iinfo(np.uint16).max
                     for far, cut in zip(distances, cuts, strict=True)]  # fmt: skip
            chosen = [
                set(cut[far[cut] <= most].tolist()) for far, cut, most in zip(distances, cuts, bound, strict=True)
            ]
            kept.append(np.mean([len(wanted & some) / K for wanted, some in zip(exact, chosen, strict=True)]))
        said = ", ".join(f"{count}: {share:.3f}" for count, share in zip(CUTS, kept, strict=True))
        print(f"codes weighted {weights[0]}:{weights[1]}, recall@{K} of what is compared exactly: {said}", flush=True)


def measure(root: Path, drawn: Drawn) -> None:
    opening = seconds(lambda: selvedge_searcher.open(str(root), cache=root / "cache"))
    found = selvedge_searcher.open(str(root), cache=root / "cache")
    asked = [Asked(drawn, vector) for vector in drawn.vectors(ASKED)]
    first = seconds(lambda: found.nearest(asked[0].vector, K))
    again = selvedge_searcher.open(str(root), cache=root / "cache", held=None)
    mapping = seconds(lambda: again.nearest(asked[0].vector, K))
    print(
        f"{len(found.garments)} garments: open {opening:.1f} s, first search {first:.1f} s, next time {mapping:.1f} s"
    )
    _ = found._codes, found._filters
    alone = milliseconds(found, [one.vector for one in asked])
    matmul = products_of_matrices(found, asked)
    print(f"one matrix product of all vectors, already in memory: {matmul:.0f} ms; exact search: {alone:.0f} ms")
    print(f"codes first ({snapshot.COMPARED} compared): {milliseconds(found, asked):.0f} ms")
    for said, where in (
        ("a fifth (one category)", Where(category="dress")),
        ("one shop of 131,072", Where(shop="shop-00")),
        ("a thousandth", Where(category="bag", shop="shop-00", gender="men", price=(20, 40), currency="EUR")),
    ):
        rows = found._filters.rows(where)
        print(f"within {said}, {len(rows)}: codes {milliseconds(found, asked, where):.0f} ms, exact "
              f"{milliseconds(found, [one.vector for one in asked], where):.0f} ms")  # fmt: skip
    cut_table(found, asked)


def main() -> None:
    said = argparse.ArgumentParser()
    said.add_argument("garments", type=int, nargs="?", default=200_000)
    said.add_argument("--lake")
    said.add_argument("--at", type=Path)
    asked = said.parse_args()
    drawn = Drawn(asked.lake)
    with tempfile.TemporaryDirectory() as folder:
        root = asked.at or Path(folder)
        if not (root / "snapshots/CURRENT").is_file():
            write_lake(root, asked.garments, drawn)
        measure(root, drawn)


if __name__ == "__main__":
    main()
