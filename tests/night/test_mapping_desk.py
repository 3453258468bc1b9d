"""The analyst's commands over the lake of a real night, and the stage that uses what she wrote."""

import json
from xml.sax.saxutils import escape

import pytest

from desk.details import details_reader
from desk.export import FORMAT
from desk.loading import shops_of
from desk.thumbnails import reader, small
from jobs.answers.thumbnails import stored_places
from tests.night.conftest import ATELIER
from tests.night.house import DATE, House
from udfs.rules.wording import written

pytestmark = pytest.mark.night


def test_suggested_rules_and_a_sheet_are_what_the_next_night_maps_by(house: House) -> None:
    before = {product.id: product.category for product in shops_of(house.as_night())[ATELIER].products}
    assert any(before.values())
    boxes = boxes_in_the_index(house)
    assert len(boxes) > 5
    listed = house.selvedge("mapping", "suggest", ATELIER, "--at", "0.6", "--dry-run", "--json")
    assert listed.code == 0, listed.err
    assert listed.json
    assert not (house.mappings / ATELIER / "categories.xml").exists()
    assert house.selvedge("mapping", "suggest", ATELIER, "--at", "0.6").code == 0
    sheet = house.root / "open.csv"
    assert house.selvedge("mapping", "sheet", ATELIER, "--out", str(sheet)).code == 0
    rows = sheet.read_text(encoding="utf-8").splitlines()
    filled = [rows[0], *(row.removesuffix(",,") + ",,left out" for row in rows[1:])]
    sheet.write_text("\n".join(filled), encoding="utf-8")
    back = house.selvedge("mapping", "sheet", ATELIER, "--back", str(sheet), "--by", "AK")
    assert back.code == 0, back.err
    assert back.text.endswith("100.0% covered\n")
    assert house.selvedge("mapping", "check").code == 0
    told = house.selvedge("mapping", "coverage", ATELIER).text
    assert "unmapped 0.0%" in told, "what was mapped since the last night counts at once"
    assert "decided by: the next night says" in told
    kept = {product.id: product.category for product in shops_of(house.as_night())[ATELIER].products}
    assert kept == before, "what was mapped since the last night is in the index as it was"
    assert boxes_in_the_index(house) == boxes
    assert house.selvedge("stage", "map", "--date", DATE).code == 0
    coverage = house.selvedge("mapping", "coverage", ATELIER, "--json").json[0]
    assert coverage["shares"]["unmapped"] == 0
    assert {rule["products"] > 0 for rule in coverage["rules"]} == {True}


def test_what_if_names_products_without_changing_anything(house: House) -> None:
    page, file = house.root / "page.html", house.root / "mine.xml"
    head, tail = f'<mapping retailer="{ATELIER}"><ignore path="', '" because="x" date="2026-01-01" by="AK"/></mapping>'
    file.write_text(f"{head}** > **{tail}")
    ended = house.selvedge("whatif", "--mapping", str(file))
    assert (ended.code, "mine.xml:1: a rule that matches every category" in ended.err) == (2, True)
    shops = shops_of(house.as_night())
    category = next(product.path for product in shops[ATELIER].products if product.category)
    file.write_text(head + escape(written(category)) + tail)
    ended = house.selvedge("whatif", "--mapping", str(file), "--export", str(page), "--json")
    assert ended.code == 0, ended.err
    found = ended.json
    expected = [p.id for p in shops[ATELIER].products if p.path == category and p.category]
    assert [change["product"] for change in found["lost"]] == expected
    assert not found["gained"] + found["moved"]
    ignore = head + escape(written(category)) + tail
    mapped = f'<rule path="{escape(written(category))}" to="cap" date="2026-01-01" by="AK"/></mapping>'
    file.write_text(ignore.partition("<ignore")[0] + mapped)
    changed = house.selvedge("whatif", "--mapping", str(file), "--json").json
    placed = {p.id: p.category for p in shops[ATELIER].products if p.path == category and p.category}
    assert {c["product"]: (c["before"], c["after"]) for c in changed["moved"]} == {
        name: (before, "cap") for name, before in placed.items() if before != "cap"
    }
    exported = page.read_text(encoding="utf-8")
    assert "data:image/jpeg;base64," in exported
    assert "http" not in exported.split("<main>")[1]
    nothing = house.selvedge("whatif", "--threshold", "text=0.8", "--json").json
    assert not any(nothing.values())
    gone = house.selvedge("whatif", "--threshold", "wanted=1", "--json").json
    assert len(gone["lost"]) > 5


def test_a_mailed_desk_comes_back_and_coverage_is_a_page(house: House) -> None:
    page, back = house.root / "desk.html", house.root / "back.jsonl"
    mailed = house.selvedge("mapping", "desk", ATELIER, "--export", str(page))
    assert mailed.code == 0, mailed.err
    assert "data:image/jpeg;base64," in page.read_text(encoding="utf-8")
    shop = shops_of(house.as_night())[ATELIER]
    category = max(shop.categories.values(), key=lambda category: len(category.products))
    head = {"format": FORMAT, "retailer": ATELIER, "by": "AK"}
    row = {"path": category.path, "ids": category.ids, "because": "left out"}
    back.write_text("\n".join(map(json.dumps, (head, row))), encoding="utf-8")
    lost = sum(shop.products[place].category is not None for place in category.products)
    assert f"{lost:>7,} lost" in house.selvedge("mapping", "apply", str(back), "--dry-run").text
    assert not (house.mappings / ATELIER / "categories.xml").exists()
    assert house.selvedge("mapping", "apply", str(back)).code == 0
    again = house.selvedge("mapping", "apply", str(back))
    assert (again.code, f"{back}:2: " in again.err) == (2, True)
    assert house.selvedge("mapping", "coverage", "--html", str(page)).code == 0
    assert f"{100 * len(category.products) / len(shop.products):.1f}%" in page.read_text(encoding="utf-8")


def test_pictures_of_the_lake_are_shown_small(house: House) -> None:
    night = house.as_night()
    shops = shops_of(night)
    read = reader(night.store, stored_places(night.tables))
    shown = next(product.pictures[0] for product in shops[ATELIER].products if product.pictures)
    body = read(shown)
    assert body is not None
    made = small(body, 160)
    assert made is not None
    assert made.startswith(b"\xff\xd8")
    assert read(bytes(32)) is None
    assert small(b"no picture", 160) is None


def boxes_in_the_index(house: House) -> dict[str, list[tuple[float, ...]]]:
    """What the desk draws as cut out of each product's pictures."""
    night = house.as_night()
    read = details_reader(night)
    details = {product.id: read(product) for product in shops_of(night)[ATELIER].products}
    assert all(len(one.text_name) == 16 and one.text for one in details.values())
    cut = {name: sorted(box.corners for seen in one.pictures for box in seen.boxes if box.chosen)
           for name, one in details.items()}  # fmt: skip
    return {name: boxes for name, boxes in cut.items() if boxes}
