"""What is published, what each gate does to it, and who is held: over lakes whose other stages are done."""

from datetime import timedelta
from pathlib import Path

import pytest
from deltalake import DeltaTable

import jobs.stages.publish
from jobs.engine.night import Night
from jobs.live.functions import coverage_function
from jobs.stages.publish import Publication, publish
from lake import published_delta, snapshots
from lake.tables import literal
from schemas.errors import DamagedLake, RefusedByGate
from schemas.gates import Canary
from schemas.manifest import Gate, Manifest, RetailerState
from schemas.tables import COVERAGE, GARMENTS, VECTORS
from selvedge_searcher import EncoderMismatch, Snapshot
from tests.jobs.stages.publishing import NOON, Index

ANY = {"percent": 100, "absolute": 1_000_000}
TO_ACT = (
    ". The last snapshot stays live; to act: the data engineer "
    "(look, then `selvedge publish --accept GATE --reason TEXT`, or mend)"
)


class Tried:
    """A canary and an encoder that say what they are told, and remember what they were asked of."""

    def __init__(self) -> None:
        self.cosine = 1.0
        self.asked: list[tuple[Night, int, int]] = []
        self.encoders: list[int] = []

    def canary(self, night: Night, snapshot: Snapshot, bounds: Canary) -> Gate:
        self.asked.append((night, snapshot.version, bounds.count))
        passed = self.cosine >= bounds.cosine
        return Gate(name="canary", value=self.cosine, bound=bounds.cosine, passed=passed)

    def encoder(self, snapshot: Snapshot) -> None:
        self.encoders.append(snapshot.version)

    def patch(self, patched: pytest.MonkeyPatch) -> None:
        patched.setattr(jobs.stages.publish, "canary", self.canary)
        patched.setattr(Snapshot, "encoder", property(self.encoder))


@pytest.fixture(autouse=True)
def tried(monkeypatch: pytest.MonkeyPatch) -> Tried:
    tried = Tried()
    tried.patch(monkeypatch)
    return tried


@pytest.fixture
def index(tmp_path: Path) -> Index:
    return Index(tmp_path, atelier=8, lane=4)


@pytest.fixture(scope="module")
def first_version(tmp_path_factory: pytest.TempPathFactory) -> Index:
    index = Index(tmp_path_factory.mktemp("first"), atelier=8, lane=4)
    with pytest.MonkeyPatch.context() as patched:
        Tried().patch(patched)
        publish(index.ready())
    return index


@pytest.fixture
def live(first_version: Index, tmp_path: Path) -> Index:
    """After a first version of 8 and 4 garments, all hats."""
    return first_version.copied(tmp_path / "live")


def hats(*numbers: int) -> dict[int, str]:
    return dict.fromkeys(numbers, "hat")


def manifest(index: Index, version: int | None = None) -> Manifest:
    store = index.night().store
    return snapshots.manifest(store, version or snapshots.current(store) or 0)


def sizes(index: Index) -> dict[str, tuple[int, int]]:
    """Garments and products of each retailer in the live version."""
    return {name: (counts.garments, counts.products) for name, counts in manifest(index).counts.items()}


def gate_of(gates: list[Gate], name: str, retailer: str | None = None) -> Gate:
    (found,) = [gate for gate in gates if (gate.name, gate.retailer) == (name, retailer)]
    return found


def refused(night: Night) -> str:
    """What a night whose version is refused says; the version that was live stays so."""
    before = snapshots.current(night.store)
    with pytest.raises(RefusedByGate) as caught:
        publish(night)
    assert snapshots.current(night.store) == before
    said = str(caught.value)
    assert said.startswith("refused by ") and said.endswith(TO_ACT)
    return said.removeprefix("refused by ").removesuffix(TO_ACT)


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


def test_nothing_at_all_is_no_version_and_lies_nowhere(tmp_path: Path) -> None:
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


HELD = [
    ("garments_drop", hats(0, 1, 2), hats(0, 1), 25, 50),
    ("products_drop", hats(0, 1, 2), hats(0, 1), 25, 50),
    ("category_shift", hats(0, 1, 2) | {3: "scarf"}, hats(0, 1) | {2: "scarf", 3: "scarf"}, 25, 50),
]


