"""A stage that found nothing due asks again only when something that it asks has changed."""

import json
from collections.abc import Callable, Iterable
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import DeltaTable

from jobs.engine.night import Night
from jobs.engine.records import record
from jobs.live import settled, touched
from jobs.live.functions import classify_function
from jobs.stage_list import STAGE_NAMES, STAGES
from jobs.stages.declared import record_of
from lake.tables import Tables
from schemas.table import Table
from schemas.tables import FETCHES, OFFERS, RUNS, STAGE_TABLES, TEXTS, VECTORS
from tests.jobs.lake_of_offers import FEED, FIRST, Shops

STAGE = "classify"


@pytest.fixture
def shops(tmp_path: Path) -> Shops:
    """A shop whose one text is classified, and a night that found nothing due."""
    shops = Shops(tmp_path, shop=["http://shop.test/1"])
    answer(shops, 0)
    ran(shops.night())
    return shops


def answer(shops: Shops, number: int) -> None:
    night = shops.night()
    rows = night.tables.sql(f"select text_key from offers where offer_id = '{number}'", STAGE_TABLES).to_pylist()
    shops.write(TEXTS, [{"text_key": rows[0]["text_key"], "function": classify_function(night), "status": "done"}])


def ran(night: Night) -> None:
    counts = record_of(STAGE).run(night)
    assert counts.due == 0
    record(night.tables, "run", STAGE, counts, "done")


def asked(night: Night, stage: str, patched: pytest.MonkeyPatch) -> set[str]:
    """The tables whose rows are read to tell what is due."""
    names: set[str] = set()
    plain = Tables.sql

    def seen(tables: Tables, query: str, of: Iterable[Table]) -> pa.Table:
        listed = list(of)
        names.update(table.name for table in listed)
        return plain(tables, query, listed)

    with patched.context() as within:
        within.setattr(Tables, "sql", seen)
        record_of(stage).due(night)
    return names


def test_what_is_settled_reads_no_row_of_offers(shops: Shops, monkeypatch: pytest.MonkeyPatch) -> None:
    assert asked(shops.night(), STAGE, monkeypatch) == {"feeds", "runs"}
    ran(shops.night(nights=1))
    assert asked(shops.night(nights=40), STAGE, monkeypatch) == {"feeds", "runs"}


def another_offer(shops: Shops) -> None:
    shops.add("other", ["http://shop.test/2"])


def lost_rows(shops: Shops) -> None:
    DeltaTable(str(shops.root / "lake" / "tables" / "texts")).delete()


def another_spec(shops: Shops) -> None:
    file = shops.root / "mappings" / "shop" / "retailer.yaml"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"category_order": ["text"]}))


def blocked(shops: Shops) -> None:
    lines = f"kind\tvalue\treason\tdate\tinitials\nsha256\t{FEED.hex()}\tx\t2026-01-01\tXX\n"
    (shops.root / "mappings" / "blocked.tsv").write_text(lines)


@pytest.mark.parametrize("change", [another_offer, lost_rows, another_spec, blocked])
def test_whatever_changes_is_asked_again(
    shops: Shops, change: Callable[[Shops], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    change(shops)
    assert "offers" in asked(shops.night(), STAGE, monkeypatch)


def test_another_program_or_setting_asks_again(shops: Shops, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "offers" in asked(shops.night(max_pixels=1000), STAGE, monkeypatch)
    monkeypatch.setattr(settled, "program_digest", lambda: b"another")
    assert "offers" in asked(shops.night(), STAGE, monkeypatch)


def test_what_a_later_stage_or_one_beside_it_writes_is_not_asked(shops: Shops, monkeypatch: pytest.MonkeyPatch) -> None:
    shops.write(VECTORS, [{"vector_key": bytes(32), "function": bytes(32), "status": "done"}])
    assert "offers" not in asked(shops.night(), STAGE, monkeypatch)
    shops.write(FETCHES, [{"url": "u", "attempt": 1, "function": bytes(32), "status": "done", "night": FIRST}])
    assert "offers" not in asked(shops.night(), STAGE, monkeypatch)
    shops.write(OFFERS, [{"retailer": "shop", "feed": FEED, "position": 9, "function": bytes(32), "status": "done"}])
    assert "offers" in asked(shops.night(), STAGE, monkeypatch)


def test_a_stage_that_left_rows_out_is_not_settled(shops: Shops) -> None:
    question = settled.Question(b"others", b"own")
    complete, open_one = settled.Counts(complete=True), settled.Counts(complete=False)
    assert settled.settle(complete, question, question._replace(own=b"new")).settled is not None
    assert settled.settle(open_one, question, question).settled is None
    changed = settled.Counts(complete=True)
    assert settled.settle(changed, question, question._replace(others=b"new")).settled is None


@pytest.mark.parametrize("stage", [name for name in STAGE_NAMES if name not in ("acquire", "publish")])
def test_a_stage_asks_its_own_tables_and_those_of_the_stages_that_it_needs(
    stage: str, shops: Shops, monkeypatch: pytest.MonkeyPatch
) -> None:
    allowed = {table.name for name in {stage} | needed_by(stage) for table in record_of(name).tables}
    assert asked(shops.night(nights=50), stage, monkeypatch) <= allowed | {RUNS.name}


@pytest.mark.parametrize("stage", touched.ASKS)
def test_what_touches_a_stage_is_of_the_stages_that_it_needs(stage: str) -> None:
    asks = touched.ASKS[stage]
    assert {*asks.after, *(["fetch"] if asks.pictures and stage != "publish" else [])} <= needed_by(stage)


def needed_by(stage: str) -> set[str]:
    (needs,) = (listed.needs for listed in STAGES if listed.name == stage)
    return set(needs).union(*map(needed_by, needs))
