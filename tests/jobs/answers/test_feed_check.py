"""`feeds check RETAILER` says what the night then says: verdict, reason and exit code; and it leaves the lake alone."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from typer.testing import CliRunner

import jobs.answers.feed_check
import jobs.stages.acquire
from cli.main import program
from jobs.engine.night import Night
from jobs.live.feeds import states_after, states_by_retailer
from jobs.live.retailers import retailer_states
from jobs.stages.feed_gates import GateResult
from schemas.rejects import Code
from schemas.tables import FEEDS
from tests.jobs.lake_of_offers import FEED, Shops
from tests.jobs.stages.test_acquire import Faulty
from tests.jobs.stages.test_lost_offers import IDS, Shop, sent
from tests.udfs.feeds.small_feeds import HEAD, feed
from udfs.runtime.isolation import Work

NOW = datetime(2026, 1, 20, 12, tzinfo=UTC)
GOOD = sent(IDS)
NO_PRICE = GOOD.replace(b"<price>20</price>", b"")
PLACED = GOOD.replace(b"</name>", b"</name><categoryId>1</categoryId>")
RENAMED = GOOD.replace(b"Red dress", b"Bicycle pump of steel, model")
REJECTED = sent([*IDS, *[""] * 40])
LONG = GOOD.replace(b"</name>", b"</name><description>" + b"soft " * 200 + b"</description>")


def dated(body: bytes, day: str) -> bytes:
    return body.replace(b"<yml_catalog", f'<yml_catalog date="{day} 10:00"'.encode(), 1)


def listed(categories: str) -> bytes:
    offers = PLACED.partition(b"<offers>")[2].partition(b"</offers>")[0].decode()
    return feed(offers, head=HEAD.replace("<offers>", f"<categories>{categories}</categories><offers>"))


CYCLE = "<category id='1' parentId='2'>A</category><category id='2' parentId='1'>B</category>"
GATES: dict[str, tuple[dict[str, Any], list[bytes]]] = {
    "size_drop": ({"size_drop": {"percent": 50, "absolute": 0}}, [LONG, GOOD]),
    "offer_drop": ({}, [GOOD, sent(IDS[:60])]),
    "reject_jump of offer_no_id": ({}, [GOOD, REJECTED]),
    "older_than_last": ({}, [dated(GOOD, "2026-01-10"), dated(GOOD, "2026-01-09")]),
    "max_age_days": ({"max_age": 3}, [dated(GOOD, "2026-01-10")]),
    "no_picture": ({}, [GOOD.replace(b"<picture>", b"<photo>", 60).replace(b"</picture>", b"</photo>", 60)]),
    "no_price": ({}, [NO_PRICE]),
    "no_category": ({"no_category": 0.5}, [GOOD]),
    "orphan_category": ({}, [listed("<category id='9'>Coats</category>")]),
    "category_cycles": ({}, [listed(CYCLE)]),
    "changed_ids": ({}, [GOOD, RENAMED]),
}
"""Name of the gate -> bounds of the spec, and the feeds of some nights, of which the gate refuses the last."""

REFUSED: dict[str, bytes | None] = {
    "feed_missing": None,
    "feed_empty": b" ",
    "feed_not_xml": b"%PDF-1.4",
    "feed_cut_off": GOOD[:-200],
    "feed_no_offers": feed(),
    "feed_nothing_kept": sent([""] * 3),
    "feed_hostile": b'<!DOCTYPE a [<!ENTITY b "c">]>' + GOOD,
}


class InProcess:
    """In place of a child process, whose start would be most of a test."""

    def __init__(self, work: Work) -> None:
        self.work = work

    def __call__(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        try:
            return self.work(batch)
        except LookupError as error:
            raise RuntimeError(str(error)) from error

    def __enter__(self) -> "InProcess":
        return self

    def __exit__(self, *_: object) -> None:
        pass


class Checked(Shop):
    """A shop whose feed is checked before a night takes it."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__(root)
        self.root, self.now = root, NOW
        monkeypatch.setattr(Night, "now", lambda night: self.now)
        for module in ("acquire", "parse"):
            monkeypatch.setattr(f"jobs.stages.{module}.Child", InProcess)
        for name, place in {"LAKE": "lake", "MAPPINGS": "mappings", "FEEDS__FOLDER": "feeds"}.items():
            monkeypatch.setenv(f"SELVEDGE_{name}", str(root / place))

    def spec(self, **parts: Any) -> None:
        text = json.dumps({"language": "en", "feed": {"url": "feed.xml"}} | parts)
        (self.root / "mappings" / "shop" / "retailer.yaml").write_text(text)

    def files(self) -> dict[str, bytes]:
        return {str(file): file.read_bytes() for file in (self.root / "lake").rglob("*") if file.is_file()}

    def check(self, body: bytes | None) -> dict[str, Any]:
        """What the check says of a feed; with the exit code."""
        file = self.feeds / "feed.xml"
        file.write_bytes(body or b"")
        if body is None:
            file.unlink()
        before = self.files()
        done = CliRunner().invoke(program(), ["feeds", "check", "shop", "--json"])
        assert done.output, done.exception
        assert self.files() == before
        assert (self.root / "lake").exists() == bool(before), "a check makes no lake"
        return json.loads(done.output) | {"exit": done.exit_code}

    def night(self) -> dict[str, Any]:
        """What the night says of the feed that was checked."""
        night = self.shops.night()
        feeds = night.settings.feeds.model_copy(update={"folder": self.feeds})
        night.settings = night.settings.model_copy(update={"feeds": feeds})
        jobs.stages.acquire.acquire(night)
        state = retailer_states(night, None)["shop"]
        newest = states_by_retailer(night)["shop"][None]["newest"]
        if newest["status"] == "done":
            jobs.stages.parse.parse(night)
        return {
            "exit": 4 if state.status == "held" else 0,  # jobs.run.Outcome.exit_code
            "reason": (state.reason or "").removeprefix("shop: ") or newest["dialect_reason"],
            "gates": newest["gates"] or [],
            "code": newest["code"],
        }

    def agree(self, body: bytes | None) -> dict[str, Any]:
        """Check a feed, then take it -> what both say."""
        check, night = self.check(body), self.night()
        for name in ("exit", "reason"):
            assert check[name] == night[name]
        shown = [{name: gate[name] for name in ("name", "value", "bound", "passed")} for gate in check["gates"]]
        assert shown == [{name: gate[name] for name in shown[0]} for gate in night["gates"]]
        return check | night


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Checked:
    return Checked(tmp_path, monkeypatch)