@pytest.fixture
def strict(live: Index) -> Index:
    """Gates of a retailer that let a quarter go; those of the whole index let all go."""
    live.bounds("whole_index", garments_drop=ANY, products_drop=ANY)
    return live


def only(index: Index, gate: str) -> None:
    """Bind one gate of a retailer alone."""
    loose = {"garments_drop": ANY, "products_drop": ANY, "category_shift": {"points": 100, "absolute": 0}}
    tight = {"points": 25, "absolute": 0} if gate == "category_shift" else {"percent": 25, "absolute": 0}
    index.bounds("retailer", **loose | {gate: tight})


@pytest.mark.parametrize(("gate", "within", "beyond", "bound", "value"), HELD)
def test_a_retailer_within_its_bound_is_published(
    strict: Index, gate: str, within: dict[int, str], beyond: dict[int, str], bound: float, value: float
) -> None:
    only(strict, gate)
    strict.deliver("lane", within)
    done = publish(strict.ready(1))
    assert gate_of(done.gates, gate, "lane") == Gate(name=gate, retailer="lane", value=25, bound=bound, passed=True)
    assert done.version == 2
    assert done.held == {}


@pytest.mark.parametrize(("gate", "within", "beyond", "bound", "value"), HELD)
def test_a_retailer_beyond_its_bound_keeps_its_last_rows_while_others_go_on(
    strict: Index, gate: str, within: dict[int, str], beyond: dict[int, str], bound: float, value: float
) -> None:
    only(strict, gate)
    feed = strict.deliver("lane", beyond)
    strict.deliver("atelier", hats(*range(7)), brand="Weaver")
    done = publish(strict.ready(1))
    assert done.version == 2
    assert sizes(strict) == {"atelier": (7, 7), "lane": (4, 4)}
    assert manifest(strict).counts["lane"].categories == {"hat": 4}
    assert gate_of(done.gates, gate, "lane") == Gate(name=gate, retailer="lane", value=value, bound=bound, passed=False)
    act = f"to act: the data engineer (selvedge publish --accept {gate} --reason TEXT)"
    assert done.held == {"lane": f"{gate} is {value}, allowed {bound}; {act}"}
    assert done.states["lane"].feed_sha256 == feed.hex()
    assert manifest(strict).facts.retailers == done.states
    assert done.states["atelier"].status == "fresh"


@pytest.mark.parametrize(("gate", "within", "beyond", "bound", "value"), HELD)
def test_an_engineer_lets_a_retailer_through(
    strict: Index, gate: str, within: dict[int, str], beyond: dict[int, str], bound: float, value: float
) -> None:
    only(strict, gate)
    strict.deliver("lane", beyond)
    done = publish(strict.ready(1, accepted={gate: "winter is over"}))
    expected = Gate(
        name=gate, retailer="lane", value=value, bound=bound, passed=True, accepted_because="winter is over"
    )
    assert gate_of(done.gates, gate, "lane") == gate_of(manifest(strict).gates, gate, "lane") == expected
    assert gate_of(done.gates, gate, "atelier").accepted_because is None, "it passed by itself"
    assert done.held == {}
    assert manifest(strict).counts["lane"].garments == len(beyond)


def test_two_gates_that_hold_a_retailer_are_both_named(strict: Index) -> None:
    strict.deliver("lane", hats(0))
    reason = publish(strict.ready(1)).held["lane"]
    assert reason.startswith("garments_drop is 75, allowed 25; products_drop is 75, allowed 25; to act: ")


def test_a_retailer_with_nothing_left_has_lost_all(strict: Index) -> None:
    strict.deliver("lane", {})
    done = publish(strict.ready(1))
    assert gate_of(done.gates, "garments_drop", "lane").value == 100
    assert list(done.held) == ["lane"]
    assert (done.version, done.is_new) == (1, False)


def test_a_retailer_that_is_switched_off_leaves_without_a_gate(strict: Index) -> None:
    spec = strict.root / "mappings" / "lane" / "retailer.yaml"
    spec.write_text(spec.read_text().replace('{"language"', '{"enabled": false, "language"'))
    done = publish(strict.ready(1))
    assert sizes(strict) == {"atelier": (8, 8)}
    assert {gate.retailer for gate in done.gates} == {"atelier", None}
    assert list(done.states) == ["atelier"]


