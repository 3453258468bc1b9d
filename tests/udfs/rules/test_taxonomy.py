"""The tree of categories: broad enough, named in three languages, and refused with its line where it is wrong."""

import re
from pathlib import Path

import pytest

from schemas.errors import WrongInput
from tests.udfs.rules.mappings import PROJECT, TAXONOMY
from udfs.rules.taxonomy import Taxonomy, check

FILE = PROJECT / "mappings" / "taxonomy.xml"
DETECTED = {"top", "outerwear", "dress", "skirt", "trousers", "shorts", "shoes", "bag", "hat", "eyewear"}
SCRIPTS = {"en": "[A-Za-z]", "ja": "[\u3040-\u30ff\u4e00-\u9fff]", "ru": "[А-Яа-яё]"}

NODE = 'en="{0}" ja="{0}" ru="{0}"'
ROOT = f'<node code="wear" {NODE.format("wear")} genders="women men" colour="2" shape="1" detector="top" image="top">'


def written(folder: Path, *lines: str) -> Path:
    path = folder / "taxonomy.xml"
    path.write_text("\n".join(['<taxonomy version="3">', *lines, "</taxonomy>"]), encoding="utf-8")
    return path


def test_it_is_as_broad_as_the_fields() -> None:
    assert len(TAXONOMY.nodes) >= 205


def test_every_node_has_real_names_in_three_languages() -> None:
    for node in TAXONOMY.nodes.values():
        for language, script in SCRIPTS.items():
            assert re.search(script, node.names[language]), (node.code, language)


def test_every_detector_class_can_be_on_sale() -> None:
    assert {name for node in TAXONOMY.nodes.values() for piece in node.pieces for name in piece} == DETECTED


def test_pictures_alone_lead_to_inner_nodes_and_never_to_jewellery() -> None:
    assert TAXONOMY.from_image_class("top") == "top"
    assert TAXONOMY.from_image_class("hat") == "headwear"
    assert TAXONOMY.from_image_class("legwear") == "hosiery"
    assert TAXONOMY.from_image_class("jewellery") is None


def test_what_a_node_does_not_say_comes_from_around_it() -> None:
    assert TAXONOMY.ancestors("biker_jacket") == ("leather_jacket", "jacket", "outerwear", "clothing")
    assert TAXONOMY.is_within("biker_jacket", "outerwear")
    assert TAXONOMY.is_within("jacket", "jacket")
    assert not TAXONOMY.is_within("jacket", "biker_jacket")
    assert TAXONOMY.node("biker_jacket").pieces == (("outerwear", "top"),)
    assert TAXONOMY.node("trouser_suit").pieces == (("outerwear", "top"), ("trousers",))
    assert (TAXONOMY.node("dress").colour_weight, TAXONOMY.node("dress").shape_weight) == (8, 2)
    assert (TAXONOMY.node("pumps").colour_weight, TAXONOMY.node("pumps").shape_weight) == (1, 1)
    assert TAXONOMY.node("scarf").pieces == ()


def test_an_inner_node_may_look_like_any_node_beneath_it() -> None:
    assert "outerwear" in TAXONOMY.image_classes("top")  # cardigans and vests
    assert TAXONOMY.image_classes("t_shirt") == ("top",)


@pytest.mark.field
def test_every_leaf_of_the_titles_is_a_node(shared_data: Path) -> None:
    lines = (shared_data / "titles" / "leaves.tsv").read_text(encoding="utf-8").splitlines()[1:]
    leaves = {line.split("\t")[0] for line in lines} - {"out_of_scope", "ambiguous"}
    assert not leaves - TAXONOMY.nodes.keys()


def test_the_digest_is_of_the_content(tmp_path: Path) -> None:
    text = FILE.read_text(encoding="utf-8")
    copy = tmp_path / "taxonomy.xml"
    copy.write_text(
        text.replace("<taxonomy", "<!-- a remark -->\n\n<taxonomy").replace("    <node", "  <node"), encoding="utf-8"
    )
    assert Taxonomy.read(copy).digest == TAXONOMY.digest
    copy.write_text(text.replace('ru="брюки"', 'ru="штаны"'), encoding="utf-8")
    assert Taxonomy.read(copy).digest != TAXONOMY.digest


@pytest.mark.parametrize(
    ("line", "lines", "said"),
    [
        (3, (ROOT, f'<node code="wear" {NODE.format("again")}/>', "</node>"), "code wear is already used in line 2"),
        (3, (ROOT, f'<node code="other" {NODE.format("wear")}/>', "</node>"), "en wear is already used in line 2"),
        (3, (ROOT, '<node code="nameless" en="x" ja="x"/>', "</node>"), "ru"),
        (3, (ROOT, f'<node code="Capital" {NODE.format("x")}/>', "</node>"), "Capital"),
        (3, (ROOT, f'<node code="cape" {NODE.format("x")} detector="cloak"/>', "</node>"), "cloak"),
        (3, (ROOT, f'<node code="cape" {NODE.format("x")} detector="topskirt"/>', "</node>"), "topskirt"),
        (3, (ROOT, f'<node code="cape" {NODE.format("x")} depicts="bag"/>', "</node>"), "depicts bag"),
        (3, (ROOT, f'<node code="cape" {NODE.format("x")} detector="top | top"/>', "</node>"), "twice"),
        (3, (ROOT, f'<node code="cape" {NODE.format("x")} colour="0" shape="0"/>', "</node>"), "weight"),
        (2, (f'<node code="cape" {NODE.format("x")} colour="1" shape="1"/>',), "genders"),
        (3, (ROOT, "</taxonomy>"), "XML"),
    ],
)
def test_each_mistake_is_said_with_its_line(tmp_path: Path, line: int, lines: tuple[str, ...], said: str) -> None:
    with pytest.raises(WrongInput, match=re.escape(said)) as caught:
        Taxonomy.read(written(tmp_path, *lines))
    assert caught.value.line == line


def test_entities_and_outside_files_are_refused(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("secret", encoding="utf-8")
    path = tmp_path / "taxonomy.xml"
    path.write_text(f'<!DOCTYPE t [<!ENTITY x SYSTEM "{secret.as_uri()}">]><taxonomy version="1">&x;</taxonomy>')
    with pytest.raises(WrongInput, match="DOCTYPE"):
        Taxonomy.read(path)


def test_every_mistake_of_a_file_is_said_by_line(tmp_path: Path) -> None:
    twice = f'<node code="wear" {NODE.format("again")}/>'
    path = written(tmp_path, ROOT, twice, f'<node code="other" {NODE.format("wear")}/>', "</node>")
    assert [(problem.line, problem.text.partition(" wear")[0]) for problem in check(path)] == [
        (3, "code"), (4, "en"), (4, "ja"), (4, "ru"),
    ]  # fmt: skip
    assert check(FILE) == []
