"""A shop that changes a little every night, from a seed: prices, new offers, offers that go, some that come back."""

import os
import random
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from pathlib import Path

from PIL import Image, ImageDraw

from shops.spec import write_spec
from tests.older.tiny_shops import GOOGLE_SHOP, MADE_AT, Offer, drawn, google_feed, jpeg, kept_picture

SHOP = GOOGLE_SHOP
TITLES = {"dress": "Red dress with a wide skirt", "shirt": "Summer button-down shirt", "trousers": "Trousers"}
CATEGORIES = {"dress": "Clothing > Dresses", "shirt": "Clothing > Shirts", "trousers": "Clothing > Trousers"}
RETURN = 0.2
"""Share of new offers that were in the shop before."""


@dataclass
class DriftingShop:
    """The shop's offers of tonight. Each offer is a product of its own with a picture of its own."""

    root: Path
    url: str
    offers: int
    changed_ratio: float = 0.01
    seed: int = 1
    shown: list[Offer] = field(default_factory=list)
    gone: list[Offer] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._draw = random.Random(self.seed)
        self._made = 0
        self.shown = [self._new() for _ in range(self.offers)]

    def write_spec(self, mappings: Path) -> None:
        (mappings / SHOP).mkdir(parents=True)
        write_spec(mappings / SHOP / "retailer.yaml", f"{self.url}/{SHOP}/feed.xml", "en", "google")

    def next_night(self) -> None:
        """1% of the offers get another price, and 1% are replaced."""
        count = max(1, round(self.changed_ratio * self.offers))
        for at in self._draw.sample(range(self.offers), count):
            self.shown[at] = replace(self.shown[at], price=self._draw.randrange(10, 200))
        for at in self._draw.sample(range(self.offers), count):
            self.gone.append(self.shown[at])
            back = self._draw.random() < RETURN
            self.shown[at] = self.gone.pop(self._draw.randrange(len(self.gone))) if back else self._new()

    def write_feed(self, day: date) -> None:
        """The feed of a day, which its file is dated with, as the server's ETag is made of it."""
        feed = self.root / SHOP / "feed.xml"
        feed.write_text(google_feed(self.url, self.shown).replace("Wed, 14 Jan 2026", f"{day:%a, %d %b %Y}"), "utf-8")
        at = datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()
        os.utime(feed, (at, at))

    def write_feed_as_it_was(self, body: bytes) -> None:
        """A feed of an earlier night again."""
        (self.root / SHOP / "feed.xml").write_bytes(body)

    def _new(self) -> Offer:
        self._made += 1
        number, shape = self._made, self._draw.choice(sorted(TITLES))
        picture = kept_picture(self.root, SHOP, jpeg(self._picture(shape)))
        os.utime(self.root / picture, (MADE_AT.timestamp(), MADE_AT.timestamp()))  # the same ETag if it is drawn again
        return Offer(
            f"n{number}", f"g{number}", f"{TITLES[shape]} {number}", CATEGORIES[shape], "red", "M", "cotton",
            [f"{self.url}/{picture}"], self._draw.randrange(10, 200),
        )  # fmt: skip

    def _picture(self, shape: str) -> Image.Image:
        """A garment of stripes that no other one has, so that no two are near copies."""
        picture = drawn(shape, (self._draw.randrange(120, 256), self._draw.randrange(90), self._draw.randrange(90)))
        pen = ImageDraw.Draw(picture)
        for _ in range(12):
            x, y = self._draw.randrange(150), self._draw.randrange(190)
            colour = tuple(self._draw.randrange(256) for _ in range(3))
            pen.rectangle((x, y, x + self._draw.randrange(8, 50), y + self._draw.randrange(8, 50)), fill=colour)
        return picture
