"""Maps the shops' categories to ours by the mapping files, and counts their coverage per feed."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa

from jobs.engine.night import Night
from jobs.engine.stage import Counts
from jobs.live.asked import Asked
from jobs.live.catalog import Catalog
from jobs.live.coverage import coverage_rows
from jobs.live.derived import coverage_of
from jobs.live.functions import map_function
from jobs.live.memory import Memory
from jobs.live.rows import taken
from jobs.live.verdict import Verdict
from jobs.stages.record import Rule
from schemas.tables import COVERAGE, MAPPED
from udfs.rules.map_categories import MapCategories
from udfs.rules.wording import written


def _run(night: Night) -> Counts:
    return MEMORY.run(night, _map_and_count)


def _map_and_count(night: Night) -> Counts:
    """Map each category path once, then count the coverage of each live feed."""
    counts = RULE.work_off(night)
    catalog = Catalog.of(night)
    covered = coverage_rows(night, catalog)
    night.tables.append(COVERAGE, covered)
    counts.due += covered.num_rows
    counts.done += covered.num_rows
    return counts


def _categories(night: Night) -> pa.Table:
    """The live products' categories, each once."""
    catalog = Catalog.of(night)
    codes = catalog.categories.indices.to_numpy()
    used, first = np.unique(codes, return_index=True)
    rows = taken(catalog.products.select(["retailer", "category_path", "category_ids"]), pa.array(first))
    keys = catalog.categories.dictionary.take(pa.array(used)).cast(pa.binary(32))
    return rows.append_column("category_key", keys)


def _verdicts(night: Night, asked: Asked) -> Iterator[Verdict]:
    for product in asked.products:
        if (at := asked.place(product)) is not None:
            yield _verdict(asked.catalog, at)


def _verdict(catalog: Catalog, at: int) -> Verdict:
    row = catalog.products.slice(at, 1).to_pylist()[0]
    path = written(row["category_path"] or ()) or "(no category)"
    rules = catalog.verdicts.get(catalog.categories[at].as_py())
    if rules is None:
        return Verdict("map", path, "waiting", "the stage `map` has not run on it yet")
    said = [
        f"{rule['rule']}: " + (rule["node"] or f"ignored ({rule['ignored_because']})") + _condition(rule)
        for rule in rules
    ]
    if rules:
        return Verdict("map", path, "mapped", "; ".join(said))
    ask = (
        f"add a rule to mappings/{row['retailer']}/categories.xml; to act: the analyst" if row["category_path"] else ""
    )
    return Verdict("map", path, "unmapped", "", ask)


def _condition(rule: dict[str, Any]) -> str:
    conditions = [f"{name} {rule[name]}" for name in ("title_word", "gender") if rule[name]]
    return f" where {' and '.join(conditions)}" if conditions else ""


RULE = Rule(
    name="map",
    table=MAPPED,
    function=lambda night: map_function(),
    needed=_categories,
    work=lambda night: MapCategories(night.mappings),
    batch_rows=lambda night: 1_000,
    derived=lambda night, keys: [coverage_of(night, night.retailers)],
)
MEMORY = Memory("map", (MAPPED, COVERAGE))
STAGE = replace(
    RULE.record(verdicts=_verdicts),
    tables=MEMORY.tables,
    run=_run,
    due=lambda night: MEMORY.due(night, RULE.all_due),
)