def covered(index: Index, feed: bytes, mapped: int) -> None:
    """Count a feed's coverage under the mapping of now."""
    digest = index.night().mappings["lane"].digest
    row = {"retailer": "lane", "feed": feed, "function": coverage_function(digest), "status": "done", "products": 8}
    index.write(COVERAGE, [row | {"mapped": mapped, "ignored": 1, "unmapped": 7 - mapped}])


@pytest.mark.parametrize(
    ("mapped", "accepted", "points", "held"),
    [(6, {}, 0, False), (5, {}, 12.5, False), (4, {}, 25, True), (4, {"coverage_drop": "a new tree"}, 25, False)],
)
def test_coverage_that_falls_too_far_holds_its_retailer(
    index: Index, mapped: int, accepted: dict[str, str], points: float, held: bool
) -> None:
    index.map("lane")
    index.bounds("retailer", coverage_drop=12.5)
    covered(index, index.deliver("lane", hats(*range(4))), 6)
    assert publish(index.ready()).version == 1
    covered(index, index.deliver("lane", hats(*range(5))), mapped)
    done = publish(index.ready(1, accepted=accepted))
    gate = gate_of(done.gates, "coverage_drop", "lane")
    assert (gate.value, gate.bound, gate.passed) == (points, 12.5, not held)
    assert gate.accepted_because == accepted.get("coverage_drop")
    assert ("lane" in done.held) == held
    assert [one.retailer for one in done.gates if one.name == "coverage_drop"] == ["lane"]


def test_coverage_is_compared_only_where_both_versions_were_counted(index: Index) -> None:
    index.map("lane")
    covered(index, index.deliver("lane", hats(*range(4))), 6)
    publish(index.ready())
    index.deliver("lane", hats(*range(5)))
    assert "coverage_drop" not in {gate.name for gate in publish(index.ready(1)).gates}
    covered(index, index.deliver("lane", hats(*range(6))), 1)
    assert "coverage_drop" not in {gate.name for gate in publish(index.ready(2)).gates}


@pytest.mark.parametrize(
    ("least", "gate", "said"),
    [
        ({"garments": 13, "products": 1}, "first_garments", "first_garments is 12, allowed 13"),
        ({"garments": 1, "products": 13}, "first_products", "first_products is 12, allowed 13"),
    ],
)
def test_a_first_version_that_is_too_small_is_refused(
    index: Index, least: dict[str, int], gate: str, said: str
) -> None:
    index.bounds("whole_index", first_version={"garments": 12, "products": 12} | least)
    assert refused(index.ready()) == said
    accepted = publish(index.ready(accepted={gate: "a trial"}))
    assert gate_of(accepted.gates, gate).accepted_because == "a trial"


def test_a_first_version_with_its_least_rows_is_published(index: Index) -> None:
    index.bounds("whole_index", first_version={"garments": 12, "products": 12})
    assert publish(index.ready()).version == 1


WHOLE = [
    ("garments_drop", {"percent": 25, "absolute": 0}, hats(*range(5)), hats(*range(4)), "33.3333", 25),
    ("products_drop", {"percent": 25, "absolute": 0}, hats(*range(5)), hats(*range(4)), "33.3333", 25),
    ("category_shift", {"points": 25, "absolute": 0}, hats(*range(8)) | dict.fromkeys(range(5, 8), "scarf"),
     hats(*range(8)) | dict.fromkeys(range(4, 8), "scarf"), "33.3333", 25),
]  # fmt: skip


@pytest.fixture
def loose(live: Index) -> Index:
    """Gates of a retailer that let all go."""
    live.bounds("retailer", garments_drop=ANY, products_drop=ANY)
    live.bounds("whole_index", garments_drop=ANY, products_drop=ANY)
    return live


