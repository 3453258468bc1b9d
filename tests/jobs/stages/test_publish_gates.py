"""What each gate does to a version: within its bound, beyond it, and let through; over lakes of a few rows."""

import pytest
from deltalake import DeltaTable

from jobs.live.functions import coverage_function
from jobs.stages.publish import publish
from lake.tables import literal
from schemas.errors import RefusedByGate
from schemas.manifest import Gate
from schemas.tables import COVERAGE, GARMENTS, VECTORS
from tests.jobs.stages.publishing import Index, Tried, gate_of, hats, manifest, refused, sizes

ANY = {"percent": 100, "absolute": 1_000_000}


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


def test_a_retailer_that_was_held_for_too_long_leaves_and_is_not_judged(strict: Index) -> None:
    strict.refuse("lane", "lane: too small")
    done = publish(strict.ready(20))
    assert set(sizes(strict)) == {"atelier"}
    assert [gate for gate in done.gates if gate.retailer == "lane"] == []


def test_a_retailer_with_nothing_left_has_lost_all(strict: Index) -> None:
    strict.deliver("lane", {})
    done = publish(strict.ready(1))
    assert gate_of(done.gates, "garments_drop", "lane").value == 100
    assert list(done.held) == ["lane"]
    assert (done.version, done.is_new) == (1, False)


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
    with pytest.raises(RefusedByGate) as caught:
        publish(loose.ready(1))
    assert caught.value.gates == dict.fromkeys(("garments_drop", "products_drop"), (pytest.approx(700 / 12), 25))


def test_a_shop_that_came_does_not_make_up_for_one_that_shrank(loose: Index) -> None:
    loose.bounds("whole_index", garments_drop={"percent": 25, "absolute": 0})
    loose.deliver("atelier", hats(*range(4)))
    loose.add("mill", [])
    loose.deliver("mill", hats(*range(20)))
    assert refused(loose.ready(1)) == "garments_drop is 33.3333, allowed 25"


def test_a_shop_that_vanishes_counts_as_lost_by_the_whole_index(loose: Index) -> None:
    loose.bounds("whole_index", garments_drop={"percent": 25, "absolute": 0})
    loose.deliver("lane", {})
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
