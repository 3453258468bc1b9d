"""How a shop is asked for its feed, and how an engineer lets a refused one through."""

from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

import jobs.stages.acquire
from jobs.engine.night import Night
from jobs.stages.acquire import ScanFeed, _request, accept, acquire, judge_feed
from jobs.stages.parse import parse
from lake.lease import lease
from schemas.errors import HeldByAnother, WrongInput
from schemas.rejects import Code
from schemas.tables import FEEDS
from tests.jobs.lake_of_offers import Shops
from tests.udfs.feeds.small_feeds import OFFER, feed
from tests.udfs.web.server import Server, answer


def test_a_feed_is_asked_for_under_the_name_that_pictures_are(tmp_path: Path) -> None:
    night = Shops(tmp_path, shop=[]).night(user_agent="ours/1 (+mailto:us@ours.test)", connect_seconds=3)
    request = _request(night, night.retailers["shop"].files[0], None)
    assert (request.user_agent, request.connect_s) == ("ours/1 (+mailto:us@ours.test)", 3)


GATES = [
    {"name": name, "value": 70.0, "bound": 30.0, "passed": name == "no_price", "accepted_because": None}
    for name in ("offer_drop", "size_drop", "no_price")
]


@pytest.fixture
def refused(tmp_path: Path) -> Shops:
    """A shop whose newest feed two gates refuse."""
    shops = Shops(tmp_path, shop=["https://shop.test/0"])
    row = states(shops)[-1]
    shops.write(FEEDS, [row | {"attempt": 2, "status": "rejected", "code": str(Code.FEED_GATE), "gates": GATES}])
    return shops


def states(shops: Shops) -> list[dict[str, Any]]:
    return shops.night().tables.sql("select * from feeds order by attempt", [FEEDS]).to_pylist()


def test_a_feed_is_let_through_once_every_gate_that_refuses_it_is(refused: Shops) -> None:
    accept(refused.night(), {"shop": {"offer_drop"}}, "winter is over")
    half = states(refused)[-1]
    assert (half["status"], half["code"]) == ("rejected", Code.FEED_GATE)
    assert half["detail"] == "size_drop is 70, allowed 30"
    accept(refused.night(), {"shop": {"size_drop"}}, "smaller texts")
    whole = states(refused)[-1]
    assert (whole["status"], whole["code"], whole["attempt"]) == ("done", None, 4)
    assert [gate["accepted_because"] for gate in whole["gates"]] == ["winter is over", "smaller texts", None]


@pytest.mark.parametrize(
    ("gates", "said"),
    [
        ({"shop": {"offer_drop", "no_price"}}, "shop/no_price"),
        ({"shop": {"offer_drop", "nonsense"}}, "shop/nonsense"),
        ({"shop": {"offer_drop", "size_drop"}, "zzz": {"offer_drop"}}, "zzz/offer_drop"),
    ],
)
def test_one_wrong_gate_lets_nothing_through(refused: Shops, gates: dict[str, set[str]], said: str) -> None:
    with pytest.raises(WrongInput, match=f"{said}: this gate does not refuse the current feed"):
        accept(refused.night(), gates, "?")
    assert len(states(refused)) == 2


def test_a_night_that_was_told_to_lets_feeds_through_and_may_be_tried_again(
    refused: Shops, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs.stages.acquire, "_acquire", lambda night, file, kinds: None)  # nothing new came
    for _ in range(2):
        night = refused.night()
        night.accepted = dict.fromkeys(("shop/offer_drop", "shop/size_drop", "shop/no_price", "else/x", "canary"), "ok")
        acquire(night)
        assert [(row["status"], row["attempt"]) for row in states(refused)][1:] == [("rejected", 2), ("done", 3)]
    assert [gate["accepted_because"] for gate in states(refused)[-1]["gates"]] == ["ok", "ok", None]
    night = refused.night()
    night.accepted = {"shop/nonsense": "ok"}
    with pytest.raises(WrongInput, match=r"shop/nonsense: no such gate judged the current feed of shop"):
        acquire(night)


def test_no_gate_is_let_through_beside_a_night(refused: Shops) -> None:
    night = refused.night()
    with lease(night.store, "a-night", 60), pytest.raises(HeldByAnother, match="a-night"):
        accept(night, {"shop": {"offer_drop", "size_drop"}}, "?")
    assert len(states(refused)) == 2


