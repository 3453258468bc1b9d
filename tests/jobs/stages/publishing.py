"""A lake whose stages are done but for publish, made without feeds, pictures or networks: for tests of publish."""

import copy
import hashlib
import json
import re
import shutil
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

import jobs.stages.publish
from jobs.engine.models import MODELS
from jobs.engine.night import Night
from jobs.live.catalog import Catalog
from jobs.live.functions import choose_function, embed_function
from jobs.stages.publish import publish
from lake import snapshots
from schemas.errors import RefusedByGate
from schemas.gates import Canary
from schemas.manifest import Gate, Manifest
from schemas.tables import EMBEDDING_SIZE, FEEDS, FETCHES, GARMENTS, OFFERS, PICTURES, VECTORS
from selvedge_searcher import Snapshot
from tests.jobs.lake_of_offers import FIRST, REPOSITORY, Shops
from tests.udfs.rules.mappings import WRITTEN
from udfs.rules.on_sale import garment_id, vector_key

TAXONOMY = """<taxonomy version="1">
  <node code="clothing" en="clothing" ja="衣類" ru="одежда" detector="hat" image="hat scarf" genders="women" \
colour="1" shape="1">
    <node code="hat" en="hat" ja="帽子" ru="шляпа" depicts="hat"/>
    <node code="scarf" en="scarf" ja="スカーフ" ru="шарф"/>
  </node>
</taxonomy>
"""
"""The whole one takes as long to read as a night over these few rows."""

WHOLE = [0.0, 0.0, 1.0, 1.0]
NOON = datetime(2026, 1, 10, 12, tzinfo=UTC)
"""When the first feeds came; the nights of these tests are that day's and those after it."""


REFUSED = re.compile(
    r"refused by (.+)\. The last snapshot stays live; to act: .+`selvedge publish --accept GATE --reason TEXT`.*"
)


class Tried:
    """A canary and an encoder that say what they are told, and remember what they were asked of."""

    def __init__(self) -> None:
        self.cosine = 1.0
        self.asked: list[tuple[Night, int, int]] = []
        self.encoders: list[int] = []

    def canary(self, night: Night, snapshot: Snapshot, bounds: Canary) -> Gate:
        self.asked.append((night, snapshot.version, bounds.count))
        passed = self.cosine >= bounds.cosine
        return Gate(name="canary", value=self.cosine, bound=bounds.cosine, passed=passed)

    def encoder(self, snapshot: Snapshot) -> None:
        self.encoders.append(snapshot.version)

    def patch(self, patched: pytest.MonkeyPatch) -> None:
        patched.setattr(jobs.stages.publish, "canary", self.canary)
        patched.setattr(Snapshot, "encoder", property(self.encoder))


class Index(Shops):
    """Shops whose products have one garment each, and gates that bind among a few of them."""

    def __init__(self, root: Path, **sizes: int) -> None:
        super().__init__(root)
        (root / "mappings" / "taxonomy.xml").write_text(TAXONOMY, encoding="utf-8")
        self.gates: dict[str, Any] = yaml.safe_load((REPOSITORY / "mappings" / "gates.yaml").read_text())
        for part in self.gates.values():
            part |= {name: {"percent": 25, "absolute": 1} for name in ("garments_drop", "products_drop")}
            part["category_shift"] = {"points": 100, "absolute": 0}
        self.feeds: dict[str, int] = {}
        self.categories: dict[str, str] = {}
        for name in MODELS:
            self.promote(name, "first")
        for retailer, size in sizes.items():
            self.add(retailer, [])
            self.deliver(retailer, dict.fromkeys(range(size), "hat"))

    def copied(self, root: Path) -> "Index":
        """The same at another place, to be changed there."""
        shutil.copytree(self.root, root)
        other = copy.deepcopy(self)
        other.root = root
        return other

    def bounds(self, part: str, **changed: Any) -> None:
        """Bounds of `whole_index` or `retailer` for the nights that follow."""
        self.gates[part] |= changed

    def map(self, retailer: str) -> None:
        """A mapping file of one rule."""
        rule = f'<rule path="Hats" to="hat" {WRITTEN}/>'
        file = self.root / "mappings" / retailer / "categories.xml"
        file.write_text(f'<mapping retailer="{retailer}">\n{rule}\n</mapping>\n', encoding="utf-8")

    def promote(self, model: str, release: str) -> None:
        """A release with a digest and no network."""
        folder = self.root / "models" / model / release
        folder.mkdir(parents=True, exist_ok=True)
        digest = hashlib.sha256(f"{model} {release}".encode()).hexdigest()
        (folder / "model.json").write_text(json.dumps({"digest": digest}))
        index = self.root / "models" / "promoted.json"
        promoted = json.loads(index.read_text()) if index.exists() else {}
        index.write_text(json.dumps(promoted | {model: release}))

    def deliver(self, retailer: str, products: Mapping[int, str], **stated: Any) -> bytes:
        """A newer good feed of a shop, by product the category that will be chosen -> its digest."""
        self.feeds[retailer] = attempt = self.feeds.get(retailer, 1) + 1
        feed = hashlib.sha256(f"{retailer} {attempt}".encode()).digest()
        last = self._last_state(retailer)
        common = {"retailer": retailer, "feed": feed, "function": last["function"], "status": "done"}
        self.write(FEEDS, [common | {"attempt": attempt, "acquired_at": NOON}])
        self.write(OFFERS, [
            common | {"position": number, "offer_id": str(number), "product_id": f"{retailer}:{number}",
                      "title": f"{category} {number}", "pictures": [f"https://{retailer}.test/{number}"]} | stated
            for number, category in products.items()
        ])  # fmt: skip
        self.categories |= {f"{retailer}:{number}": category for number, category in products.items()}
        return feed

    def refuse(self, retailer: str, detail: str) -> None:
        """A newer feed that was refused."""
        self.feeds[retailer] = attempt = self.feeds.get(retailer, 1) + 1
        refused = {"attempt": attempt, "status": "rejected", "code": "feed_gate", "detail": detail, "acquired_at": NOON}
        self.write(FEEDS, [self._last_state(retailer) | refused])

    def ready(self, nights: int = 0, **changed: Any) -> Night:
        """A night, with some of its fields changed, in which every stage before publish is done."""
        (self.root / "mappings" / "gates.yaml").write_text(json.dumps(self.gates))
        self._bring_pictures()
        night = self.night(nights)
        rows = night.tables.sql("select product_key from garments", [GARMENTS])
        present = set(rows["product_key"].to_pylist())
        garments = [_garment(night, row, self.categories[row["product_id"]]) for row in _due(night, present)]
        self.write(GARMENTS, garments)
        self._embed(night)
        night = self.night(nights)
        for name, value in changed.items():
            setattr(night, name, value)
        return night

    def night(self, nights: int = 0, *arguments: Any, **settings: Any) -> Night:
        night = super().night(nights, *arguments, **settings)
        night.settings = night.settings.model_copy(update={"models": self.root / "models"})
        return night

    def _last_state(self, retailer: str) -> dict[str, Any]:
        query = f"select * from feeds where retailer = '{retailer}' order by attempt desc limit 1"
        return self.night().tables.sql(query, [FEEDS]).to_pylist()[0]

    def _bring_pictures(self) -> None:
        """Every address that is not here yet brings a picture of its own."""
        tables = self.night().tables
        known = {row["url"] for row in tables.sql("select url from fetches", [FETCHES]).to_pylist()}
        offers = tables.sql("select distinct unnest(pictures) url from offers", [OFFERS]).to_pylist()
        urls = sorted({row["url"] for row in offers} - known)
        common = {"function": bytes(32), "status": "done"}
        pictures = {url: hashlib.sha256(url.encode()).digest() for url in urls}
        self.write(FETCHES, [
            common | {"url": url, "attempt": 1, "night": FIRST, "picture": picture} for url, picture in pictures.items()
        ])  # fmt: skip
        self.write(PICTURES, [common | {"picture": picture, "shard": "s.tar"} for picture in pictures.values()])

    def _embed(self, night: Night) -> None:
        function = embed_function(night)
        present = night.tables.sql("select vector_key, function from vectors", [VECTORS]).to_pylist()
        known = {row["vector_key"] for row in present if row["function"] == function}
        cells = self.night().tables.sql("select garments from garments", [GARMENTS])["garments"].to_pylist()
        found = {garment["vector_key"]: garment for cell in cells for garment in cell}
        self.write(VECTORS, [_vector(function, found[key]) for key in sorted(found.keys() - known)])


