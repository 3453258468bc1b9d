"""A lake of N products, drawn from a seed straight into the stage tables: no network, no pictures, no models.

Each product has 3 pictures of its own and 1 or 2 offers. One retailer holds a third of all, the others share the rest.
What a model would answer is drawn; what relational stages answer (`map`, `choose`) they answer themselves.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from jobs.engine.night import Night
from jobs.engine.progress import Progress
from jobs.engine.stage import due
from jobs.live.catalog import Catalog
from jobs.live.functions import (
    classify_function,
    detect_function,
    duplicates_function,
    embed_function,
    fetch_function,
    fingerprint_function,
    parser_of,
    screen_function,
)
from jobs.stages.dedup import key_of
from jobs.stages.embed import RULE as EMBED
from lake.tables import Tables
from schemas.retailer import read_retailer
from schemas.settings import read_settings
from schemas.table import DONE, Table
from schemas.tables import (
    BOXES,
    DESCRIPTOR_BYTES,
    DUPLICATES,
    FEEDS,
    FETCHES,
    FINGERPRINTS,
    OFFERS,
    PICTURES,
    SCREEN_CLASSES,
    SCREENS,
    TEXTS,
    VECTORS,
)

REPOSITORY = Path(__file__).resolve().parents[1]
NIGHT = date(2026, 3, 1)
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
PICTURES_EACH = 3
CATEGORIES = 50
"""Of each retailer."""
LEAVES = ("t_shirt", "shirt", "blouse", "polo", "sweater", "cardigan", "tunic", "tank_top", "camisole", "henley")
FILE_ROWS = 500_000
SHARD_BYTES = 1000
"""All pictures are at one place in one shard: no stage here reads them."""


class Feed(NamedTuple):
    """What a retailer sent last."""

    version: int
    first: int  # number of its first product
    dearer: list[int]  # one product in so many is dearer by one, for each of these


class DrawnLake:
    """The lake and the folders that operators write, below one root."""

    def __init__(self, root: Path, products: int, retailers: int, width: int) -> None:
        """`width`: numbers of a drawn vector; only those of the real width can be published."""
        self.root, self.products, self.width = root, products, width
        self.names = [f"shop-{at:04}" for at in range(retailers)]
        first = products // 3 if retailers > 1 else products
        rest = np.full(max(retailers - 1, 0), (products - first) // max(retailers - 1, 1))
        rest[: (products - first) - int(rest.sum())] += 1
        self.sizes = dict(zip(self.names, [first, *rest.tolist()], strict=True))

    @property
    def environment(self) -> dict[str, str]:
        """The settings of every process over this lake."""
        return {
            "SELVEDGE_LAKE": str(self.root / "lake"), "SELVEDGE_MAPPINGS": str(self.root / "mappings"),
            "SELVEDGE_MODELS": str(REPOSITORY / "models"), "SELVEDGE_REPORTS": str(self.root / "reports"),
            "SELVEDGE_FEEDS__FOLDER": str(self.root / "feeds"), "SELVEDGE_FETCH__RECHECK_NIGHTS": "0",
            "SELVEDGE_SPARK__FEW_SECONDS": str(10**9),
        }  # fmt: skip

    def night(self, run: str = "drawn") -> Night:
        return Night(read_settings(), run, NIGHT, Progress(quiet=True))

    def draw(self) -> None:
        """Everything but vectors and versions."""
        (self.root / "feeds").mkdir(parents=True)
        (self.root / "mappings").mkdir()
        for name in ("taxonomy.xml", "blocked.tsv", "gates.yaml"):
            shutil.copy(REPOSITORY / "mappings" / name, self.root / "mappings")
        for name in self.names:
            self._write_spec(name)
        self.write_mapping(self.names[0], LEAVES)
        self.night().store.write("shards/drawn.tar", bytes(SHARD_BYTES))
        for name in self.sizes:
            self.change(name)
        self._draw_answers()

    def _write_spec(self, retailer: str) -> None:
        folder = self.root / "mappings" / retailer
        folder.mkdir()
        spec = {"language": "en", "feed": {"url": f"{retailer}.xml"}}
        (folder / "retailer.yaml").write_text(json.dumps(spec))

    def write_mapping(self, retailer: str, leaves: Sequence[str]) -> None:
        """A mapping file with a rule for each category of a retailer."""
        rules = "\n".join(
            f'<rule path="Women > Aisle {at}" to="{leaves[at % len(leaves)]}" date="2026-01-01" by="XX"/>'
            for at in range(CATEGORIES)
        )
        text = f'<mapping retailer="{retailer}" taxonomy="1">\n{rules}\n</mapping>\n'
        (self.root / "mappings" / retailer / "categories.xml").write_text(text)

    def change(self, retailer: str, new: int = 0, dearer: int = 0) -> np.ndarray:
        """The next feed of a retailer: one product in `new` leaves and as many come, of one in `dearer` the price is
        another one; 0: none -> the numbers of the new ones."""
        feeds = self._feeds()
        feed = feeds.setdefault(retailer, Feed(0, 0, []))
        size = self.sizes[retailer]
        came = feed.first + size + np.arange(size // new if new else 0)
        feeds[retailer] = feed = Feed(feed.version + 1, feed.first + len(came), feed.dearer + [dearer] * bool(dearer))
        self._deliver(retailer, np.arange(feed.first, feed.first + size), feed)
        (self.root / "drawn.json").write_text(json.dumps(feeds))
        return came

    def _feeds(self) -> dict[str, "Feed"]:
        """The last feed of each retailer: several processes draw, one after the other."""
        file = self.root / "drawn.json"
        return {name: Feed(*feed) for name, feed in json.loads(file.read_text()).items()} if file.exists() else {}

    def _deliver(self, retailer: str, numbers: np.ndarray, feed: "Feed") -> None:
        """A feed of a retailer, with the offers of some products as if it had been parsed."""
        night, version = self.night(), feed.version
        text = f"{retailer} {version}".encode()
        file = self.root / "feeds" / f"{retailer}.xml"
        file.write_bytes(text)
        found = file.stat()
        sha256 = hashlib.sha256(text).digest()
        (only,) = read_retailer(self.root / "mappings" / retailer).files
        function = parser_of(only)
        night.store.write(f"feeds/{sha256.hex()[:2]}/{sha256.hex()}", text)
        for part in np.array_split(numbers, -(-len(numbers) // FILE_ROWS)):
            _append(night.tables, OFFERS, _offers(retailer, part, feed.dearer, sha256), function)
        state = {
            "retailer": [retailer], "attempt": [version], "feed": [sha256], "acquired_at": [NOON],
            "url": [f"{retailer}.xml"], "bytes": [len(text)], "offers": [len(numbers) * 3 // 2],
            "products": [len(numbers)], "etag": [f"{found.st_ino}-{found.st_size}-{found.st_mtime_ns}"],
        }  # fmt: skip
        _append(night.tables, FEEDS, state, function)

    def _draw_answers(self) -> None:
        """What fetch and the models say of each picture and text."""
        night = self.night()
        for retailer, size in self.sizes.items():
            for part in np.array_split(np.arange(size), -(-size // FILE_ROWS)):
                self.answer(night, retailer, part)

    def answer(self, night: Night, retailer: str, numbers: np.ndarray) -> None:
        """The same for some products of one retailer."""
        places = _places(numbers)
        urls, pictures = _urls(retailer, places), _digests(retailer, places, "picture")
        seed = np.random.default_rng(len(pictures))
        count, tables = len(places), night.tables
        once = pa.array(np.ones(count, np.int32))
        _append(tables, FETCHES, {
            "url": urls, "attempt": once, "night": pa.repeat(NIGHT, count), "picture": pictures,
            "fetched_at": pa.repeat(NOON, count), "http_status": pa.repeat(200, count),
        }, fetch_function())  # fmt: skip
        _append(tables, PICTURES, {
            "picture": pictures, "mime": pa.repeat("image/jpeg", count), "width": pa.repeat(600, count),
            "height": pa.repeat(800, count), "shard": pa.repeat("drawn.tar", count),
            "offset": pa.repeat(0, count), "length": pa.repeat(SHARD_BYTES, count),
        }, fetch_function())  # fmt: skip
        scores = {name: pa.repeat(0.02, count) for name in SCREEN_CLASSES}
        scores["wanted"] = pa.array(seed.uniform(0.3, 1, count).astype(np.float32))
        _append(tables, SCREENS, {
            "picture": pictures, **scores, "depicts": pa.repeat("top", count), "depicts_score": pa.repeat(0.9, count)
        }, screen_function(night))  # fmt: skip
        hashes = _fixed(pc.cast(pictures, pa.binary()), 8)
        _append(tables, FINGERPRINTS, {
            "picture": pictures, "phash": hashes, "trimmed_phash": hashes,
            "descriptor": pa.repeat(pa.scalar(bytes(DESCRIPTOR_BYTES), pa.binary(DESCRIPTOR_BYTES)), count),
        }, fingerprint_function())  # fmt: skip
        _append(tables, BOXES, {"picture": pictures, "boxes": _boxes(seed, count)}, detect_function(night))
        _append(tables, TEXTS, {
            "text_key": _digests(retailer, numbers, "text"), "language": pa.repeat("en", len(numbers)),
            "leaf": pa.array(np.array(LEAVES)[numbers % len(LEAVES)]),
            "probability": pa.array(seed.uniform(0.5, 1, len(numbers)).astype(np.float32)),
            "gender": pa.repeat("women", len(numbers)), "gender_probability": pa.repeat(0.9, len(numbers)),
        }, classify_function(night))  # fmt: skip

    def group(self) -> None:
        """No picture has a near copy."""
        night = self.night()
        present = night.tables.sql("select pictures_key from duplicates", [DUPLICATES])[0]
        for retailer in self.names:  # one after the other: memory follows the largest
            part = night.among([retailer])
            for shown in Catalog.of(part).shown.values():
                keys = pa.array([key_of(retailer, picture) for picture in shown.to_pylist()], pa.binary())
                new = pc.invert(pc.is_in(keys, present))
                columns = {"pictures_key": keys.filter(new), "picture": shown.filter(new)}
                columns |= {"retailer": pa.repeat(retailer, len(columns["picture"]))}
                _append(night.tables, DUPLICATES, columns, duplicates_function(night))
            part.forget()

    def embed(self) -> None:
        """A vector for every crop that has none."""
        night = self.night()
        for retailer in self.names:
            part = night.among([retailer])
            needed = due(night.tables, EMBED.tonight(part))
            for at in range(0, needed.num_rows, FILE_ROWS):
                rows = _vectors(needed.slice(at, FILE_ROWS), self.width)
                _append(night.tables, VECTORS, rows, embed_function(night))
            part.forget()

    def live_offer(self) -> str:
        return f"{self.names[0]}:1-0"


def _append(tables: Tables, table: Table, columns: dict[str, Any], function: bytes) -> None:
    count = len(next(iter(columns.values())))
    fixed = {"function": pa.repeat(pa.scalar(function, pa.binary()), count), "status": pa.repeat(DONE, count)}
    said = columns | fixed
    arrays = []
    for field in table.stored:
        values = said.get(field.name, pa.nulls(count, field.type))
        arrays.append(pa.array(values, field.type) if isinstance(values, list) else values.cast(field.type))
    stored = Table(table.name, table.key, table.stored)
    tables.append(stored, pa.table(arrays, schema=table.stored))


def _places(numbers: np.ndarray) -> np.ndarray:
    return (numbers[:, None] * PICTURES_EACH + np.arange(PICTURES_EACH)).ravel()


def _text(prefix: str, numbers: np.ndarray, suffix: str = "") -> pa.Array:
    return pc.binary_join_element_wise(prefix, pa.array(numbers).cast(pa.string()), suffix, "")


def _urls(retailer: str, places: np.ndarray) -> pa.Array:
    return _text(f"https://pictures.{retailer}.example/catalog/large/", places, ".jpg")


def _fixed(values: pa.Array, width: int) -> pa.Array:
    return pc.binary_slice(values, 0, width).cast(pa.binary(width))


def _digests(retailer: str, numbers: np.ndarray, what: str) -> pa.Array:
    """32 bytes for each number, different for each retailer; not a sha256, but as evenly spread."""
    salt = int.from_bytes(hashlib.sha256(f"{retailer} {what}".encode()).digest()[:8], "little")
    words = np.empty((len(numbers), 4), np.uint64)
    values = numbers.astype(np.uint64)
    for at in range(4):
        with np.errstate(over="ignore"):
            values = values + np.uint64((salt + 0x9E3779B97F4A7C15 * (at + 1)) % 2**64)
            mixed = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
            mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        words[:, at] = mixed ^ (mixed >> np.uint64(31))
    return pa.FixedSizeBinaryArray.from_buffers(pa.binary(32), len(numbers), [None, pa.py_buffer(words.tobytes())])


def _lists(flat: pa.Array, width: int) -> pa.Array:
    return pa.ListArray.from_arrays(pa.array(np.arange(0, len(flat) + 1, width, dtype=np.int32)), flat)


def _offers(retailer: str, numbers: np.ndarray, dearer: Sequence[int], feed: bytes) -> dict[str, Any]:
    """Every second product comes in two sizes."""
    of = np.repeat(numbers, 1 + numbers % 2)
    size = np.arange(len(of)) - np.searchsorted(of, of) if len(of) else of
    count = len(of)
    names = pa.array(of).cast(pa.string())
    changed = np.sum([np.zeros(count, np.int64), *(of % one == 0 for one in dearer)], axis=0, dtype=np.int64)
    categories = of % CATEGORIES
    path = pa.ListArray.from_arrays(
        pa.array(np.arange(0, 2 * count + 1, 2, dtype=np.int32)),
        pa.array(np.column_stack([np.full(count, "Women"), np.char.add("Aisle ", categories.astype(str))]).ravel()),
    )
    places = _places(of)
    return {
        "retailer": pa.repeat(retailer, count), "feed": pa.repeat(pa.scalar(feed), count),
        "position": pa.array(np.arange(count, dtype=np.int32)), "line": pa.array(np.arange(count, dtype=np.int32)),
        "offer_id": pc.binary_join_element_wise(names, pa.array(size).cast(pa.string()), "-"),
        "product_id": pc.binary_join_element_wise(retailer, names, ":"),
        "title": _text("Blouse with a round collar, model ", of), "brand": pa.repeat("Drawn", count),
        "price": pa.array((1000 + of % 500 + changed).astype(np.int32)).cast(pa.decimal128(18, 2)),
        "currency": pa.repeat("EUR", count), "available": pa.repeat(True, count),
        "gender": pa.repeat("women", count), "colour": pa.array(np.array(["red", "blue", "black"])[of % 3]),
        "sizes": _lists(pa.array(np.array(["S", "M"])[size]), 1), "category_path": path,
        "pictures": _lists(_urls(retailer, places), PICTURES_EACH),
        "url": _text(f"https://www.{retailer}.example/item/", of), "text_key": _digests(retailer, of, "text"),
    }  # fmt: skip


def _boxes(seed: np.random.Generator, count: int) -> pa.Array:
    corners = np.column_stack([*seed.uniform(0, 0.2, (2, count)), *seed.uniform(0.8, 1, (2, count))])
    box = _lists(pa.array(corners.astype(np.float32).ravel()), 4)
    structs = pa.StructArray.from_arrays(
        [pa.repeat("top", count), pa.array(seed.uniform(0.5, 1, count).astype(np.float32)), box],
        ["class", "score", "box"],
    )
    return _lists(structs, 1)


def _vectors(needed: pa.Table, width: int) -> dict[str, Any]:
    count = needed.num_rows
    drawn = np.random.default_rng(count).standard_normal((count, width), np.float32)
    drawn /= np.linalg.norm(drawn, axis=1, keepdims=True)
    keys = needed["vector_key"].combine_chunks().cast(pa.binary())
    return {
        "vector_key": keys, "picture": needed["picture"].combine_chunks(), "box": needed["box"].combine_chunks(),
        "embedding": _lists(pa.array(drawn.ravel()), width), "shape_code": pc.binary_slice(keys, 0, 16),
        "colour_code": pc.binary_slice(keys, 16, 32),
    }  # fmt: skip


def settings_of(lake: DrawnLake) -> None:
    """Let this process and its children work on the lake."""
    os.environ.update(lake.environment)
