"""A lake in which anything may happen between two nights, with stages whose models are drawn: for what a night asks."""

import json
import random
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from deltalake import DeltaTable

from jobs.engine.night import Night
from jobs.engine.records import record
from jobs.engine.stage import Counts, Stage, due
from jobs.live.catalog import Catalog
from jobs.live.coverage import coverage_rows
from jobs.live.functions import fetch_function
from jobs.live.memory import Memory
from jobs.live.products import keep
from jobs.live.touched import ASKS, question
from jobs.stages import choose, classify, dedup, detect, embed, fingerprint, map, screen
from jobs.stages.publish import publish
from jobs.stages.publish_rows import OfCrops, Source
from jobs.stages.record import Rule
from lake import snapshots
from lake.candidate import Rows, prepare
from schemas.rejects import Code
from schemas.table import Table
from schemas.tables import COVERAGE, FEEDS, FETCHES, OFFERS, PICTURES, SCREEN_CLASSES, STAGE_TABLES
from tests.jobs.lake_of_offers import FIRST
from tests.jobs.stages.publishing import NOON, WHOLE, Index, _vector
from tests.udfs.rules.prints import prints

RULES: dict[str, Rule] = {
    module.RULE.name: module.RULE for module in (screen, classify, map, fingerprint, detect, choose, embed)
}
SHOPS = ("atelier", "lane", "mole")
PRODUCTS = 5
KINDS = ("hat", "scarf")
Row = dict[str, Any]


def number(text: str, upto: int) -> int:
    return int.from_bytes(sha256(text.encode()).digest()[:4], "little") % upto