def _due(night: Night, present: set[bytes]) -> list[dict[str, Any]]:
    """Key, product, and the picture of each live product that nothing was chosen for."""
    catalog = Catalog.of(night)
    pictures = dict(zip(*(catalog.pictures[name].to_pylist() for name in ("product", "picture")), strict=True))
    products = catalog.products.select(["product_id", "retailer", "pictures"]).to_pylist()
    return [
        products[row["product"]] | {"product_key": row["product_key"], "picture": pictures[row["product"]]}
        for row in catalog.keys.to_pylist()
        if row["product_key"] not in present
    ]


def _garment(night: Night, product: dict[str, Any], category: str) -> dict[str, Any]:
    picture = product["picture"]
    garment = {
        "garment_id": garment_id(product["product_id"], picture, 0), "vector_key": vector_key(picture, WHOLE),
        "picture": picture, "url": product["pictures"][0], "class": "hat", "box": WHOLE, "score": 0.5, "rank": 0,
        "whole_picture": True,
    }  # fmt: skip
    return {
        "product_key": product["product_key"], "function": choose_function(night), "status": "done",
        "product_id": product["product_id"], "retailer": product["retailer"], "category": category,
        "category_source": "text", "gender": "women", "garments": [garment],
    }  # fmt: skip


def _vector(function: bytes, garment: dict[str, Any]) -> dict[str, Any]:
    """A unit vector that the garment's key and the model decide."""
    key = garment["vector_key"]
    drawn = np.random.default_rng(list(key + function)).standard_normal(EMBEDDING_SIZE)
    return {
        "vector_key": key, "function": function, "status": "done", "picture": garment["picture"], "box": WHOLE,
        "embedding": (drawn / np.linalg.norm(drawn)).astype(np.float32).tolist(), "shape_code": key[:16],
        "colour_code": key[16:],
    }  # fmt: skip


def hats(*numbers: int) -> dict[int, str]:
    return dict.fromkeys(numbers, "hat")


def manifest(index: Index, version: int | None = None) -> Manifest:
    store = index.night().store
    return snapshots.manifest(store, version or snapshots.current(store) or 0)


def sizes(index: Index) -> dict[str, tuple[int, int]]:
    """Garments and products of each retailer in the live version."""
    return {name: (counts.garments, counts.products) for name, counts in manifest(index).counts.items()}


def gate_of(gates: list[Gate], name: str, retailer: str | None = None) -> Gate:
    (found,) = [gate for gate in gates if (gate.name, gate.retailer) == (name, retailer)]
    return found


def refused(night: Night) -> str:
    """Why a night's version is refused; the version that was live stays so."""
    before = snapshots.current(night.store)
    with pytest.raises(RefusedByGate) as caught:
        publish(night)
    assert snapshots.current(night.store) == before
    said = REFUSED.fullmatch(str(caught.value))
    assert said is not None, caught.value
    return said[1]
