"""A house of small nights with stand-in models, whose dates lie ahead, so that no file is too young to be deleted."""

import json
import shutil
import socket
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from unittest import mock

from deltalake import DeltaTable

import cli.context
from lake import published_delta
from lake.feeds import path_of
from schemas.tables import FEEDS
from shops.serve import serving
from tests.night.house import GATES, REPOSITORY, Ended, House, Shops
from tests.older.stand_ins import release_all
from tests.year.drift import SHOP, DriftingShop

FIRST = date(2031, 1, 1)
YEARS = timedelta(days=36_500)


@dataclass(frozen=True)
class LongHouse(House):
    """Many nights, one after the other."""

    shop: DriftingShop

    @property
    def environment(self) -> dict[str, str]:
        own = {"SELVEDGE_MODELS": str(self.root / "models"), "SELVEDGE_REPORT__THUMBNAILS": "0"}
        return super().environment | own

    def selvedge(self, *words: str, **settings: str) -> Ended:
        """As in any house, but on dates that lie years ahead."""
        with mock.patch.object(cli.context, "DAYS_AHEAD", YEARS):
            return super().selvedge(*words, **settings)

    def night_of(self, day: int, *words: str, changed: bool = True) -> Ended:
        """The night of a day, counted from 0, over the shop as it has become since the night before."""
        if day and changed:
            self.shop.next_night()
        self.shop.write_feed(day_of(day))
        return self.selvedge("night", "--json", "--date", day_of(day).isoformat(), *words)

    def vacuum(self, day: int, *words: str, **settings: str) -> Ended:
        return self.selvedge("vacuum", "--json", "--date", day_of(day).isoformat(), *words, **settings)

    def day(self, day: int) -> str:
        return day_of(day).isoformat()

    def lake_feed(self) -> bytes:
        """The newest feed, as it was received."""
        query = f"select feed from {FEEDS.name} order by attempt desc limit 1"
        return self.store.read(path_of(self.rows(query, FEEDS)[0]["feed"]))

    def files(self) -> dict[str, int]:
        """Size of every file of the lake, by its path."""
        return {entry.path: entry.bytes for entry in self.store.list("")}

    def copy(self, root: Path) -> "LongHouse":
        """The same lake and models at another place, before the same shop."""
        shutil.copytree(self.root, root)
        return LongHouse(root, self.shops, self.shop)


def day_of(day: int) -> date:
    """The date of a day, counted from 0."""
    return FIRST + timedelta(days=day)


@contextmanager
def long_house(root: Path, offers: int, changed_ratio: float = 0.01, seed: int = 1) -> Iterator[LongHouse]:
    """A house before a shop that changes, as on its first night; it is served until the end.

    There is no lake yet, or the one that an earlier run left in `root`.
    """
    url, seen = f"http://127.0.0.1:{_port(root)}", Counter[str]()
    shop = DriftingShop(root / "shops", url, offers, changed_ratio, seed)
    house = LongHouse(root, Shops(root / "shops", root / "shops", url, seen, (SHOP,)), shop)
    if not house.mappings.exists():
        shop.write_spec(house.mappings)
        shutil.copy(REPOSITORY / "mappings" / "taxonomy.xml", house.mappings)
        (house.mappings / "gates.yaml").write_text(json.dumps(GATES))
        (root / "selvedge.yaml").touch()
        release_all(root / "models")
    with serving(root / "shops", port=int(url.rpartition(":")[2]), seen=seen):
        yield house


@contextmanager
def tombstones_forgotten() -> Iterator[None]:
    """Delta's checkpoints name removed files for a week, by the machine's own clock. Here a year passes in hours,
    so they are forgotten at once: else they would pile up as they never do."""
    create, commit = DeltaTable.create, published_delta._commit
    forgetful = {"delta.deletedFileRetentionDuration": "interval 0 seconds"}

    def forgetting(*words: Any, **options: Any) -> DeltaTable:
        return create(*words, configuration=forgetful, **options)

    def now(*words: Any) -> int:
        return commit(*words[:-1], int(time.time() * 1000))

    with mock.patch.object(DeltaTable, "create", forgetting), mock.patch.object(published_delta, "_commit", now):
        yield


def _port(root: Path) -> int:
    """Feeds hold addresses with the port, so it stays as long as the lake."""
    kept = root / "port"
    if not kept.exists():
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            root.mkdir(parents=True, exist_ok=True)
            kept.write_text(str(free.getsockname()[1]))
    return int(kept.read_text())
