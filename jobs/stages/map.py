"""Shops' categories to ours by the mapping files, and how well these cover each feed."""

import pyarrow as pa

from jobs.engine.night import Night
from jobs.engine.stage import Counts, Stage, run_stage
from jobs.live.catalog import Catalog
from jobs.live.coverage import coverage_rows
from jobs.live.functions import map_function
from schemas.tables import COVERAGE, MAPPED
from udfs.rules.map_categories import MapCategories


def stage(night: Night) -> Stage:
    paths = {name: spec.mapping for name, spec in night.retailers.items() if spec.mapping}
    work = MapCategories(paths, night.settings.mappings / "taxonomy.xml")
    return Stage("map", MAPPED, map_function(night), _categories(Catalog.of(night)), work, batch_rows=1_000)


def map_categories(night: Night) -> Counts:
    """Map each category path once, then count what each live feed's products come to."""
    counts = run_stage(night.bench, stage(night))
    catalog = Catalog.of(night)
    covered = coverage_rows(night, catalog)
    night.tables.append(COVERAGE, covered)
    counts.due += covered.num_rows
    counts.done += covered.num_rows
    return counts


def _categories(catalog: Catalog) -> pa.Table:
    """The live products' categories, each once."""
    keyed = catalog.products.select(["retailer", "category_path", "category_ids"])
    keyed = keyed.append_column("category_key", pa.array(catalog.categories, pa.binary(32)))
    first: dict[bytes, int] = {}
    for place, key in enumerate(catalog.categories):
        first.setdefault(key, place)
    return keyed.take(pa.array(first.values(), pa.int64()))
