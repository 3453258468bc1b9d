"""A version that is made shop by shop is the one that is made at once."""

from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import selvedge_searcher
from jobs.engine.night import Night
from jobs.stages.publish import publish
from lake import snapshots
from lake.candidate import Base
from tests.jobs.stages.publishing import Index, Tried, gate_of, hats, manifest, refused, sizes


def shop_by_shop(night: Night, retailers: list[str], most: int) -> list[list[str]]:
    assert most == night.settings.work.offers_published_at_once
    return [[name] for name in retailers]


@pytest.fixture
def in_steps(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setattr("jobs.stages.publish.in_groups", shop_by_shop)
    return monkeypatch


def vectors(index: Index) -> dict[str, tuple[bytes, list[float]]]:
    """Key and vector of each garment of the live version."""
    live = selvedge_searcher.open(index.night().store.uri)
    ids, keys = live.garments["garment_id"].to_pylist(), live.vector_keys.to_pylist()
    return {name: (key, row) for name, key, row in zip(ids, keys, live.vectors.tolist(), strict=True)}


def changes(index: Index) -> pa.Table:
    store = index.night().store
    return pq.read_table(manifest(index).changes.path, filesystem=store.filesystem)


def same(one: Index, other: Index) -> None:
    """Two lakes whose live versions say the same."""
    mine, its = manifest(one), manifest(other)
    assert (mine.version, mine.content_digest, mine.counts) == (its.version, its.content_digest, its.counts)
    assert mine.facts.made_from == its.facts.made_from
    assert mine.gates == its.gates
    assert vectors(one) == vectors(other)
    assert changes(one).equals(changes(other))
    assert snapshots.verify(one.night().store, mine.version) == []


def test_a_version_in_steps_is_the_one_made_at_once(
    index: Index, tmp_path_factory: pytest.TempPathFactory, in_steps: pytest.MonkeyPatch
) -> None:
    other = index.copied(tmp_path_factory.mktemp("other") / "lake")
    nights = ({"atelier": hats(*range(8)), "lane": hats(*range(4))}, {"lane": hats(*range(5))},
              {"atelier": hats(*range(1, 8)), "lane": hats(0, 1, 2, 3, 7), "mill": hats(0, 1)})  # fmt: skip
    for number, night in enumerate(nights):
        for lake in (index, other):
            for name, products in night.items():
                if name not in lake.feeds:
                    lake.add(name, [])
                lake.deliver(name, products)
        publish(index.ready(number))
        with pytest.MonkeyPatch.context() as at_once:
            at_once.setattr("jobs.stages.publish.in_groups", lambda night, names, most: [names] if names else [])
            publish(other.ready(number))
        same(index, other)


def test_a_retailer_that_is_withheld_in_its_step_keeps_its_rows(live: Index, in_steps: pytest.MonkeyPatch) -> None:
    live.deliver("atelier", hats(0, 1))
    live.deliver("lane", hats(*range(5)))
    live.bounds(
        "whole_index", garments_drop={"percent": 100, "absolute": 9}, products_drop={"percent": 100, "absolute": 9}
    )
    done = publish(live.ready(1))
    assert sizes(live) == {"atelier": (8, 8), "lane": (5, 5)}
    assert done.held.keys() == {"atelier"}
    assert not gate_of(done.gates, "garments_drop", "atelier").passed
    assert gate_of(done.gates, "garments_drop", "lane").passed


def test_a_shop_that_left_is_gone_whatever_step_comes_first(live: Index, in_steps: pytest.MonkeyPatch) -> None:
    live.add("mill", [])
    live.deliver("mill", hats(0, 1))
    publish(live.ready(1))
    spec = live.root / "mappings" / "mill" / "retailer.yaml"
    spec.write_text(spec.read_text().replace('{"language"', '{"enabled": false, "language"'))
    live.deliver("atelier", hats(*range(9)))
    live.deliver("lane", hats(*range(5)))
    publish(live.ready(2))
    assert sizes(live) == {"atelier": (9, 9), "lane": (5, 5)}


def test_a_version_that_its_last_step_refuses_leaves_the_one_before_live(
    live: Index, tried: Tried, in_steps: pytest.MonkeyPatch
) -> None:
    live.deliver("atelier", hats(*range(9)))
    live.deliver("lane", hats(*range(5)))
    tried.cosine = 0.5
    assert "canary" in refused(live.ready(1))
    tried.cosine = 1.0
    assert publish(live.ready(1)).version == 3
    assert sizes(live) == {"atelier": (9, 9), "lane": (5, 5)}


def test_a_publish_that_dies_between_two_steps_costs_nothing(
    live: Index, in_steps: pytest.MonkeyPatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    live.deliver("atelier", hats(*range(9)))
    live.deliver("lane", hats(*range(5)))
    night, write_step = live.ready(1), snapshots.write_step
    with monkeypatch.context() as dying:
        written: list[bool] = []

        def once(*arguments: Any) -> Base:
            if written:
                raise KeyboardInterrupt
            written.append(True)
            return write_step(*arguments)

        dying.setattr(snapshots, "write_step", once)
        with pytest.raises(KeyboardInterrupt):
            publish(night)
    assert sizes(live) == {"atelier": (8, 8), "lane": (4, 4)}
    assert publish(live.ready(1)).version == 2
    assert sizes(live) == {"atelier": (9, 9), "lane": (5, 5)}
    assert snapshots.verify(live.night().store, 2) == []
