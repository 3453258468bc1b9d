"""A sale that begins and ends changes prices by the date alone, and nothing else."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from jobs.stages.publish import Publication, publish
from lake import snapshots
from lake.candidate import rows_of
from tests.jobs.lake_of_offers import FIRST
from tests.jobs.stages.publishing import Index

SECOND = FIRST + timedelta(days=1)
SALE = {"price": Decimal(200), "sale_price": Decimal(120), "sale_from": SECOND, "sale_until": SECOND}


def prices(index: Index, publication: Publication) -> dict[str, set[tuple[Any, Any]]]:
    store = index.night().store
    assert publication.version
    _, products = rows_of(store, snapshots.manifest(store, publication.version), ["atelier", "lane"])
    found: dict[str, set[tuple[Any, Any]]] = {}
    for row in products.to_pylist():
        found.setdefault(row["retailer"], set()).add((row["price"], row["old_price"]))
    return found


def test_only_offers_with_a_validity_change_by_the_date(live: Index) -> None:
    live.deliver("atelier", dict.fromkeys(range(8), "hat"), **SALE)
    live.deliver("lane", dict.fromkeys(range(4), "hat"), price=Decimal(50), old_price=Decimal(60))
    before = publish(live.ready())
    during = publish(live.ready(1))
    assert (during.is_new, during.due) == (True, 8)
    after = publish(live.ready(2))
    assert (after.is_new, after.due) == (True, 8)
    assert not publish(live.ready(3)).is_new
    lane = {(Decimal(50), Decimal(60))}
    assert prices(live, before) == {"atelier": {(Decimal(200), None)}, "lane": lane}
    assert prices(live, during) == {"atelier": {(Decimal(120), Decimal(200))}, "lane": lane}
    assert prices(live, after) == prices(live, before)