@pytest.mark.parametrize("gate", GATES)
def test_check_and_night_agree_on_every_gate(gate: str, shop: Checked) -> None:
    bounds, feeds = GATES[gate]
    shop.spec(gates=bounds)
    for body in feeds[:-1]:
        assert shop.agree(body)["exit"] == 0
    last = shop.agree(feeds[-1])
    assert (last["exit"], last["reason"].startswith((f"{gate} is ", f"{gate}: "))) == (4, True), last["reason"]
    assert last["status"] == ("held" if gate == "offer_drop" else "refused")


@pytest.mark.parametrize("code", REFUSED)
def test_check_and_night_agree_on_a_feed_that_cannot_be_used(code: str, shop: Checked) -> None:
    for nights in ([], [GOOD]):
        for body in nights:
            assert shop.agree(body)["exit"] == 0
        last = shop.agree(REFUSED[code])
        assert (last["code"], last["exit"], last["status"]) == (code, 4, "refused")
        assert "; to act: " in last["reason"]


def test_what_was_refused_before_is_refused_in_the_same_words(shop: Checked) -> None:
    shop.now -= timedelta(days=30)
    first = shop.agree(NO_PRICE)
    shop.now = NOW
    again = shop.agree(NO_PRICE)
    assert (again["exit"], again["reason"], again["offers"]) == (4, first["reason"], 100)
    assert again["notes"] == ["shop: nothing new since 2025-12-21 12:00 UTC"]


def test_a_good_feed_is_shown_with_its_content(shop: Checked) -> None:
    first = shop.agree(REJECTED)
    assert (first["exit"], first["status"], first["offers"], first["products"]) == (0, "accepted", 140, 100)
    assert first["rejects"] == {"offer_no_id": 40}
    again = shop.agree(REJECTED)
    assert (again["status"], again["offers"], again["rejects"]) == ("accepted", 140, {"offer_no_id": 40})
    assert again["notes"] == ["shop: nothing new since 2026-01-20 12:00 UTC"]


