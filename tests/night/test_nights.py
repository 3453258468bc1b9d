"""What a night does, and above all what it does not do again."""

import json
import os
import subprocess
import sys
from xml.sax.saxutils import escape

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable

import selvedge_searcher
from schemas.tables import GARMENTS, OFFERS, VECTORS
from shops.changes import change
from tests.night.conftest import ATELIER, LANE
from tests.night.house import DATE, REPOSITORY, Ended, House, double_keys

pytestmark = pytest.mark.night

STAGES = ("acquire", "parse", "fetch", "screen", "classify", "map", "fingerprint", "dedup", "detect", "choose",
          "embed", "publish")  # fmt: skip


def due(ended: Ended) -> dict[str, int]:
    """Stages that had something to do."""
    return {name: counts["due"] for name, counts in ended.json["stages"].items() if counts["due"]}


def test_a_first_night_publishes(first_night: tuple[House, Ended]) -> None:
    house, ended = first_night
    assert ended.code == 0, ended.err
    said = ended.json
    assert list(said) == [
        "run", "snapshot", "published", "garments", "products", "rejects", "report", "retailers", "notes",
        "stages",
    ]  # fmt: skip
    assert (said["snapshot"], said["published"]) == (1, True)
    assert tuple(said["stages"]) == STAGES
    for name, counts in said["stages"].items():
        assert set(counts) == {"due", "done", "rejected", "pending", "seconds"}
        assert counts["due"] == counts["done"] + counts["rejected"] + counts["pending"] > 0, name
        assert counts["pending"] == 0
    assert {name: state["status"] for name, state in said["retailers"].items()} == {ATELIER: "fresh", LANE: "fresh"}
    assert (house.root / "reports" / f"{said['run']}.html").is_file()


def test_the_search_tier_opens_what_was_published(first_night: tuple[House, Ended]) -> None:
    house, ended = first_night
    snapshot = selvedge_searcher.open(str(house.lake))
    assert len(snapshot.garments) == ended.json["garments"] == len(snapshot.vectors) > 0
    assert len(snapshot.products) == ended.json["products"] > 0
    assert snapshot.vectors.shape[1] == 256
    asked = pc.unique(snapshot.garments["image_url"]).to_pylist()
    assert all(url.startswith(house.shops.url) for url in asked)


def test_no_key_stands_twice(first_night: tuple[House, Ended]) -> None:
    assert double_keys(first_night[0]) == {}


def test_a_second_night_does_nothing(house: House) -> None:
    before, version = house.table_versions(), house.manifest()
    ended = house.night()
    assert ended.code == 0, ended.err
    assert due(ended) == {}
    assert (ended.json["published"], ended.json["snapshot"]) == (False, 1)
    assert house.shops.pictures_asked == 0
    assert house.table_versions() == before
    assert house.manifest() == version


WATCHED = """
import json, multiprocessing.process, sys
from cli.main import main
started = []
start = multiprocessing.process.BaseProcess.start
def counted(self):
    started.append(self.name)
    start(self)
multiprocessing.process.BaseProcess.start = counted
try:
    main()
finally:
    loaded = sorted({"onnxruntime", "pyspark", "sklearn", "torch", "tensorrt"} & set(sys.modules))
    print(json.dumps({"started": started, "loaded": loaded}), file=sys.stderr)
"""


def test_a_second_night_loads_no_model_and_starts_no_worker(house: House) -> None:
    done = subprocess.run(
        [sys.executable, "-c", WATCHED, "night", "--date", DATE],
        env=os.environ | house.environment, cwd=REPOSITORY, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "Nothing new: version 1 stays live." in done.stdout
    assert json.loads(done.stderr.splitlines()[-1]) == {"started": [], "loaded": []}


def test_other_prices_rewrite_products_alone(house: House) -> None:
    before, files = house.table_versions(), house.manifest()
    assert change(house.shops.folder / ATELIER, 0.01, "price") == 1
    ended = house.night()
    assert (ended.code, ended.json["published"], ended.json["snapshot"]) == (0, True, 2)
    assert set(due(ended)) <= {"acquire", "parse", "map", "publish"}
    assert house.shops.pictures_asked == 0
    after = house.table_versions()
    looked = ("fetches", "pictures", "screens", "texts", "fingerprints", "duplicates", "boxes", "garments", "vectors")
    assert {name: after[name] for name in looked} == {name: before[name] for name in looked}
    new = house.manifest()
    assert new.of("garments") == files.of("garments")
    assert new.of("vectors") == files.of("vectors")
    assert {f.retailer for f in new.of("products") if f not in files.of("products")} == {ATELIER}
    changes = pq.read_table(house.lake / new.changes.path).to_pylist()
    assert {(row["table"], row["change"]) for row in changes} == {("products", "changed")}


def test_a_vector_that_is_gone_is_made_anew_alone(house: House) -> None:
    digest = house.manifest().content_digest
    key = house.rows("select vector_key from vectors order by vector_key limit 1", VECTORS)[0]["vector_key"]
    table = DeltaTable(str(house.lake / "tables" / "vectors"))
    table.delete(f"vector_key = X'{key.hex()}'")
    assert house.night("--until", "choose").json["stages"]["choose"]["due"] == 0
    ended = house.night()
    assert due(ended) == {"embed": 1}
    assert house.manifest().content_digest == digest
    assert double_keys(house) == {}


def test_an_edited_mapping_is_due_in_map_choose_and_publish(house: House) -> None:
    chosen = house.rows(
        f"""select o.category_path, g.category, count(distinct g.product_id) products from {OFFERS.name} o
        join {GARMENTS.name} g on o.product_id = g.product_id
        where g.retailer = '{ATELIER}' and g.category_source = 'text'
        group by o.category_path, g.category order by g.category limit 1""",
        OFFERS, GARMENTS,
    )[0]  # fmt: skip
    path = " > ".join(escape(name) for name in chosen["category_path"])
    (house.mappings / ATELIER / "categories.xml").write_text(
        f"""<mapping retailer="{ATELIER}" taxonomy="1">
        <rule path="{path}" to="{chosen["category"]}" date="2026-11-21" by="AB"/></mapping>"""
    )
    files = house.manifest()
    ended = house.night()
    assert ended.code == 0, ended.err
    assert set(due(ended)) == {"map", "choose", "publish"}
    assert due(ended)["choose"] == chosen["products"]
    assert house.manifest().of("vectors") == files.of("vectors")
    sources = house.rows(f"select category_source from {GARMENTS.name} where category_source = 'mapping'", GARMENTS)
    assert len(sources) == chosen["products"]


@pytest.mark.spark
@pytest.mark.long
def test_spark_publishes_the_same(first_night: tuple[House, Ended], new_house: House) -> None:
    ended = new_house.night(SPARK__FEW_SECONDS="0", SPARK__MASTER="local[2,4]")
    assert ended.code == 0, ended.err
    assert new_house.manifest().content_digest == first_night[0].manifest().content_digest
    assert double_keys(new_house) == {}