class Faulty(ScanFeed):
    """A reader with a bug that one feed meets."""

    def __call__(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        if "bad" in str(self.options.base_url):
            raise IndexError("list index out of range")
        return super().__call__(batch)


def test_a_fault_of_the_reader_costs_its_feed_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    body = answer(feed(OFFER.format(1)))
    with Server({"/good": body, "/bad": body}) as server:
        shops = Shops(tmp_path)
        for name in ("good", "bad"):
            shops.add(name, [], url=server.url(f"/{name}"))
        monkeypatch.setattr(jobs.stages.acquire, "ScanFeed", Faulty)
        counts = acquire(shops.night())
    assert (counts.done, counts.rejected) == (1, 1)
    (bad,) = [state for state in states(shops) if (state["retailer"], state["attempt"]) == ("bad", 2)]
    assert bad["code"] == Code.INTERNAL
    assert "reading the feed failed: IndexError: list index out of range" in bad["detail"]
    assert "to act: the data engineer" in bad["detail"]


def test_a_server_that_says_unchanged_of_a_first_feed_is_refused(tmp_path: Path) -> None:
    """There is nothing that it could be unchanged from: without a row the shop would wait for ever, unsaid."""
    with Server({"/feed": answer(status=304)}) as server:
        shops = Shops(tmp_path)
        shops.add("shop", [], url=server.url("/feed"))
        spec = shops.night().retailers["shop"].files[0]
        judged = judge_feed(shops.night(), spec, {}, tmp_path / "feed")
    assert (judged.is_new, judged.to_keep, judged.state["code"]) == (True, False, Code.FEED_UNREACHABLE)
    assert "shop: answered 304 (not modified) to an unconditional request" in judged.state["detail"]


@pytest.mark.parametrize("verb", ["acquire", "accept"])
def test_a_state_that_another_process_wrote_meanwhile_is_not_written_over(
    verb: str, refused: Shops, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a lease between them, as two programs of different releases would be."""
    night, gates = refused.night(), {"shop": {"offer_drop", "size_drop"}}
    monkeypatch.setattr("jobs.stages.acquire.lease", lambda *_: nullcontext())
    name = "_accepted" if verb == "accept" else "_acquire"
    work = getattr(jobs.stages.acquire, name)

    def overtaken(*words: Any) -> Any:
        monkeypatch.setattr(jobs.stages.acquire, name, work)
        accept(refused.night(), gates, "the first")
        return work(*words) if verb == "accept" else states(refused)[-1] | {"attempt": 9}

    monkeypatch.setattr(jobs.stages.acquire, name, overtaken)
    with pytest.raises(HeldByAnother, match="another run of this stage is writing"):
        accept(night, gates, "the second") if verb == "accept" else acquire(night)
    assert [gate["accepted_because"] for gate in states(refused)[2]["gates"]] == ["the first", "the first", None]


@pytest.mark.parametrize(("other", "passes"), [("mill", True), ("shop", False)])
def test_groups_of_retailers_pass_each_other_and_one_group_does_not_pass_itself(
    other: str, passes: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shops = Shops(tmp_path, shop=["https://shop.test/0"], mill=["https://mill.test/0"])
    new = {row["retailer"]: row | {"attempt": 2, "bytes": 77} for row in states(shops)}
    nights = {name: replace(shops.night(), only=(name,)) for name in ("shop", other)}

    def second(night: Night, file: Any, kinds: Any) -> Any:
        monkeypatch.setattr(jobs.stages.acquire, "_acquire", lambda night, file, kinds: new[file.name])
        acquire(nights[other])
        return new[file.name]

    monkeypatch.setattr(jobs.stages.acquire, "_acquire", second)
    with nullcontext() if passes else pytest.raises(HeldByAnother, match="another run of this stage is writing"):
        acquire(replace(shops.night(), only=("shop",)))
    found = [(row["retailer"], row["attempt"]) for row in states(shops)]
    assert sorted(found) == sorted([("mill", 1), ("shop", 1), (other, 2), *([("shop", 2)] if passes else [])])


def test_the_encoding_that_the_server_names_is_kept_and_read_with(tmp_path: Path) -> None:
    body, said = feed(OFFER.format(1)).replace(b"Coat", b"\xc9t\xe9"), ["iso-8859-15", "iso-8859-15", "iso-8859-2"]

    def serve(request: Any, writer: Any) -> Any:
        return answer(body, Content_Type=f"text/xml; charset={said[0]}")(request, writer)

    shops = Shops(tmp_path)
    with Server({"/feed": serve}) as server:
        shops.add("shop", [], url=server.url("/feed"))
        due = []
        while said:
            acquire(shops.night())
            due.append(parse(shops.night()).due)
            del said[0]
    kept = [(row["charset"], row["encoding"]) for row in states(shops) if row["charset"]]
    assert kept == [("iso-8859-15", "iso-8859-15"), ("iso-8859-2", "iso-8859-2")]
    assert due == [1, 0, 1]