def test_withheld_deletions_hold_until_they_are_old(shop: Checked) -> None:
    shop.agree(GOOD)
    few = sent(IDS[:60])
    held = shop.agree(few)
    assert (held["exit"], held["status"]) == (4, "held")
    assert "`selvedge publish --accept shop/offer_drop --reason TEXT`" in held["reason"]
    shop.now += timedelta(days=13)
    assert shop.agree(few)["exit"] == 4
    shop.now += timedelta(days=2)
    late = shop.agree(few)
    assert (late["exit"], late["status"]) == (0, "accepted")


def test_a_date_in_the_future_and_a_small_jump_of_rejects_are_notes(shop: Checked) -> None:
    shop.agree(GOOD)
    found = shop.agree(dated(sent([*IDS[:95], *[""] * 15]), "2999-01-01"))
    assert (found["exit"], len(found["notes"])) == (0, 2)
    assert "its feed states the date 2999-01-01 10:00 UTC" in found["notes"][0]
    assert "offer_no_id now takes 14% more of the offers" in found["notes"][1]


def test_a_feed_in_which_something_erased_is_left_is_not_shown(shop: Checked, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.agree(GOOD)
    monkeypatch.setattr("jobs.stages.acquire._scrubbed", lambda *_: "the offer in line 7 is still named")
    found = shop.agree(LONG)
    assert (found["exit"], found["code"], found["offers"], found["samples"]) == (4, Code.INTERNAL, 0, [])


def test_a_fault_of_the_reader_is_said_by_both(shop: Checked, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.spec(feed={"url": "bad.xml"})
    (shop.feeds / "bad.xml").write_bytes(GOOD)
    monkeypatch.setattr("jobs.stages.acquire.ScanFeed", Faulty)
    found = shop.agree(GOOD)
    assert (found["exit"], found["code"], found["offers"]) == (4, Code.INTERNAL, 0)


def test_they_share_one_function(shop: Checked, monkeypatch: pytest.MonkeyPatch) -> None:
    """A rule that is written once is known to both."""
    assert jobs.answers.feed_check.judge_feed is jobs.stages.acquire.judge_feed
    monkeypatch.setattr("jobs.stages.acquire.judge", lambda *_: [GateResult("invented", 2.0, 1.0, False)])
    assert shop.agree(GOOD)["reason"].startswith("invented is 2, allowed 1 (")


def test_a_disabled_shop_is_checked_as_if_it_were_not(shop: Checked) -> None:
    shop.spec(enabled=False)
    found = shop.check(NO_PRICE)
    assert (found["exit"], found["reason"][:27]) == (4, "no_price is 1, allowed 0.5 ")
    assert found["notes"] == ["shop: `enabled: false` in its spec, so the night does not request its feed"]


def test_a_mapping_file_that_the_night_could_not_use_is_said(shop: Checked) -> None:
    (shop.root / "mappings" / "shop" / "categories.xml").write_text("<rules>")
    done = CliRunner().invoke(program(), ["feeds", "check", "shop"])
    assert (done.exit_code, done.output.startswith("held: ")) == (4, True)
    assert "categories.xml" in done.output


def test_options_are_tried_with_the_gates(shop: Checked) -> None:
    shop.agree(GOOD)
    shop.check(RENAMED)
    done = CliRunner().invoke(program(), ["feeds", "check", "shop", "--dialect", "yml"])
    assert (done.exit_code, "changed_ids is 1, allowed 0.2" in done.output) == (4, True)


def test_the_state_after_a_row_is_what_the_lake_then_says(tmp_path: Path) -> None:
    shops = Shops(tmp_path)
    rows: dict[str, Callable[[], dict[str, Any]]] = {
        "whole": lambda: {"status": "done"},
        "withheld": lambda: {"status": "done", "code": str(Code.FEED_DELETIONS)},
        "refused": lambda: {"status": "rejected", "code": str(Code.FEED_GATE)},
    }
    histories = {f"shop-{at}": kinds for at, kinds in enumerate(product(rows, repeat=4))}
    known: dict[str, Any] = {}
    for night in range(4):
        new = {
            name: {"retailer": name, "attempt": night + 1, "function": FEED, "feed": bytes([night]) * 32}
            | {"code": None}
            | rows[kinds[night]]()
            for name, kinds in histories.items()
        }
        shops.write(FEEDS, list(new.values()))
        said = states_by_retailer(shops.night())
        for name, row in new.items():
            after = {
                kind: found["attempt"] for kind, found in states_after(known.get(name, {}).get(None, {}), row).items()
            }
            assert after == {kind: found["attempt"] for kind, found in said[name][None].items()}, histories[name]
        known = said
