"""`mapping check` over all that people write, and `mapping coverage` where there is nothing to cover."""

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cli.main import program
from schemas.errors import WrongInput
from tests.udfs.rules.mappings import PROJECT, mapping_file

SPEC = "language: ru\nfeed: {url: 'https://shop.example/feed.xml'}\n"
BLOCKED = "kind\tvalue\treason\tdate\tinitials\n"


@pytest.fixture
def mappings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The files that are shared, and one shop."""
    folder = tmp_path / "mappings"
    (folder / "shop").mkdir(parents=True)
    for name in ("taxonomy.xml", "gates.yaml"):
        shutil.copy(PROJECT / "mappings" / name, folder / name)
    (folder / "shop" / "retailer.yaml").write_text(SPEC, encoding="utf-8")
    monkeypatch.setenv("SELVEDGE_MAPPINGS", str(folder))
    monkeypatch.setenv("SELVEDGE_LAKE", str(tmp_path / "lake"))
    monkeypatch.setenv("SELVEDGE_MODELS", str(PROJECT / "models"))
    return folder


def run(*words: str) -> Result:
    return CliRunner().invoke(program(), ["mapping", *words])


def test_files_without_a_mistake_are_counted(mappings: Path) -> None:
    done = run("check")
    assert (done.exit_code, done.output) == (0, "3 files, 0 findings\n")


def test_every_mistake_of_every_file_is_listed(mappings: Path) -> None:
    mapping_file(mappings, '<rule path="**" to="skrt" date="2026-13-21" by="AK"/>')
    (mappings / "blocked.tsv").write_text(BLOCKED + "sha1\tx\ty\t2026-01-31\tAK\n", encoding="utf-8")
    (mappings / "gates.yaml").write_text("whole_index: {}\nretailer: {}\nhat: 1\n", encoding="utf-8")
    (mappings / "shop" / "retailer.yaml").write_text(SPEC + "enabled: perhaps\ncolour: red\n", encoding="utf-8")
    (mappings / "other").mkdir()
    (mappings / "other" / "retailer.yaml").write_text("language: en\nfeed: {url: f.xml, dialect: own.yaml}\n")
    done = run("check", "--json")
    assert done.exit_code == 2
    counts: dict[str, int] = {}
    for finding in json.loads(done.output):
        name = str(Path(finding["file"]).relative_to(mappings))
        counts[name] = counts.get(name, 0) + 1
    assert counts == {
        "gates.yaml": 9, "blocked.tsv": 1, "shop/retailer.yaml": 2, "shop/categories.xml": 3, "other/own.yaml": 1,
    }  # fmt: skip
    assert "cannot be read" in run("check", "other").output
    (mappings / "other" / "retailer.yaml").write_text("language: en\nfeed: {url: f.xml, dialect: nosuch}\n")
    unknown = "other/retailer.yaml: error: dialect: there is no dialect 'nosuch'; known dialects: "
    assert unknown in run("check", "other").output


def test_a_mapping_is_not_held_against_a_broken_taxonomy(mappings: Path) -> None:
    mapping_file(mappings, '<rule path="Hats" to="hat" %/>')
    (mappings / "taxonomy.xml").write_text("<taxonomy version='1'/>", encoding="utf-8")
    done = run("check", "shop")
    assert done.exit_code == 2
    assert done.output.endswith("3 files, 1 finding\n")


def test_coverage_where_nothing_is_live(mappings: Path) -> None:
    assert run("coverage").output == "all retailers: no live products yet; run a night first\n"
    assert run("coverage", "shop").output == "shop: no live products yet; run a night first\n"
    done = run("coverage", "nosuch")
    assert isinstance(done.exception, WrongInput)
    assert str(done.exception) == "mapping coverage: nosuch: not an enabled retailer; enabled retailers: shop"


@pytest.mark.parametrize(
    "words", [("suggest", "shop"), ("sheet", "shop", "--out", "x.csv"), ("desk", "shop", "--export", "x.html")]
)
def test_nothing_is_written_of_a_lake_without_a_night(mappings: Path, words: tuple[str, ...]) -> None:
    done = run(*words)
    assert isinstance(done.exception, WrongInput)
    assert str(done.exception) == f"mapping {words[0]}: shop: no live products yet; run a night first"
    what_if = CliRunner().invoke(program(), ["whatif", "--threshold", "text=0.7"])
    assert str(what_if.exception) == "whatif: there are no live products yet; run a night first"
