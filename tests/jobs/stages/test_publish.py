"""What is published and what stays, over lakes whose other stages are done; the gates have tests of their own."""

import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from deltalake import DeltaTable

from jobs.stages.publish import Publication, publish
from lake import published_delta, snapshots
from lake.candidate import Candidate, Rows, prepare
from lake.store import Store
from lake.withdrawals import Withdrawal, withdraw
from schemas.errors import DamagedLake, RefusedByGate
from schemas.manifest import Gate, RetailerState
from schemas.tables import FEEDS, GARMENTS
from selvedge_searcher import EncoderMismatch, Snapshot
from tests.jobs.stages.publishing import NOON, Index, Tried, gate_of, hats, manifest, refused, sizes
from udfs.runtime.errors import WeightsChanged


def test_a_publication_names_who_is_held_and_why() -> None:
    states = {
        "one": RetailerState(status="held", reason="old"),
        "two": RetailerState(status="held"),
        "three": RetailerState(status="fresh", reason="none of it"),
    }
    assert Publication(states=states).held == {"one": "old", "two": ""}
    nothing = Publication()
    assert (nothing.version, nothing.is_new, nothing.garments, nothing.products) == (None, False, 0, 0)
    assert (nothing.gates, nothing.states, nothing.place) == ([], {}, "")


def test_a_first_version_holds_every_product_with_its_garment(index: Index, tried: Tried) -> None:
    night = index.ready()
    done = publish(night)
    assert (done.version, done.is_new, done.garments, done.products) == (1, True, 12, 12)
    assert (done.due, done.done, done.rejected) == (24, 24, 0)
    assert done.place == f"{night.store.uri}/snapshots/1"
    assert done.held == {}
    assert sizes(index) == {"atelier": (8, 8), "lane": (4, 4)}
    assert (tried.asked, tried.encoders) == ([(night, 1, 64)], [1])
    passed = [Gate(name=name, value=0, bound=0, passed=True) for name in ("integrity", "drill")]
    first = [Gate(name=f"first_{rows}", value=12, bound=1, passed=True) for rows in ("garments", "products")]
    canary = Gate(name="canary", value=1, bound=0.999, passed=True)
    assert done.gates == manifest(index).gates == [*passed, *first, canary]


def test_a_version_says_what_it_was_made_from(index: Index) -> None:
    index.map("lane")
    night = index.ready()
    publish(night)
    facts = manifest(index).facts
    assert facts.models == {name: night.model_digest(name).hex() for name in ("screen", "text", "detect", "embed")}
    assert facts.taxonomy == night.taxonomy.digest.hex()
    assert facts.mappings == {"lane": night.mappings["lane"].digest.hex()}
    assert {name: state.status for name, state in facts.retailers.items()} == {"atelier": "fresh", "lane": "fresh"}
    published = manifest(index).published_at
    assert published is not None and abs(published - night.now()) < timedelta(minutes=1)


def test_nothing_new_is_no_version_and_mends_what_a_kill_left(live: Index) -> None:
    night = live.ready(1)
    published_delta.commit(night.store, None, 0)
    done = publish(night)
    assert (done.version, done.is_new, done.garments, done.products, done.gates) == (1, False, 12, 12, [])
    assert (done.due, done.done) == (0, 0)
    assert done.place == f"{night.store.uri}/snapshots/1"
    assert DeltaTable(night.store.delta_uri("published/products")).to_pyarrow_table().num_rows == 12


def test_nothing_at_all_is_no_version_and_lies_nowhere(tmp_path: Path, tried: Tried) -> None:
    done = publish(Index(tmp_path).ready())
    assert (done.version, done.is_new, done.place) == (None, False, "")


def test_a_new_shop_is_compared_with_nothing_and_a_known_one_is(live: Index) -> None:
    live.add("mill", [])
    live.deliver("mill", hats(0, 1))
    done = publish(live.ready(1))
    assert (done.version, done.due) == (2, 4)
    assert sizes(live) == {"atelier": (8, 8), "lane": (4, 4), "mill": (2, 2)}
    assert {gate.retailer for gate in done.gates} == {"atelier", "lane", None}
    assert gate_of(done.gates, "garments_drop", "lane").value == 0
    assert gate_of(manifest(live).gates, "category_shift") == gate_of(done.gates, "category_shift")


