"""What another release of a model would change in the index, from the rows that `models fill` left; no network runs."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from desk.difference import Boxes, Change, Difference, difference, recut_of
from desk.loading import products_at
from jobs.engine.night import Night
from jobs.live.catalog import Catalog
from jobs.live.rows import PART_ROWS
from jobs.stages.choose import RULE
from jobs.stages.declared import record_of
from schemas.errors import WrongInput
from schemas.table import DONE
from udfs.rules.choose import CHOSEN

STAGE_OF = {"screen": "screen", "text": "classify", "detect": "detect"}
"""The stage that fills the rows of each model on which the choice of a product depends."""


@dataclass(frozen=True)
class Tried:
    """`waiting`: products of which nothing is said: they are not chosen yet, or a picture that only the candidate wants
    has no boxes yet."""

    found: Difference
    waiting: int


def of_model(night: Night, model: str, folder: Path) -> Tried:
    """Chooses every live product again with a candidate's rows. Raises WrongInput where rows are missing."""
    if model not in STAGE_OF:
        known = ", ".join(STAGE_OF)
        text = f"{model}: no product is chosen by it; known: {known}. To compare releases: selvedge models score"
        raise WrongInput("--model", None, text)
    tried = Night(night.settings, night.run, night.today, night.progress, candidates={model: folder})
    due = record_of(STAGE_OF[model]).due(tried)
    if due:
        text = f"{model}={folder.name}: {due} live rows have no answer of this release yet; run first: "
        raise WrongInput("--model", None, f"{text}selvedge models fill {model} {folder.name}")
    catalog = Catalog.of(night)
    before, after = _by_product(catalog.chosen), chosen_anew(tried)
    ids = catalog.products["product_id"].to_pylist()
    both = before.keys() & after.keys()
    changed = {product for product in both if before[product] != after[product]}
    places = np.flatnonzero([product in changed for product in ids])
    changes = []
    for product in products_at(catalog, places):
        old, new = before[product.id], after[product.id]
        changes.append(Change(product, old[0], new[0], recut_of(old[1], new[1])))
    return Tried(difference(changes), len(ids) - len(both))


def chosen_anew(night: Night) -> dict[str, tuple[str | None, dict[bytes, Boxes]]]:
    """What `choose` would make of every live product that waits for no row. Nothing is written."""
    wanted = Catalog.of(night).keys
    work = RULE.work(night)
    found: dict[str, tuple[str | None, dict[bytes, Boxes]]] = {}
    assert RULE.gather is not None
    for at in range(0, wanted.num_rows, PART_ROWS):
        part = RULE.gather(night, wanted.slice(at, PART_ROWS))
        made = [work(batch) for batch in part.combine_chunks().to_batches(max_chunksize=PART_ROWS)]
        found |= _by_product(pa.Table.from_batches(made, CHOSEN))
    return found


def _by_product(chosen: pa.Table) -> dict[str, tuple[str | None, dict[bytes, Boxes]]]:
    """By product id its category and what is cut, by picture; no category and nothing cut where a product is out."""
    found = {}
    for row in chosen.select(["product_id", "status", "category", "garments"]).to_pylist():
        inside = row["status"] == DONE
        cut: dict[bytes, Boxes] = {}
        for garment in (row["garments"] or ()) if inside else ():
            cut[garment["picture"]] = cut.get(garment["picture"], frozenset()) | {tuple(garment["box"])}
        found[row["product_id"]] = (row["category"] if inside else None, cut)
    return found
