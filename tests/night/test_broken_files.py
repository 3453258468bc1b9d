"""What people wrote for one retailer is wrong: that retailer is held and named with file and line, the others go on."""

from typing import Any

import pytest

from tests.long import few_of
from tests.night.conftest import ATELIER, LANE
from tests.night.house import House

pytestmark = pytest.mark.night


RULE = '<rule path="{}" to="{}" date="2026-11-21" by="AB"/>'
MAPPING = f'<mapping retailer="{LANE}" taxonomy="1">\n{{}}\n</mapping>'


def spec(text: str) -> Any:
    return lambda house: (house.mappings / LANE / "retailer.yaml").write_text(text)


def mapping(text: str) -> Any:
    return lambda house: (house.mappings / LANE / "categories.xml").write_text(MAPPING.format(text))


def own_dialect(name: str) -> Any:
    def write(house: House) -> None:
        text = "name: own\noffer: item\nfields: {id: [id]}\nbogus: 1\n"
        (house.mappings / LANE / "dialect.yaml").write_text(text)
        house.edit_spec(LANE, feed={"url": "http://a.test/", "dialect": name})

    return write


BROKEN = {
    "spec is no YAML": (spec("enabled: [\n"), "retailer.yaml:2: "),
    "spec has an unknown key": (spec("enabled: true\nlanguage: en\nfeed: {url: 'http://a.test/'}\ncolour: red\n"),
                                "retailer.yaml:4: "),
    "a gate is out of range": (spec("language: en\nfeed: {url: 'http://a.test/'}\ngates: {no_price: 7}\n"),
                               "retailer.yaml:3: gates.no_price"),
    "spec is gone, but not its folder": (lambda house: (house.mappings / LANE / "retailer.yaml").unlink(),
                                         "retailer.yaml: "),
    "mapping names an unknown node": (mapping(RULE.format("a > b", "no_such_node")), "categories.xml:2: "),
    "mapping has a catch-all": (mapping(RULE.format("**", "dress")), "categories.xml:2: "),
    "no such dialect": (own_dialect("nosuch"), "retailer.yaml: dialect"),
    "a dialect file has a slip": (own_dialect("dialect.yaml"), "dialect.yaml:4: bogus"),
    "a dialect file is gone": (own_dialect("gone.yaml"), "gone.yaml: cannot be read"),
}  # fmt: skip


@pytest.mark.parametrize("broken", few_of(BROKEN, 3))
def test_it_is_held_and_the_others_go_on(house: House, broken: str) -> None:
    write, place = BROKEN[broken]
    before = house.manifest()
    write(house)
    feed = house.shops.feed(ATELIER)
    text = feed.read_text(encoding="utf-8")
    feed.write_text(text.replace("<price>", "<price>9"), encoding="utf-8")
    ended = house.night()
    assert ended.code == 4, ended.err
    state = ended.json["retailers"][LANE]
    assert state["status"] == "held"
    assert state["reason"].startswith(f"{house.mappings / LANE / place}"), state["reason"]
    assert state["reason"].endswith("to act: the data engineer (correct the file)")
    after = house.manifest()
    assert after.counts[LANE] == before.counts[LANE]
    assert after.content_digest != before.content_digest, "the prices of the other shop are published"
    assert ended.json["retailers"][ATELIER]["status"] == "fresh"


def test_broken_files_of_every_retailer_start_nothing(house: House) -> None:
    for retailer in (ATELIER, LANE):
        (house.mappings / retailer / "retailer.yaml").write_text("language: english\n")
    versions = house.table_versions()
    ended = house.night()
    assert ended.code == 2
    assert "retailer.yaml:1: language" in ended.err
    assert house.table_versions() == versions


def test_a_retailer_that_is_asked_for_by_name_ends_the_night(house: House) -> None:
    write, place = BROKEN["spec is no YAML"]
    write(house)
    ended = house.night("--retailer", LANE)
    assert (ended.code, place in ended.err) == (2, True), ended.err


def test_a_new_retailer_with_a_broken_spec_is_named(house: House) -> None:
    folder = house.mappings / "third"
    folder.mkdir()
    (folder / "retailer.yaml").write_text("language: english\n")
    ended = house.night()
    assert ended.code == 4, ended.err
    assert ended.json["retailers"]["third"]["reason"].startswith(f"{folder / 'retailer.yaml'}:1: language")
    ended = house.selvedge("withdraw", "third", "--reason", "never came")
    assert ended.code == 2
    assert "retailer.yaml:1: language" in ended.err