class Nights(Index):
    """Three shops of a few products, some of whose pictures are at the same addresses."""

    def __init__(self, root: Path, seed: int) -> None:
        self._tonight: Night | None = None
        super().__init__(root)
        self.draw, self.on, self.version = random.Random(seed), 0, dict.fromkeys(SHOPS, 0)
        self.shop_by_shop = seed % 2 == 0
        self.answers: dict[str, int] = {}
        self.blocked: list[str] = []
        for part in self.gates.values():
            part |= {name: {"percent": 100, "absolute": 0} for name in ("garments_drop", "products_drop")}
        self.gates["retailer"] |= {"coverage_drop": 100}
        self.gates["whole_index"]["first_version"] = {"garments": 1, "products": 1}
        (root / "mappings" / "gates.yaml").write_text(json.dumps(self.gates))
        self.products = {shop: {at: self._product(shop, at) for at in range(PRODUCTS)} for shop in SHOPS}
        for shop in SHOPS:
            self.add(shop, [])
            self.send(shop)
        self.fetch()

    def _product(self, shop: str, at: int) -> Row:
        urls = [f"https://{self.draw.choice([shop, 'shared'])}.test/{self.draw.randrange(12)}" for _ in range(2)]
        return {"title": f"{self.draw.choice(KINDS)} {at}", "pictures": urls, "price": None,
                "category_path": [self.draw.choice(("Hats", "More"))]}  # fmt: skip

    def send(self, shop: str) -> None:
        """A new feed with the shop's products."""
        self.version[shop] += 1
        last = self._last_state(shop)
        feed = sha256(f"{shop} {self.version[shop]}".encode()).digest()
        common = {"retailer": shop, "feed": feed, "function": last["function"], "status": "done"}
        offers = len(self.products[shop])
        self.write(FEEDS, [common | {"attempt": last["attempt"] + 1, "acquired_at": NOON, "offers": offers}])
        self.write(OFFERS, [
            common | product | {"position": at, "offer_id": str(at), "product_id": f"{shop}:{at}",
                                "text_key": sha256(product["title"].encode()).digest()}
            for at, product in self.products[shop].items()
        ])  # fmt: skip

    def fetch(self, share: float = 0.9) -> None:
        """Some of the addresses without a picture are asked for; some fail."""
        rows = self.night().tables.sql("select url, attempt from fetches", [FETCHES]).to_pylist()
        attempts: dict[str, int] = {}
        for row in rows:
            attempts[row["url"]] = max(row["attempt"], attempts.get(row["url"], 0))
        urls = {url for shop in self.products.values() for product in shop.values() for url in product["pictures"]}
        wanted = [url for url in sorted(urls) if not self.answers.get(url) and self.draw.random() < share]
        self._ask({url: attempts.get(url, 0) + 1 for url in wanted}, 0.2)

    def ask(self, url: str, changed: bool = False) -> None:
        attempt = self.rows(f"select count(*) n from fetches where url = '{url}'")[0]["n"] + 1
        self.answers[url] = self.answers.get(url, 1) + changed
        self._ask({url: attempt}, 0)

    def _ask(self, attempts: dict[str, int], fails: float) -> None:
        stored = {found["picture"] for found in self.rows("select picture from pictures")}
        pictures, fetches = [], []
        for url, attempt in attempts.items():
            row: Row = {"url": url, "attempt": attempt, "night": FIRST, "function": fetch_function()}
            if self.draw.random() < fails:
                fetches.append(row | {"status": "rejected", "code": str(Code.FETCH_5XX), "detail": f"said {attempt}"})
                continue
            self.answers.setdefault(url, 1)
            picture = sha256(f"{number(url, 20)} {self.answers[url]}".encode()).digest()
            fetches.append(row | {"status": "done", "picture": picture})
            if picture not in stored:
                pictures.append(_stored(picture))
            stored.add(picture)
        self.write(PICTURES, pictures)
        self.write(FETCHES, fetches)

    def write(self, table: Table, rows: Sequence[Row]) -> None:
        super().write(table, rows)
        self._tonight = None

    def tonight(self) -> Night:
        """The same until something happens."""
        if self._tonight is None:
            self._tonight = self.night(self.on)
            if self.shop_by_shop:
                work = self._tonight.settings.work.model_copy(update={"offers_at_once": 1})
                self._tonight.settings = self._tonight.settings.model_copy(update={"work": work})
        return self._tonight

    # ---- what happens between two nights

    def happens(self) -> str:
        """One of all that may happen."""
        what = self.draw.choice(HAPPENINGS)
        what(self)
        self._tonight = None
        return what.__name__

    def new_feed(self) -> None:
        shop = self.draw.choice(SHOPS)
        at = self.draw.randrange(PRODUCTS + 2)
        self.products[shop][at] = self._product(shop, at)
        self.products[shop].pop(self.draw.randrange(1, PRODUCTS), None)
        self.send(shop)
        self.fetch()

    def only_prices(self) -> None:
        self.send(self.draw.choice(SHOPS))

    def late_answers(self) -> None:
        self.fetch(1.0)

    def asked_again(self) -> None:
        if self.answers:
            self.ask(self.draw.choice(sorted(self.answers)), changed=self.draw.random() < 0.5)

    def lost_rows(self) -> None:
        """Rows of any table but those that only the world can bring again."""
        table = self.draw.choice([table for table in STAGE_TABLES if table not in (FEEDS, OFFERS, FETCHES)])
        self._lose(table, dict.fromkeys(table.key))

    def lost_pictures(self) -> None:
        rows = self.rows("select url, picture from fetches where status = 'done'")
        if rows:
            lost = self.draw.choice(sorted(rows, key=lambda row: row["url"]))
            self._lose(PICTURES, {"picture": lost["picture"]})
            self._night_of(self.stages(self.draw.randrange(9)))
            self.write(PICTURES, [_stored(lost["picture"])])
            self.ask(lost["url"])

    def _lose(self, table: Table, named: Row) -> None:
        handle = self.night().tables.found(table)
        rows = self.night().tables.sql(f"select * from {table.name}", [table]).to_pylist() if handle else []
        if not rows:
            return
        row = self.draw.choice(sorted(rows, key=str))
        said = [f"{name} = '{named.get(name) or row[name]}'" for name in named if isinstance(row[name], str)]
        said += [f"{name} = X'{(named[name] or row[name]).hex()}'" for name in named if isinstance(row[name], bytes)]
        DeltaTable(str(self.root / "lake" / "tables" / table.name)).delete(" and ".join(said))
        self._tonight = None

    def blocks(self) -> None:
        picture = self.draw.choice(self.rows("select picture from pictures"))["picture"].hex()
        url, product = f"https://shared.test/{self.draw.randrange(12)}", f"lane:{self.draw.randrange(PRODUCTS)}"
        kind, value = self.draw.choice((("sha256", picture), ("url", url), ("product", product)))
        self.blocked.append(f"{kind}\t{value}\tx\t2026-01-01\tXX\n")
        if self.draw.random() < 0.3:
            self.blocked.clear()
        head = "kind\tvalue\treason\tdate\tinitials\n"
        (self.root / "mappings" / "blocked.tsv").write_text(head + "".join(self.blocked))

    def tells_apart(self) -> None:
        pictures = sorted(row["picture"].hex() for row in self.rows("select distinct picture from pictures"))
        lines = "\t".join(self.draw.sample(pictures, 2)) + "\tx\t2026-01-01\tXX\n"
        head = "picture\tother\treason\tdate\tinitials\n"
        (self.root / "mappings" / "not_duplicates.tsv").write_text(head + lines)

    def maps(self) -> None:
        shop, to = self.draw.choice(SHOPS), self.draw.choice(KINDS)
        rule = f'<rule path="{self.draw.choice(("Hats", "More"))}" to="{to}" date="2026-01-01" by="XX"/>'
        file = self.root / "mappings" / shop / "categories.xml"
        file.write_text(f'<mapping retailer="{shop}">\n{rule}\n</mapping>\n', encoding="utf-8")

    def another_model(self) -> None:
        self.promote(self.draw.choice(("screen", "text", "detect", "embed")), f"release {self.draw.randrange(9)}")

    def another_spec(self) -> None:
        file = self.root / "mappings" / self.draw.choice(SHOPS) / "retailer.yaml"
        spec = json.loads(file.read_text())
        spec["images"]["max_per_product"] = self.draw.choice((1, 2, 50))
        spec["enabled"] = self.draw.random() < 0.7
        spec["category_order"] = self.draw.choice((["text"], ["mapping", "text"]))
        file.write_text(json.dumps(spec))

    def killed(self) -> None:
        """A night ends within a stage, whose rows were written in part."""
        for stage in self.stages(self.draw.randrange(9)):
            self.work(stage)
        rule = RULES[self.draw.choice(sorted(RULES))]
        self._work_off(self.tonight(), rule, part=True)

    def ended_early(self) -> None:
        self._night_of(self.stages(self.draw.randrange(9)))

    def one_stage(self) -> None:
        self._night_of([self.draw.choice(sorted(ASKS))])

    # ---- the stages

    @staticmethod
    def stages(count: int = 9) -> list[str]:
        return ["screen", "classify", "map", "fingerprint", "dedup", "detect", "choose", "embed", "publish"][:count]

    def another_night(self) -> None:
        self.on, self._tonight = self.on + 1, None

    def _night_of(self, stages: Iterable[str]) -> None:
        self.another_night()
        for stage in stages:
            self.work(stage)

    def work(self, stage: str) -> Counts:
        """A stage works off what is due, as in a night."""
        night = self.tonight()
        keep(night, SHOPS)
        if stage == "publish":
            counts: Counts = publish(night)
        elif stage == "dedup":
            counts = dedup.dedup(night)
        else:
            rule = RULES[stage]
            memory = map.MEMORY if stage == "map" else rule.memory
            counts = memory.run(night, lambda part: self._work_off(part, rule))
        record(night.tables, f"night {self.on}", stage, counts, "done")
        return counts

    def _work_off(self, night: Night, rule: Rule, part: bool = False) -> Counts:
        stage = _stage(night, rule)
        todo = due(night.tables, stage)
        if part:
            todo = todo.slice(0, todo.num_rows // 2)
        ready = rule.gather(night, todo) if rule.name == "choose" and todo.num_rows else todo
        rows = [row | {"function": stage.function} for row in ANSWERS[rule.name](night, ready)]
        night.tables.append(rule.table, pa.Table.from_pylist(rows, rule.table.schema))
        counts = Counts(due=len(rows), done=len(rows), complete=ready.num_rows == todo.num_rows)
        if rule.name == "map" and not part:
            night.tables.append(COVERAGE, coverage_rows(night, Catalog.of(night)))
        return counts

    # ---- what must be the same

    def due_of(self, stage: str) -> tuple[int, int]:
        """How many rows are due by what was noted, and by asking for everything."""
        if stage == "dedup":
            return _both(dedup.MEMORY, self.tonight(), lambda part: sum(len(one.new) for one in dedup._due(part)))
        rule = RULES[stage]
        memory = map.MEMORY if stage == "map" else rule.memory

        def count(part: Night) -> int:
            counted = coverage_rows(part, Catalog.of(part)).num_rows if stage == "map" else 0
            return int(due(part.tables, _stage(part, rule)).num_rows) + counted

        return _both(memory, self.tonight(), count)

    def asked(self, stage: str) -> frozenset[str]:
        return question(self.tonight(), stage).retailers

    def whole_content(self) -> str:
        """The content digest of a version of everything, over no version."""
        night = self.tonight()
        fresh = Source(night).fresh(())
        keys = fresh.garments["vector_key"].combine_chunks()
        vectors = OfCrops(night.tables, keys, fresh.crops, embed.RULE.function(night))
        return prepare(night.store, Rows(fresh.garments, fresh.products, vectors), None).content_digest

    def garments(self) -> int:
        """How many there are, asking for everything: where a blocked picture is near all others, none."""
        return int(Source(self.tonight()).fresh(()).garments.num_rows)

    def content(self) -> str | None:
        parent = snapshots.parent(self.tonight().store)
        return parent.content_digest if parent else None


def _stored(picture: bytes) -> Row:
    return {"picture": picture, "function": fetch_function(), "status": "done", "shard": "s.tar", "width": 600,
            "height": 800}  # fmt: skip


def _both(memory: Memory, night: Night, count: Callable[[Night], int]) -> tuple[int, int]:
    return memory.due(night, count), count(night)


def _stage(night: Night, rule: Rule) -> Stage:
    return Stage(rule.name, rule.table, rule.function(night), rule.needed(night), _nothing)


def _nothing(batch: pa.RecordBatch) -> pa.RecordBatch:
    return batch


def _screened(night: Night, todo: pa.Table) -> list[Row]:
    return [
        {"picture": picture, "status": "done", **dict.fromkeys(SCREEN_CLASSES, 0.01), "depicts": "hat",
         "wanted": 0.2 + 0.8 * number(picture.hex(), 5) / 4, "depicts_score": 0.9}
        for picture in todo["picture"].to_pylist()
    ]  # fmt: skip


def _read(night: Night, todo: pa.Table) -> list[Row]:
    keys = todo["text_key"].to_pylist()
    return [{"text_key": key, "status": "done", "leaf": KINDS[key[0] % 2], "probability": 0.99} for key in keys]


def _by_rule(rule: Rule, night: Night, todo: pa.Table) -> list[Row]:
    """The answers of a stage that needs no model."""
    if not todo.num_rows:
        return []
    answer: list[Row] = rule.work(night)(todo.combine_chunks().to_batches()[0]).to_pylist()
    return answer


def _printed(night: Night, todo: pa.Table) -> list[Row]:
    pictures = todo["picture"].to_pylist()
    made = [prints(np.array([2 ** (picture[0] % 4 * 3) - 1], np.uint64))._asdict() for picture in pictures]
    return [
        {"picture": picture, "status": "done"} | {name: value.tobytes() for name, value in one.items()}
        for picture, one in zip(pictures, made, strict=True)
    ]


def _boxed(night: Night, todo: pa.Table) -> list[Row]:
    box = {"class": "hat", "score": 0.9, "box": WHOLE}
    return [{"picture": picture, "status": "done", "boxes": [box]} for picture in todo["picture"].to_pylist()]


def _embedded(night: Night, todo: pa.Table) -> list[Row]:
    rows = todo.select(["vector_key", "picture"]).to_pylist()
    return [_vector(embed.RULE.function(night), row) for row in rows]


ANSWERS: dict[str, Callable[[Night, pa.Table], list[Row]]] = {
    "screen": _screened, "classify": _read, "fingerprint": _printed, "detect": _boxed,
    "map": partial(_by_rule, map.RULE), "choose": partial(_by_rule, choose.RULE), "embed": _embedded,
}  # fmt: skip

HAPPENINGS: tuple[Callable[[Nights], None], ...] = (
    Nights.new_feed, Nights.new_feed, Nights.only_prices, Nights.late_answers, Nights.asked_again, Nights.lost_rows,
    Nights.lost_pictures, Nights.blocks, Nights.tells_apart, Nights.maps, Nights.another_model, Nights.another_spec,
    Nights.killed, Nights.ended_early, Nights.one_stage,
)  # fmt: skip
