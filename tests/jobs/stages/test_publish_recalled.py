"""Vectors that `recheck embed` found to be wrong: the next version has those that the stage made again."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

import jobs.recheck
import selvedge_searcher
from jobs.engine.night import Night
from jobs.engine.recheck import Draw, Pair
from jobs.recheck import Rechecked, recheck
from jobs.stages.embed import STAGE
from jobs.stages.publish import publish
from lake import snapshots
from schemas.tables import GARMENTS, VECTORS
from tests.jobs.stages.publishing import Index, manifest, refused


def checked(index: Index, made: pa.Table, patched: pytest.MonkeyPatch, **how: Any) -> Rechecked:
    """A recheck of embed, in which the network gives these rows."""

    def again(night: Night, draw: Draw) -> Iterator[Pair]:
        yield Pair(stored(index), made)

    assert STAGE.recheck is not None
    there = replace(STAGE.recheck, again=again)
    patched.setattr(jobs.recheck, "_recheck_of", lambda stage: there)
    patched.setattr(Night, "keep_models", lambda night: None)
    return recheck(index.night(), "embed", None, Draw(), **how)


def stored(index: Index) -> pa.Table:
    return index.night().tables.sql("select * from vectors", [VECTORS])


def other(rows: pa.Table, crop: bytes) -> pa.Table:
    """The rows, with the vector of one crop turned around."""
    made = rows.to_pylist()
    for row in made:
        if row["vector_key"] == crop:
            row["embedding"] = [-number for number in row["embedding"]]
    return pa.Table.from_pylist(made, VECTORS.schema)


def crop_of(index: Index, product: str) -> bytes:
    query = f"select garments from garments where product_id = '{product}'"
    (cell,) = index.night().tables.sql(query, [GARMENTS]).to_pylist()
    return bytes(cell["garments"][0]["vector_key"])


def published(index: Index) -> dict[str, list[float]]:
    snapshot = selvedge_searcher.open(index.night().store.uri)
    return dict(zip(snapshot.garments["product_id"].to_pylist(), np.asarray(snapshot.vectors).tolist(), strict=True))


def test_a_wrong_vector_leaves_the_index_with_the_next_version(live: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    crop, before = crop_of(live, "lane:2"), published(live)
    made = other(stored(live), crop)
    found = checked(live, made, monkeypatch)
    assert (found.differing, found.published, found.dropped) == (1, [1], {})
    found = checked(live, made, monkeypatch, repair=True)
    assert (found.differing, found.published, found.dropped) == (1, [1], {"vectors": 1})
    assert "no_place" in refused(live.night()), "the stage has not made it again yet, and the wrong one is not taken"

    live.write(VECTORS, [row for row in made.to_pylist() if row["vector_key"] == crop])
    assert publish(live.ready()).is_new
    after = published(live)
    assert after["lane:2"] == [-number for number in before["lane:2"]]
    assert {name for name in after if after[name] != before[name]} == {"lane:2"}
    old, new = manifest(live, 1), manifest(live, 2)
    assert not {file.path for file in old.of("vectors")} & {file.path for file in new.of("vectors")}
    assert new.content["atelier"] == old.content["atelier"]
    assert new.content["lane"].vectors != old.content["lane"].vectors
    uri = live.night().store.uri
    changed = selvedge_searcher.changes(selvedge_searcher.open(uri, 1), selvedge_searcher.open(uri, 2)).to_pylist()
    assert [(row["table"], row["change"]) for row in changed] == [("garments", "changed")]
    assert not publish(live.ready()).is_new


def test_a_vector_that_is_made_again_as_it_was_is_nothing_new(live: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    crop, rows = crop_of(live, "lane:2"), stored(live)
    checked(live, other(rows, crop), monkeypatch, repair=True)
    live.write(VECTORS, [row for row in rows.to_pylist() if row["vector_key"] == crop])
    assert not publish(live.ready()).is_new


def test_a_version_that_somebody_went_back_to_is_not_carried_on_either(
    live: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    crop, before = crop_of(live, "lane:2"), published(live)
    made = other(stored(live), crop)
    checked(live, made, monkeypatch, repair=True)
    live.write(VECTORS, [row for row in made.to_pylist() if row["vector_key"] == crop])
    publish(live.ready())
    store = live.night().store
    snapshots.live(store, 1)
    assert published(live) == before
    assert publish(live.ready()).version == 3
    assert published(live)["lane:2"] != before["lane:2"]


def test_a_held_retailer_gets_the_right_vector_too(live: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    crop, before = crop_of(live, "lane:2"), published(live)
    made = other(stored(live), crop)
    checked(live, made, monkeypatch, repair=True)
    live.write(VECTORS, [row for row in made.to_pylist() if row["vector_key"] == crop])
    shutil.rmtree(live.root / "mappings" / "lane")
    assert list(publish(live.ready()).held) == ["lane"]
    after = published(live)
    assert after["lane:2"] == [-number for number in before["lane:2"]]
    assert {name for name in after if after[name] != before[name]} == {"lane:2"}
    assert not publish(live.ready()).is_new
