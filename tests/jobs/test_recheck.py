"""Rows that were made by another function than their digest names: found, dropped, and right after the next night."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

import jobs.engine.stage
import jobs.stages.parse
from cli.main import main
from jobs.engine.recheck import Draw
from jobs.live.catalog import Catalog
from jobs.live.coverage import covered_share
from jobs.live.functions import parser_of
from jobs.recheck import Rechecked, recheck
from jobs.stages import parse
from jobs.stages.map import RULE
from jobs.stages.map import STAGE as MAP
from lake.feeds import keep
from lake.lease import lease
from schemas.errors import HeldByAnother, WrongInput
from schemas.tables import FEEDS, MAPPED, OFFERS
from tests.jobs.lake_of_offers import FEED, REPOSITORY, Shops
from tests.jobs.stages.publishing import TAXONOMY
from tests.udfs.feeds.small_feeds import OFFER, feed
from tests.udfs.rules.mappings import mapping_file
from udfs.runtime.isolation import Work

HATS = '<rule path="Hats" to="hat" date="2026-11-21" by="AK"/>'
SCARVES = '<rule path="Hats" to="scarf" date="2026-11-21" by="AK"/>'
SHOP = ("shop", "other")


class Mapped(Shops):
    """Two shops whose products are in one category each."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        (root / "mappings" / "taxonomy.xml").write_text(TAXONOMY, encoding="utf-8")
        for name in SHOP:
            self.add(name, [])
            row = {"retailer": name, "feed": FEED, "function": self.parser(name), "status": "done", "position": 0,
                   "offer_id": "0", "product_id": f"{name}:0", "title": "Hat", "category_path": ["Hats"],
                   "text_key": bytes(32), "pictures": []}  # fmt: skip
            self.write(OFFERS, [row])
        mapping_file(self.root / "mappings", HATS)

    def parser(self, name: str) -> bytes:
        return parser_of(self.night().retailers[name].files[0])

    def nodes(self) -> dict[str, str | None]:
        """What each shop's category is mapped to, by the rows that tonight's mapping files name."""
        night = self.night()
        rows = night.tables.sql(f"select * from {MAPPED.name}", [MAPPED]).to_pylist()
        keys = set(Catalog.of(night).categories.to_pylist())
        present = [row for row in rows if row["category_key"] in keys]
        return {row["retailer"]: next((v["node"] for v in row["verdicts"]), None) for row in present}


class Here:
    """A child process without the process."""

    def __init__(self, work: Work, seconds: float | None = None) -> None:
        self._work = work

    def __call__(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        return self._work(batch)

    def __enter__(self) -> "Here":
        return self

    def __exit__(self, *error: object) -> None:
        pass


@pytest.fixture(autouse=True)
def no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs.engine.stage, "Child", Here)
    monkeypatch.setattr(jobs.stages.parse, "Child", Here)


@pytest.fixture
def shops(tmp_path: Path) -> Mapped:
    return Mapped(tmp_path)


def poisoned(shops: Mapped) -> None:
    """The file is exchanged between the digest and the reading, and back: B's rows under A's digest."""
    night = shops.night()
    assert night.mappings
    mapping_file(shops.root / "mappings", SCARVES)
    work = RULE.work(shops.night())
    mapping_file(shops.root / "mappings", HATS)
    bad = replace(RULE, work=lambda night: work)
    assert bad.run(night).done == 2
    MAP.run(night)  # counts the coverage
    assert shops.nodes() == {"shop": "scarf", "other": None}
    assert MAP.run(shops.night()).due == 0, "with A back nothing is due"


def checked(shops: Shops, stage: str = "map", retailer: str | None = None, **how: Any) -> Rechecked:
    return recheck(shops.night(), stage, retailer, how.pop("draw", Draw()), **how)


def test_a_poisoned_row_is_found_dropped_and_right_after_the_next_night(shops: Mapped) -> None:
    poisoned(shops)
    found = checked(shops)
    assert (found.checked, found.differing, found.unmade, found.dropped) == (2, 1, 0, {})
    (example,) = found.examples
    assert example.key.keys() == {"category_key"}
    assert [row["node"] for row in example.stored["verdicts"]] == ["scarf"]
    assert [row["node"] for row in example.right["verdicts"]] == ["hat"]
    assert shops.nodes()["shop"] == "scarf", "looking changes nothing"

    assert checked(shops, repair=True).dropped == {"coverage": 2, "mapped": 1}
    assert MAP.run(shops.night()).done == 1 + 2
    assert shops.nodes() == {"shop": "hat", "other": None}
    assert covered_share(shops.night(), "shop") == 1
    assert checked(shops).differing == 0


