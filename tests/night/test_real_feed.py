"""A night over a real shop's feed whose pictures cannot be reached from where tests run."""

import json
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from schemas.tables import FETCHES, MAPPED, OFFERS, TEXTS
from shops.serve import serving
from tests.night.house import GATES, REPOSITORY, House, Shops

pytestmark = [pytest.mark.night, pytest.mark.field]

SHOP, FEED, OFFERS_IN_IT = "dresses", "02-gmc-rss-evadavidova.xml", 277
RULE = '<rule path="Каталог > *" to="dress" date="2026-11-21" by="AB"/>'


@pytest.fixture
def dresses(shared_data: Path, tmp_path: Path) -> Iterator[House]:
    """A house whose one shop sends the real feed."""
    served = tmp_path / "served"
    (served / SHOP).mkdir(parents=True)
    shutil.copy(shared_data / "feeds" / FEED, served / SHOP / "feed.xml")
    with serving(served) as url:
        house = House(tmp_path / "house", Shops(served, served, url, Counter(), (SHOP,)))
        folder = house.mappings / SHOP
        folder.mkdir(parents=True)
        spec = {
            "enabled": True, "language": "ru", "feed": {"url": f"{url}/{SHOP}/feed.xml"},
            "images": {"rate": 100, "connections": 8, "allow_private_hosts": ["127.0.0.0/8"]},
        }  # fmt: skip
        (folder / "retailer.yaml").write_text(json.dumps(spec))
        (folder / "categories.xml").write_text(f'<mapping retailer="{SHOP}" taxonomy="1">{RULE}</mapping>')
        shutil.copy(REPOSITORY / "mappings" / "taxonomy.xml", house.mappings)
        (house.mappings / "gates.yaml").write_text(json.dumps(GATES))
        (house.root / "selvedge.yaml").touch()
        yield house


def test_everything_is_done_but_what_needs_pictures(dresses: House) -> None:
    ended = dresses.night()
    assert ended.code == 0, ended.err
    stages = ended.json["stages"]
    assert stages["parse"]["due"] == OFFERS_IN_IT
    assert stages["fetch"]["due"] == stages["fetch"]["rejected"] > 500
    assert (ended.json["published"], ended.json["snapshot"]) == (False, None)
    assert set(ended.json["rejects"]) >= {"offer_no_picture", "no_picture_left"}

    reasons = dresses.rows(f"select distinct code, detail from {FETCHES.name}", FETCHES)
    assert all(row["code"].startswith("fetch_") and row["detail"] for row in reasons)
    leaves = dresses.rows(f"select leaf, count(*) n from {TEXTS.name} group by leaf order by n desc", TEXTS)
    assert "dress" in leaves[0]["leaf"], leaves
    mapped = dresses.rows(f"select verdicts from {MAPPED.name}", MAPPED)
    assert len(mapped) == 6
    assert all(row["verdicts"][0]["node"] == "dress" for row in mapped)
    assert dresses.rows(f"select count(*) n from {OFFERS.name}", OFFERS)[0]["n"] == OFFERS_IN_IT

    page = (dresses.root / "reports" / f"{ended.json['run']}.html").read_text()
    assert "no_picture_left" in page
    assert dresses.night().json["stages"]["classify"]["due"] == 0