@pytest.mark.parametrize(("gate", "bound", "within", "beyond", "value", "allowed"), WHOLE)
def test_a_whole_index_beyond_a_bound_is_refused_until_it_is_accepted(
    loose: Index, gate: str, bound: dict[str, float], within: dict[int, str], beyond: dict[int, str], value: str,
    allowed: float,
) -> None:  # fmt: skip
    loose.bounds("whole_index", **{gate: bound})
    loose.deliver("atelier", beyond)
    said = f"{gate} is {value}, allowed {allowed}"
    assert refused(loose.ready(1, accepted={"canary": "another gate"})) == said
    done = publish(loose.ready(1, accepted={gate: "winter"}))
    assert gate_of(manifest(loose).gates, gate) == gate_of(done.gates, gate)
    assert gate_of(done.gates, gate).accepted_because == "winter"


@pytest.mark.parametrize(("gate", "bound", "within", "beyond", "value", "allowed"), WHOLE)
def test_a_whole_index_within_its_bounds_is_published(
    loose: Index, gate: str, bound: dict[str, float], within: dict[int, str], beyond: dict[int, str], value: str,
    allowed: float,
) -> None:  # fmt: skip
    loose.bounds("whole_index", **{gate: bound})
    loose.deliver("atelier", within)
    assert gate_of(publish(loose.ready(1)).gates, gate) == Gate(name=gate, value=25, bound=allowed, passed=True)


def test_two_gates_that_refuse_an_index_are_both_named(loose: Index) -> None:
    tight = {"percent": 25, "absolute": 0}
    loose.bounds("whole_index", garments_drop=tight, products_drop=tight)
    loose.deliver("atelier", hats(0))
    assert refused(loose.ready(1)) == "garments_drop is 58.3333, allowed 25; products_drop is 58.3333, allowed 25"


def test_a_shop_that_came_does_not_make_up_for_one_that_shrank(loose: Index) -> None:
    loose.bounds("whole_index", garments_drop={"percent": 25, "absolute": 0})
    loose.deliver("atelier", hats(*range(4)))
    loose.add("mill", [])
    loose.deliver("mill", hats(*range(20)))
    assert refused(loose.ready(1)) == "garments_drop is 33.3333, allowed 25"


def test_a_canary_below_its_bound_refuses_until_it_is_accepted(live: Index, tried: Tried) -> None:
    live.deliver("lane", hats(*range(5)))
    tried.cosine = 0.998
    assert refused(live.ready(1)) == "canary is 0.998, allowed 0.999"
    tried.cosine = 0.999
    assert publish(live.ready(1)).version == 3, "the number of the refused draft is not used again"
    live.deliver("lane", hats(*range(6)))
    tried.cosine = -1
    done = publish(live.ready(2, accepted={"canary": "a lost disk"}))
    assert gate_of(done.gates, "canary").accepted_because == "a lost disk"
    assert [version for _, version, _ in tried.asked] == [2, 3, 4], "the candidate is tried, not what is live"


def test_damaged_rows_are_refused_whatever_is_accepted(live: Index) -> None:
    live.deliver("lane", hats(*range(6)))
    night = live.ready(1, accepted={"integrity": "never", "canary": "never"})
    query = "select garments from garments where product_id = 'lane:5'"
    ((garment,),) = night.tables.sql(query, [GARMENTS])["garments"].to_pylist()
    DeltaTable(night.tables.uri(VECTORS)).delete(f"vector_key = {literal(garment['vector_key'])}")
    assert refused(night) == f"integrity: garments: 1 rows fail 'no_place', {garment['garment_id']} among them"


def test_a_length_within_the_gates_tolerance_is_published(index: Index) -> None:
    index.bounds("whole_index", norm_tolerance=0.05)
    night = index.ready()
    rows = night.tables.sql("select * from vectors", [VECTORS]).to_pylist()
    DeltaTable(night.tables.uri(VECTORS)).delete()
    index.write(VECTORS, [row | {"embedding": [1.01 * one for one in row["embedding"]]} for row in rows])
    assert publish(index.night()).version == 1
    index.bounds("whole_index", norm_tolerance=0.001)
    index.deliver("lane", hats(*range(5)))
    assert publish(index.ready(1)).version == 2, "what is published already is not measured again"


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
    assert {file.path.split("/")[2] for file in after.encoder.files[1:]} == {"detect", "embed"}


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
