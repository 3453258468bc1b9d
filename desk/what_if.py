"""What another mapping file or threshold would change in the index, without a night and without a model."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from desk import pages
from desk.difference import Change, Difference, difference
from desk.loading import Leaves, leaves_of, products_at, refused_of, shown_of
from desk.mapping_file import read_as
from desk.thumbnails import SIDES, small
from jobs.answers.thresholds import moved
from jobs.answers.thumbnails import data_uri
from jobs.engine.night import Night
from jobs.live.catalog import Catalog
from jobs.live.coverage import boxed, by_place, decisions, shown_at, verdicts_by
from jobs.live.rows import combinations
from jobs.live.screened import done
from schemas.errors import WrongInput
from schemas.settings import ChoiceSettings
from udfs.rules.category import category_of
from udfs.rules.mapping import UNMAPPED
from udfs.rules.mapping import Mapping as MappingFile

SHOWN = 24
"""Products of each kind with their pictures on a page."""

SEEN, NOTHING = ("shown_now", "shown_then"), ""
"""What kept pictures show by the thresholds of now and by others; NOTHING: no class. Null where none is kept."""

Order = tuple[str, ...]


def of_mapping(night: Night, file: Path) -> Difference:
    """What a mapping file would change for its shop. Raises WrongInput for a wrong file, with its line."""
    mapping = read_as(file, night.taxonomy)
    shop = mapping.retailer
    if shop not in night.retailers:
        raise WrongInput(file, None, f"{shop}: there is no such enabled retailer")
    catalog = stocked(Catalog.of(night.among([shop])))
    rules = [_decided(night, catalog, mappings) for mappings in (night.mappings, {shop: mapping})]
    differs = [pc.not_equal(*(pc.fill_null(rows[name], "") for rows in rules)) for name in ("kind", "node")]
    places = np.flatnonzero(pc.or_(*differs))
    category, order = _chooser(night, night.settings.choice), tuple(night.retailers[shop].category_order)
    known = (leaves_of(night, catalog.products["text_key"].take(pa.array(places))), shown_of(night, catalog, places))
    was, would = (
        [category(texts, kind, node, shown, order) for texts, shown, kind, node in zip(*known, *rule, strict=True)]
        for rule in ([rows[name].take(places).to_pylist() for name in ("kind", "node")] for rows in rules)
    )
    gains = any(old is None and new is not None for old, new in zip(was, would, strict=True))
    why_out = {"refused": refused_of(catalog, places)} if gains else {}
    return difference(map(Change, products_at(catalog, places, **why_out), was, would))


def of_thresholds(night: Night, moves: Sequence[str]) -> Difference:
    """What thresholds NAME=VALUE, moved together, would change for every shop. Raises WrongInput for any other form.

    A product that is out for want of a category, or of a picture that is kept, gets in where that alone changes.
    """
    choices = (night.settings.choice, moved(night.settings.choice, moves))
    catalog = stocked(Catalog.of(night))
    first, case_of = combinations(rows := _read(night, catalog, choices))
    cases = rows.take(first)
    outcomes = [*_outcomes(night, choices, cases)]
    differs = np.array([was != would for was, would in outcomes])
    places = np.flatnonzero(differs[case_of])
    changed = (outcomes[case] for case in case_of[places].tolist())
    products = products_at(catalog, places)
    return difference(Change(product, *both) for product, both in zip(products, changed, strict=True))


def stocked(catalog: Catalog) -> Catalog:
    """The catalog. Raises WrongInput where it has no live product."""
    if not catalog.products.num_rows:
        raise WrongInput("whatif", None, "there are no live products yet; run a night first")
    return catalog


def _decided(night: Night, catalog: Catalog, mappings: Mapping[str, MappingFile]) -> pa.Table:
    """What mapping files decide of every product."""
    every = pa.array(np.arange(catalog.products.num_rows))
    return decisions(night, catalog, every, verdicts_by(mappings, catalog))


def _read(night: Night, catalog: Catalog, choices: Sequence[ChoiceSettings]) -> pa.Table:
    """All that `_outcomes` reads of each product; under the names of SEEN what its pictures show by each choice."""
    rows = _decided(night, catalog, night.mappings).select(["retailer", "kind", "node"])
    rows = rows.append_column("text_key", catalog.products["text_key"])
    scored = boxed(night, done(night))
    for name, choice in zip(SEEN, choices, strict=True):
        products, classes = shown_at(catalog.pictures, scored, choice)
        rows = rows.append_column(name, by_place(rows.num_rows, products, pc.fill_null(classes, NOTHING)))
    return rows


def _outcomes(
    night: Night, choices: Sequence[ChoiceSettings], cases: pa.Table
) -> Iterator[tuple[str | None, str | None]]:
    """The category of each case by each choice; None also where no picture of it is kept."""
    now, then = (_chooser(night, choice) for choice in choices)
    orders = {name: tuple(spec.category_order) for name, spec in night.retailers.items()}
    for case, leaves in zip(cases.to_pylist(), leaves_of(night, cases["text_key"]), strict=True):
        rule, order = (case["kind"], case["node"]), orders[case["retailer"]]
        was, would = (case[name] for name in SEEN)
        yield (
            None if was is None else now(leaves, *rule, was or None, order),
            None if would is None else then(leaves, *rule, would or None, order),
        )


Chooser = Callable[[Leaves, str, str | None, str | None, Order], str | None]


def _chooser(night: Night, choice: ChoiceSettings) -> Chooser:
    """The category that a night would choose by leaves, kind and node of the rule, class of the pictures, and order.

    What is alike is asked once.
    """
    unread: dict[str, Any] = dict.fromkeys(("title", "gender", "age", "text_gender", "text_gender_probability"))

    @cache
    def category(leaves: Leaves, kind: str, node: str | None, shown: str | None, order: Order) -> str | None:
        rule = {"rule": "", "node": node, "ignored_because": None, "title_word": None, "gender": None}
        leaf, chance = leaves[0] if leaves else (None, 0.0)
        row = unread | {
            "verdicts": None if kind == UNMAPPED else [rule], "text_leaf": leaf, "text_probability": chance,
            "text_leaves": [{"leaf": name, "probability": likely} for name, likely in leaves],
        }  # fmt: skip
        kept = [] if shown is None else [{"depicts": shown, "depicts_score": 1.0, "boxes": None}]
        return category_of(row, kept, order, night.taxonomy, choice).node

    return category


def lines(found: Difference) -> Iterator[str]:
    """The difference for a terminal."""
    for name, changes in found.parts:
        yield f"{len(changes):>7,} {name}"
        for change in changes[:3]:
            yield f"        {change.said}  {change.product.title[:70]}"


def page(title: str, found: Difference, picture: Callable[[bytes], bytes | None], notes: Sequence[str] = ()) -> str:
    """The difference as one file that asks for nothing else. `notes`: lines above it."""

    def thumbnail(change: Change) -> str:
        shown = (change.recut.picture,) if change.recut else change.product.pictures
        body = picture(shown[0]) if shown else None
        made = small(body, SIDES[0]) if body else None
        return data_uri(made) if made else ""

    said = {"title": title, "found": found, "notes": notes, "thumbnail": thumbnail, "shown": SHOWN}
    return pages.render("exported.html", style=pages.style(), **said)
