"""A shop that sends its catalog in several files, night after night, through the folder of feeds."""

import json
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest

from jobs.engine.night import Night
from jobs.live.catalog import Catalog
from jobs.live.retailers import retailer_states
from jobs.stages.acquire import acquire
from jobs.stages.parse import parse
from schemas.manifest import RetailerState
from tests.jobs.answers.test_feed_check import InProcess
from tests.jobs.lake_of_offers import FIRST, Shops
from tests.udfs.feeds.small_feeds import feed

NOON = datetime.combine(FIRST, time(12), UTC)
ROW = """<offer id="{id}" available="true"><name>{title} {id}</name><price>{price}</price><currencyId>EUR</currencyId>
<picture>https://shop.test/{id}.jpg</picture></offer>"""
UPDATE = '<offer id="{id}"><price>{price}</price><currencyId>EUR</currencyId></offer>'


def part(*ids: str, title: str = "Red dress", price: int = 20, day: str = "") -> bytes:
    return dated(feed("".join(ROW.format(id=name, title=title, price=price) for name in ids)), day)


def prices(day: str = "", **by_id: int) -> bytes:
    return dated(feed("".join(UPDATE.format(id=name, price=price) for name, price in by_id.items())), day)


def dated(body: bytes, day: str) -> bytes:
    """With the date that the feed states; none where it is empty."""
    return body.replace(b" date='2026-11-20 10:00'", f' date="{day}"'.encode() if day else b"", 1)


class SeveralFiles:
    """The nights are a day apart."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch, **kinds: str) -> None:
        self.shops, self.folder, self.nights = Shops(root), root / "feeds", 0
        self.spec_file = root / "mappings" / "shop" / "retailer.yaml"
        self.spec_file.parent.mkdir()
        self.folder.mkdir()
        self.lists(*(self.file(name, kind=kind) for name, kind in kinds.items()))
        monkeypatch.setattr(Night, "now", lambda night: NOON + timedelta(days=self.nights))
        for module in ("acquire", "parse"):
            monkeypatch.setattr(f"jobs.stages.{module}.Child", InProcess)

    @staticmethod
    def file(name: str, **said: Any) -> dict[str, Any]:
        return {"name": name, "url": f"{name}.xml"} | said

    def lists(self, *files: dict[str, Any], **said: Any) -> None:
        """Write the spec."""
        self.writes_spec({"language": "en", "feeds": list(files)} | said)

    def writes_spec(self, spec: dict[str, Any]) -> None:
        self.spec_file.write_text(json.dumps(spec))

    def night(self) -> Night:
        """A look at the lake, after the last night."""
        night = self.shops.night(self.nights)
        feeds = night.settings.feeds.model_copy(update={"folder": self.folder})
        night.settings = night.settings.model_copy(update={"feeds": feeds})
        return night

    def sends(self, **bodies: bytes | None) -> Night:
        """The next night, after the shop sent some files; None: there is no such file any more."""
        for name, body in bodies.items():
            (self.folder / f"{name}.xml").unlink(missing_ok=True)
            if body is not None:
                (self.folder / f"{name}.xml").write_bytes(body)
        self.nights += 1
        night = self.night()
        acquire(night)
        parse(night)
        return night


def offered(night: Night) -> dict[str, str]:
    """Title by offer id of the live products; each offer is one."""
    products = Catalog.of(night).products
    return {
        name: title for (name,), title in zip(*(products[n].to_pylist() for n in ("offer_ids", "title")), strict=True)
    }


def priced(night: Night) -> dict[str, int]:
    products = Catalog.of(night).products
    return {
        name: int(price)
        for (name,), price in zip(*(products[n].to_pylist() for n in ("offer_ids", "price")), strict=True)
    }


def state(night: Night) -> RetailerState:
    return retailer_states(night, None)["shop"]