def handed_in(monkeypatch: pytest.MonkeyPatch) -> list[set[str]]:
    """The retailers whose rows each candidate is prepared from, as a list that fills."""
    found: list[set[str]] = []

    def noted(store: Store, rows: Rows, *more: Any) -> Candidate:
        found.append(set(rows.products["retailer"].to_pylist()))
        return prepare(store, rows, *more)

    monkeypatch.setattr("jobs.stages.publish.prepare", noted)
    return found


def test_rows_of_retailers_that_are_made_from_the_same_are_not_made_again(
    live: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = handed_in(monkeypatch)
    assert publish(live.ready(1)).is_new is False
    live.deliver("lane", hats(*range(5)))
    publish(live.ready(1))
    live.promote("embed", "second")
    publish(live.ready(2))
    assert found == [set(), {"lane"}, {"atelier", "lane"}]
    assert sizes(live) == {"atelier": (8, 8), "lane": (5, 5)}


def test_another_program_or_another_row_makes_a_retailers_rows_again(
    live: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = handed_in(monkeypatch)
    table = DeltaTable(live.night().tables.uri(GARMENTS))
    table.update({"gender": "'men'"}, predicate="product_id = 'lane:2'")  # repaired under its key
    assert publish(live.ready(1)).due == 2
    monkeypatch.setattr("jobs.stages.publish_rows.REVISION", 0)
    assert publish(live.ready(1)).is_new is False
    assert found == [{"lane"}, {"atelier", "lane"}]


def test_a_withheld_retailer_is_looked_at_again_until_its_rows_are_those_of_the_version(
    live: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = manifest(live).facts.made_from
    live.deliver("lane", hats(0))
    live.deliver("atelier", hats(*range(9)))
    assert list(publish(live.ready(1)).held) == ["lane"]
    after = manifest(live).facts.made_from
    assert (after["lane"], after["atelier"] == before["atelier"]) == (before["lane"], False)
    found = handed_in(monkeypatch)
    assert list(publish(live.ready(2)).held) == ["lane"]
    assert found == [{"lane"}, set()]
    live.deliver("lane", hats(*range(4)))
    assert publish(live.ready(2)).held == {}
    assert found[2:] == [set()]


def test_a_retailer_that_is_switched_off_leaves_without_a_gate(live: Index) -> None:
    spec = live.root / "mappings" / "lane" / "retailer.yaml"
    spec.write_text(spec.read_text().replace('{"language"', '{"enabled": false, "language"'))
    done = publish(live.ready(1))
    assert sizes(live) == {"atelier": (8, 8)}
    assert {gate.retailer for gate in done.gates} == {"atelier", None}
    assert list(done.states) == ["atelier"]


def test_a_damaged_last_version_stops_the_next_before_it_is_live(live: Index) -> None:
    (file,) = [file for file in manifest(live).of("products") if file.retailer == "lane"]
    path = live.root / "lake" / file.path
    path.write_bytes(path.read_bytes().replace(b"parquet-cpp", b"parquet-CPP"))  # it can still be read
    live.deliver("lane", hats(*range(5)))
    night = live.ready(1)
    with pytest.raises(DamagedLake) as caught:
        publish(night)
    assert str(caught.value).startswith(f"publish: the search tier could not open what was written: {file.path}")
    assert "nothing was published; to act: the data engineer" in str(caught.value)
    assert snapshots.current(night.store) == 1


def test_an_encoder_that_does_not_open_stops_the_version(index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(snapshot: Snapshot) -> None:
        raise EncoderMismatch("detect: a golden answer differs")

    monkeypatch.setattr(Snapshot, "encoder", property(broken))
    night = index.ready()
    with pytest.raises(DamagedLake, match="could not open what was written: detect: a golden answer differs; nothing"):
        publish(night)
    assert snapshots.current(night.store) is None


def test_another_model_moves_every_vector_and_nothing_else(live: Index) -> None:
    before = manifest(live)
    live.promote("embed", "second")
    done = publish(live.ready(1))
    after = manifest(live)
    assert (done.version, done.due) == (2, 12)
    assert after.content["lane"].products == before.content["lane"].products
    assert after.encoder is not None and before.encoder is not None
    assert after.encoder.digest != before.encoder.digest
    assert {file.path.split("/")[2] for file in after.encoder.files[1:]} == {"detect", "embed", "pixels.json"}


def test_where_each_retailers_feed_stands(index: Index) -> None:
    index.add("mill", [])
    index.refuse("mill", "mill: too few offers")
    (index.root / "mappings" / "new").mkdir()
    spec = (index.root / "mappings" / "mill" / "retailer.yaml").read_text()
    (index.root / "mappings" / "new" / "retailer.yaml").write_text(spec)
    lane, _ = index.deliver("lane", hats(0, 1)), index.ready()
    at = NOON + timedelta(hours=3, minutes=20)
    states = publish(index.ready(now=lambda: at)).states
    assert list(states) == sorted(states)
    assert states["lane"] == RetailerState(feed_sha256=lane.hex(), feed_age_hours=3.3, status="fresh")
    assert states["mill"].status == "held"
    assert states["mill"].reason == "mill: too few offers"
    assert states["new"] == RetailerState(status="waiting")
    assert publish(index.ready(1)).states["lane"].status == "unchanged"
    index.deliver("lane", hats(0, 1))
    assert publish(index.ready(2)).states["lane"].status == "fresh"


def without_spec(index: Index, retailer: str) -> None:
    shutil.rmtree(index.root / "mappings" / retailer)


def test_a_retailer_whose_spec_is_gone_keeps_its_rows_while_others_go_on(live: Index) -> None:
    without_spec(live, "lane")
    live.deliver("atelier", hats(*range(9)))
    done = publish(live.ready(1))
    assert sizes(live) == {"atelier": (9, 9), "lane": (4, 4)}
    spec = live.root / "mappings" / "lane" / "retailer.yaml"
    ways = "restore it, or `selvedge withdraw lane --reason TEXT`"
    assert done.held == {"lane": f"{spec} is missing; to act: the data engineer ({ways})"}
    assert done.states["lane"].feed_sha256 == manifest(live, 1).facts.retailers["lane"].feed_sha256
    assert publish(live.ready(2)).is_new is False


def test_of_a_retailer_that_stays_as_an_older_program_left_it_nobody_knows_what_it_is_made_from(
    index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as older:
        older.setattr("jobs.stages.publish._Version.made_from", lambda *of: {})
        publish(index.ready())
    without_spec(index, "lane")
    index.deliver("atelier", hats(*range(9)))
    assert list(publish(index.ready(1)).held) == ["lane"]
    assert list(manifest(index).facts.made_from) == ["atelier"]


def test_a_retailer_of_which_the_lake_lost_every_feed_keeps_its_rows(live: Index) -> None:
    DeltaTable(live.night().tables.uri(FEEDS)).delete("retailer = 'lane'")
    live.deliver("atelier", hats(*range(9)))
    done = publish(live.ready(1))
    assert sizes(live) == {"atelier": (9, 9), "lane": (4, 4)}
    assert list(done.held) == ["lane"]
    assert "to act: nobody (the next night" in done.held["lane"]


def test_a_retailer_that_somebody_withdrew_leaves_without_a_gate(live: Index) -> None:
    withdraw(live.night().store, "lane", Withdrawal(version=1, who="ann", why="the contract ended", at=NOON))
    assert publish(live.ready(1)).is_new is False, "its spec is still there"
    without_spec(live, "lane")
    live.bounds("whole_index", garments_drop={"percent": 0, "absolute": 0})
    done = publish(live.ready(1))
    assert sizes(live) == {"atelier": (8, 8)}
    assert {gate.retailer for gate in done.gates} == {"atelier", None}
    assert (done.held, list(done.states)) == ({}, ["atelier"])


def test_an_empty_version_is_never_published(live: Index) -> None:
    for retailer in ("atelier", "lane"):
        spec = live.root / "mappings" / retailer / "retailer.yaml"
        spec.write_text(spec.read_text().replace('{"language"', '{"enabled": false, "language"'))
    everything = dict.fromkeys(("garments_drop", "products_drop", "category_shift", "canary"), "never")
    assert refused(live.ready(1, accepted=everything)) == "the version would be empty, which is never published"
    with pytest.raises(RefusedByGate) as caught:
        publish(live.ready(1, accepted=everything))
    assert caught.value.gates == {"empty": (0, 1)}


def test_a_release_exchanged_while_its_vectors_were_made_is_not_published(index: Index) -> None:
    """The encoder that search tiers load must be the one that the night's digest names."""
    night = index.ready()
    assert night.model_digest("embed")
    (index.root / "models" / "embed" / "first" / "model.json").write_text("{}")
    with pytest.raises(WeightsChanged, match=r"embed/first/model\.json: sha256 is 44136fa355b3, expected"):
        publish(night)
    assert snapshots.current(night.store) is None