def test_a_fine_lake_is_left_as_it_is(shops: Mapped) -> None:
    MAP.run(shops.night())
    before = shops.night().tables.open(MAPPED).version()
    found = checked(shops, repair=True)
    assert (found.checked, found.differing, found.dropped) == (2, 0, {})
    assert shops.night().tables.open(MAPPED).version() == before


def test_one_retailer_alone(shops: Mapped) -> None:
    poisoned(shops)
    assert (lambda found: (found.checked, found.differing))(checked(shops, retailer="other")) == (1, 0)
    assert (lambda found: (found.checked, found.differing))(checked(shops, retailer="shop")) == (1, 1)
    with pytest.raises(WrongInput, match="nobody: not an enabled retailer"):
        checked(shops, retailer="nobody")


def test_a_sample_that_differs_condemns_all_rows_of_the_function(shops: Mapped) -> None:
    poisoned(shops)
    seed = next(seed for seed in range(20) if checked(shops, draw=Draw(1, seed)).differing)
    condemned = checked(shops, draw=Draw(1, seed), repair=True)
    assert (condemned.checked, condemned.dropped["mapped"]) == (1, 2)
    MAP.run(shops.night())
    assert shops.nodes() == {"shop": "hat", "other": None}


def test_rows_that_only_the_world_can_tell_are_not_made_again(shops: Mapped) -> None:
    for stage in ("acquire", "fetch", "publish", "nonsense"):
        with pytest.raises(WrongInput, match=rf"{stage}: has no rows .*choose one of parse, screen, classify, map"):
            checked(shops, stage)


def test_it_waits_for_no_night_and_no_night_runs_into_it(shops: Mapped) -> None:
    with lease(shops.night().store, "another", 60), pytest.raises(HeldByAnother, match="another"):
        checked(shops)


def test_offers_read_with_another_dialect_go_as_a_whole_feed(tmp_path: Path) -> None:
    shops = Shops(tmp_path)
    body = feed(OFFER.format(1), OFFER.format(2))
    sha256 = hashlib.sha256(body).digest()
    shops.add("good", [])
    (tmp_path / "feed").write_bytes(body)
    keep(shops.night().store, sha256, tmp_path / "feed")
    row = {"retailer": "good", "attempt": 2, "feed": sha256, "function": bytes(32), "status": "done"}
    shops.write(FEEDS, [row | {"acquired_at": shops.night().now(), "bytes": len(body)}])
    assert parse.parse(shops.night()).done == 2
    files = {entry.path for entry in shops.night().store.list("tables/offers")}
    assert (lambda found: (found.checked, found.differing))(checked(shops, "parse")) == (2, 0)
    assert {entry.path for entry in shops.night().store.list("tables/offers")} == files

    shops.write(OFFERS, [without_price(shops, sha256)])
    found = checked(shops, "parse", repair=True)
    assert (found.checked, found.differing, found.dropped) == (3, 1, {"coverage": 0, "merged": 2, "offers": 3})
    assert parse.parse(shops.night()).done == 2
    assert checked(shops, "parse").differing == 0


def without_price(shops: Shops, sha256: bytes) -> dict[str, Any]:
    """One more offer, which is not in the feed."""
    (row,) = shops.night().tables.sql(f"select * from {OFFERS.name} limit 1", [OFFERS]).to_pylist()
    return row | {"position": 7, "price": None}


def test_the_command_says_what_differs_and_how_it_ends(
    shops: Mapped, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    poisoned(shops)
    (shops.root / "mappings" / "gates.yaml").write_bytes((REPOSITORY / "mappings" / "gates.yaml").read_bytes())
    places = {"LAKE": shops.root / "lake", "MAPPINGS": shops.root / "mappings", "MODELS": REPOSITORY / "models",
              "REPORTS": shops.root, "SETTINGS": shops.root / "none.yaml"}  # fmt: skip
    (shops.root / "none.yaml").touch()
    for name, place in places.items():
        monkeypatch.setenv(f"SELVEDGE_{name}", str(place))

    def ended(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["selvedge", "recheck", *words])
        with pytest.raises(SystemExit) as end:
            main()
        return (int(end.value.code or 0), *capsys.readouterr())

    code, out, err = ended("map")
    assert (code, out.splitlines()[0]) == (1, "map: 2 rows checked (all of them), 1 differ")
    assert '"node": "scarf"' in out
    assert err.startswith("selvedge: map: 1 of 2 rows are not what the function makes of their content; to act: ")
    code, out, _ = ended("map", "--repair", "--json")
    said = json.loads(out)
    assert (code, said["differing"], said["dropped"]["mapped"]) == (0, 1, 1)
    assert ended("map", "shop")[0] == 0, "nothing is left that differs"
    assert ended("fetch")[0] == 2
