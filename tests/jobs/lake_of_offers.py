"""A lake with retailers and their offers, made without a feed: for tests of fetching and of what comes of it."""

import json
import shutil
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pyarrow as pa

from jobs.engine.night import Night
from jobs.engine.progress import Progress
from jobs.engine.stage import Counts
from jobs.live.functions import parser_of
from jobs.stages.fetch import fetch
from schemas.retailer import read_retailer
from schemas.settings import FetchSettings, Settings, WorkSettings
from schemas.table import Table
from schemas.tables import FEEDS, FETCHES, OFFERS, PICTURES

REPOSITORY = Path(__file__).resolve().parents[2]
FIRST = date(2026, 1, 10)
FEED = bytes(32)


class Shops:
    """Retailers with offers in a lake, night after night."""

    def __init__(self, root: Path, **pictures: Sequence[str]) -> None:
        self.root = root
        (root / "mappings").mkdir()
        shutil.copy(REPOSITORY / "mappings" / "taxonomy.xml", root / "mappings")
        for retailer, urls in pictures.items():
            self.add(retailer, urls)

    def add(self, retailer: str, urls: Sequence[str], url: str = "http://shop.test/feed.xml", **images: Any) -> None:
        folder = self.root / "mappings" / retailer
        folder.mkdir(parents=True)
        images = {"rate": 100, "connections": 8, "max_per_product": 50, "allow_private_hosts": ["127.0.0.0/8"]} | images
        spec = {"language": "en", "feed": {"url": url}, "images": images}
        (folder / "retailer.yaml").write_text(json.dumps(spec))
        function = parser_of(read_retailer(folder).files[0])
        common = {"retailer": retailer, "feed": FEED, "function": function, "status": "done"}
        self.write(FEEDS, [common | {"attempt": 1, "acquired_at": datetime.now(UTC)}])
        self.write(OFFERS, [
            common | {"position": at, "offer_id": str(at), "product_id": f"{retailer}:{at}", "title": f"Coat {at}",
                      "text_key": sha256(f"Coat {at}".encode()).digest(), "pictures": [url]}
            for at, url in enumerate(urls)
        ])  # fmt: skip

    def write(self, table: Table, rows: Sequence[dict[str, Any]]) -> None:
        """What a row does not name is null."""
        self.night().tables.append(table, pa.Table.from_pylist(list(rows), table.schema))

    def night(self, nights: int = 0, chunk_rows: int = 20_000, model_threads: int = 0, **settings: Any) -> Night:
        all_settings = Settings(
            lake=str(self.root / "lake"), mappings=self.root / "mappings", reports=self.root / "reports",
            fetch=FetchSettings(**settings),
            work=WorkSettings(chunk_rows=chunk_rows, model_threads=model_threads),
        )  # fmt: skip
        return Night(all_settings, "run", FIRST + timedelta(days=nights), Progress(quiet=True))

    def fetch(self, nights: int = 0, **settings: Any) -> Counts:
        return fetch(self.night(nights, **settings))

    def rows(self, query: str) -> list[dict[str, Any]]:
        return self.night().tables.sql(query, [FETCHES, PICTURES]).to_pylist()
