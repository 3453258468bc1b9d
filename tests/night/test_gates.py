"""Every gate refuses what it is there for, the last version stays live, and an engineer can let a drop through."""

import json
from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake

from shops.changes import change
from tests.long import few_of
from tests.night.conftest import ATELIER, LANE
from tests.night.house import DATE, GATES, House

pytestmark = pytest.mark.night

ANY_DROP = {"percent": 100, "absolute": 1_000_000}


def shift_by_one(embeddings: np.ndarray) -> np.ndarray:
    return np.roll(embeddings, 1, axis=0)


def one_nan(embeddings: np.ndarray) -> np.ndarray:
    changed = embeddings.copy()
    changed[0, 7] = np.nan
    return changed


def too_long(embeddings: np.ndarray) -> np.ndarray:
    return embeddings * np.float32(1.5)


@pytest.mark.parametrize(
    ("damage", "gate"), few_of([(shift_by_one, "canary"), (one_nan, "integrity"), (too_long, "integrity")], 1)
)
def test_damaged_vectors_are_never_published(
    damage: Callable[[np.ndarray], np.ndarray], gate: str, new_house: House
) -> None:
    assert new_house.night("--until", "embed").code == 0
    place = str(new_house.lake / "tables" / "vectors")
    table = pa.table(DeltaTable(place).to_pyarrow_table())
    embeddings = damage(np.array(table["embedding"].to_pylist(), np.float32))
    column = pa.array(embeddings.tolist(), table.schema.field("embedding").type)
    write_deltalake(
        place, table.set_column(table.schema.get_field_index("embedding"), "embedding", column), mode="overwrite"
    )
    ended = new_house.selvedge("stage", "publish", "--json", "--date", DATE)
    assert ended.code == 3
    assert gate in ended.err.splitlines()[-1]
    assert "to act: the data engineer" in ended.err
    assert json.loads(new_house.selvedge("snapshots", "--json").text)["versions"] == []


def loosen_feed_gates(house: House, retailer: str) -> None:
    house.edit_spec(retailer, gates={"offer_drop": ANY_DROP, "size_drop": ANY_DROP})


def test_half_a_retailer_gone_is_held_until_an_engineer_lets_it_through(house: House) -> None:
    before = house.manifest().counts
    loosen_feed_gates(house, ATELIER)
    change(house.shops.folder / ATELIER, 0.8, "gone")
    ended = house.night()
    assert ended.code == 4, ended.err
    state = ended.json["retailers"][ATELIER]
    assert state["status"] == "held"
    assert "products_drop" in state["reason"] or "garments_drop" in state["reason"]
    assert house.manifest().counts == before

    words = [word for gate in ("garments_drop", "products_drop") for word in ("--accept", gate)]
    accepted = house.selvedge("publish", *words, "--reason", "winter is over", "--json", "--date", DATE)
    assert accepted.code == 0, accepted.err
    assert house.manifest().counts[ATELIER].products < before[ATELIER].products
    assert house.manifest().counts[LANE] == before[LANE]
    assert "winter is over" in {gate.accepted_because for gate in house.manifest().gates}
    assert house.night().json["published"] is False


def test_a_drop_of_the_whole_index_is_refused(house: House) -> None:
    version = house.manifest().version
    retailer = GATES["retailer"] | {"garments_drop": ANY_DROP, "products_drop": ANY_DROP}
    whole = GATES["whole_index"] | {"garments_drop": {"percent": 20, "absolute": 1}}
    (house.mappings / "gates.yaml").write_text(json.dumps({"retailer": retailer, "whole_index": whole}))
    loosen_feed_gates(house, ATELIER)
    change(house.shops.folder / ATELIER, 0.7, "gone")
    ended = house.night()
    assert ended.code == 3
    assert "garments_drop" in ended.err.splitlines()[-1]
    assert house.manifest().version == version


def test_a_first_version_needs_its_least_garments(new_house: House) -> None:
    first = {"garments": 1_000, "products": 1}
    whole = GATES["whole_index"] | {"first_version": first}
    (new_house.mappings / "gates.yaml").write_text(json.dumps(GATES | {"whole_index": whole}))
    ended = new_house.night()
    assert ended.code == 3
    assert "first_garments" in ended.err.splitlines()[-1]
