"""When a shop's pictures are grouped: once all of them have been looked at."""

from pathlib import Path

import numpy as np

from jobs.live.functions import fingerprint_function
from jobs.stages.dedup import STAGE
from schemas.tables import DESCRIPTOR_BYTES, DUPLICATES, FETCHES, FINGERPRINTS
from tests.jobs.lake_of_offers import FIRST, Shops

PICTURES = [bytes([at]) * 32 for at in range(3)]
LOOK = bytes(np.arange(DESCRIPTOR_BYTES, dtype=np.uint8))


def looked_at(shops: Shops, *pictures: bytes, status: str = "done") -> None:
    """All of them look alike."""
    print_ = {"phash": bytes(8), "trimmed_phash": bytes(8), "descriptor": LOOK} if status == "done" else {}
    common = {"function": fingerprint_function(), "status": status}
    shops.write(FINGERPRINTS, [common | {"picture": picture} | print_ for picture in pictures])


def test_a_set_waits_until_every_picture_has_been_looked_at(tmp_path: Path) -> None:
    urls = [f"https://shop.test/{at}" for at in range(3)]
    shops = Shops(tmp_path, shop=urls)
    shops.write(FETCHES, [
        {"url": url, "attempt": 1, "function": bytes(32), "status": "done", "night": FIRST, "picture": picture}
        for url, picture in zip(urls, PICTURES, strict=True)
    ])  # fmt: skip
    looked_at(shops, PICTURES[0], PICTURES[1])
    assert STAGE.run(shops.night()).due == 0
    looked_at(shops, PICTURES[2], status="rejected")
    assert STAGE.run(shops.night()).done == 1
    rows = shops.night().tables.sql("select groups from duplicates", [DUPLICATES]).to_pylist()
    assert [group["members"] for row in rows for group in row["groups"]] == [PICTURES[:2]]
