"""What an engineer does by day: go back, hold, explain, look at a picture, take something down."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from deltalake import DeltaTable

import selvedge_searcher
from jobs.run import STAGE_NAMES
from schemas.tables import STAGE_TABLES
from shops.changes import change
from tests.night.conftest import ATELIER
from tests.night.house import DATE, House

pytestmark = pytest.mark.night


def verdicts(house: House, asked: str) -> list[dict[str, Any]]:
    ended = house.selvedge("explain", asked, "--json")
    assert ended.code == 0, ended.err
    return list(ended.json)


def a_garment(house: House) -> dict[str, Any]:
    snapshot = selvedge_searcher.open(str(house.lake))
    return dict(snapshot.garments.slice(0, 1).to_pylist()[0])


def test_rollback_holds_the_pointer_until_live(house: House) -> None:
    change(house.shops.folder / ATELIER, 0.1, "price")
    assert house.night().json["snapshot"] == 2
    assert house.selvedge("rollback", "1", "--why", "wrong prices").code == 0
    assert house.manifest().version == 1
    change(house.shops.folder / ATELIER, 0.1, "price", seed=2)
    ended = house.night()
    assert ended.code == 0
    assert house.manifest().version == 1, "a night publishes a version, and leaves the pointer"
    listed = json.loads(house.selvedge("snapshots", "--json").text)
    assert [row["version"] for row in listed["versions"]] == [1, 2, 3]
    assert listed["hold"]["why"] == "wrong prices"
    assert house.selvedge("live", "3").code == 0
    assert house.manifest().version == 3
    assert house.selvedge("rollback", "9", "--why", "?").code == 2


def test_a_damaged_pointer_is_said_and_mended_by_one_command(house: House) -> None:
    pointer = house.lake / "snapshots" / "CURRENT"
    pointer.write_text("garbage")
    for words in (["snapshots"], ["describe"], ["night", "--date", DATE]):
        ended = house.selvedge(*words)
        assert (ended.code, len(ended.err.splitlines()[-1:])) == (1, 1), words
        assert "CURRENT: is damaged; " in ended.err
        assert "to act: the data engineer (`selvedge doctor --repair`" in ended.err
    assert "1" in house.selvedge("snapshots").text
    assert house.selvedge("live", "1").code == 0
    assert house.manifest().version == 1


def test_a_damaged_version_is_an_error_that_names_its_file(house: House) -> None:
    file = house.lake / house.manifest().files[0].path
    file.write_bytes(file.read_bytes()[:-1])
    ended = house.selvedge("describe")
    assert ended.code == 1
    assert house.manifest().files[0].path in ended.err


def test_an_old_report_is_not_written_over(house: House) -> None:
    first = house.selvedge("report").text.strip()
    assert house.night().code == 0
    before = Path(first).read_bytes()
    again = house.selvedge("report", Path(first).stem)
    assert (again.code, again.text.strip()) == (0, first)
    assert Path(first).read_bytes() == before
    assert house.selvedge("report", "nosuchrun").code == 2
    Path(first).unlink()
    assert "was deleted" in house.selvedge("report", Path(first).stem).err


def test_explain_tells_a_published_offer_in_the_order_of_the_stages(house: House) -> None:
    garment = a_garment(house)
    said = verdicts(house, garment["product_id"])
    stages = [verdict["stage"] for verdict in said]
    order = list(STAGE_NAMES)
    assert list(dict.fromkeys(stages)) == [stage for stage in order if stage in stages]
    assert set(order) - {"dedup"} <= set(stages)
    assert said[-1]["status"] == "in the index"
    cut = [verdict for verdict in said if verdict["status"] == "cut out"]
    assert garment["image_url"] in {verdict["what"] for verdict in cut}


def test_explain_knows_a_picture_and_its_url(house: House) -> None:
    garment = a_garment(house)
    by_picture = verdicts(house, garment["image_sha256"].hex())
    assert {"screen", "detect", "publish"} <= {verdict["stage"] for verdict in by_picture}
    by_url = verdicts(house, garment["image_url"])
    assert by_url[0]["stage"] == "fetch"
    for said in (by_url, by_picture, verdicts(house, garment["garment_id"])):
        assert garment["product_id"] in {verdict["what"] for verdict in said if verdict["stage"] == "choose"}
        assert {verdict["stage"] for verdict in said} >= {"screen", "embed", "publish"}
    assert house.selvedge("explain", f"{house.shops.url}/nowhere.jpg").code == 2
    assert house.selvedge("explain", "nothing-of-ours").code == 2


def test_explain_names_what_stands_in_the_way(house: House) -> None:
    rejected = house.rows(
        "select picture from screens where wanted < 0.2 order by picture limit 1", *_tables("screens")
    )[0]["picture"]
    said = {verdict["stage"]: verdict for verdict in verdicts(house, rejected.hex())}
    assert said["screen"]["status"] == "turned away"
    assert said["screen"]["change"]
    assert said["publish"]["status"] == "not in the index"


def _tables(*names: str) -> list[Any]:
    return [table for table in STAGE_TABLES if table.name in names]


def test_a_search_by_a_picture_of_a_product_finds_it_first(house: House, tmp_path: Path) -> None:
    garment, photo, page = a_garment(house), tmp_path / "photo.jpg", tmp_path / "page.html"
    photo.write_bytes(house.selvedge("picture", garment["image_sha256"].hex()).out)
    assert house.selvedge("search", str(photo), "--out", str(page)).code == 0
    body = page.read_text(encoding="utf-8")
    data = json.loads(body.partition('id="data">')[2].partition("</script>")[0])
    first = [found["near"][0] for found in data["garments"]]
    assert garment["image_sha256"].hex() in {near["picture"] for near in first if near["vector"] > 0.9}
    assert all(near["picture"] in data["pictures"] for near in first)
    assert data["parents"], "the version carries the taxonomy"
    for wrong in (("search",), ("search", str(photo), "--serve"), ("search", str(tmp_path / "none.jpg"))):
        ended = house.selvedge(*wrong)
        assert (ended.code, "Traceback" in ended.err) == (2, False)


def test_a_picture_is_written_as_it_was_fetched(house: House) -> None:
    digest = a_garment(house)["image_sha256"]
    ended = house.selvedge("picture", digest.hex())
    assert ended.code == 0
    assert hashlib.sha256(ended.out).digest() == digest
    assert house.selvedge("picture", "00" * 32).code == 2
    assert house.selvedge("picture", "nonsense").code == 2


def test_a_blocked_product_and_picture_are_taken_down(house: House) -> None:
    garment = a_garment(house)
    other = next(
        row
        for row in selvedge_searcher.open(str(house.lake)).garments.to_pylist()
        if row["product_id"] != garment["product_id"] and row["image_sha256"] != garment["image_sha256"]
    )
    lines = [("product", garment["product_id"]), ("sha256", other["image_sha256"].hex())]
    (house.mappings / "blocked.tsv").write_text(
        "kind\tvalue\treason\tdate\tinitials\n"
        + "".join(f"{kind}\t{value}\tasked by the owner\t2026-11-21\tAB\n" for kind, value in lines)
    )
    ended = house.night()
    assert ended.code == 0, ended.err
    assert ended.json["published"]
    left = selvedge_searcher.open(str(house.lake)).garments.to_pylist()
    assert garment["product_id"] not in {row["product_id"] for row in left}
    assert other["image_sha256"] not in {row["image_sha256"] for row in left}
    assert house.shops.pictures_asked == 0
    for what in (garment["product_id"], other["image_sha256"].hex()):
        assert "blocked" in {verdict["status"] for verdict in verdicts(house, what)}


def test_plan_says_what_is_due_in_the_order_of_the_stages(house: House) -> None:
    rows = json.loads(house.selvedge("plan", "--json", "--date", DATE).text)
    assert [row["stage"] for row in rows] == list(STAGE_NAMES)
    assert {row["stage"]: row["due"] for row in rows} == dict.fromkeys(STAGE_NAMES, 0) | {
        "acquire": None, "publish": None,
    }  # fmt: skip
    first = " ".join(house.selvedge("plan", "--date", DATE).text.splitlines()[0].split())
    assert first == "acquire ? due 2 feeds will be requested; only then is it known which are new"
    read = house.rows("select count(*) n from offers where retailer = 'lane'", *_tables("offers"))[0]["n"]
    DeltaTable(str(house.lake / "tables" / "offers")).delete("retailer = 'lane'")
    DeltaTable(str(house.lake / "tables" / "boxes")).delete()
    rows = {row["stage"]: row for row in json.loads(house.selvedge("plan", "--json", "--date", DATE).text)}
    assert (rows["parse"]["due"], rows["parse"]["about"][:6]) == (read, "about ")
    assert rows["detect"]["due"] > 0
    assert rows["detect"]["about"].startswith("about ")
