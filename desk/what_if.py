"""What another mapping file or threshold would change in the index, without a night and without a model."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from desk import pages
from desk.difference import Change, Difference, difference
from desk.loading import Leaves, shops_of
from desk.mapping_file import read_as
from desk.shop import Shop
from desk.thumbnails import SIDES, small
from desk.work import decided_by
from jobs.answers.thresholds import moved
from jobs.answers.thumbnails import data_uri
from jobs.engine.night import Night
from jobs.live.catalog import Catalog
from jobs.live.coverage import image_classes
from schemas.errors import WrongInput
from schemas.settings import ChoiceSettings
from udfs.rules.category import category_of
from udfs.rules.mapping import Decision

SHOWN = 24
"""Products of each kind with their pictures on a page."""

Order = tuple[str, ...]


def of_mapping(night: Night, file: Path) -> Difference:
    """What a mapping file would change for its shop. Raises WrongInput for a wrong file, with its line."""
    mapping = read_as(file, night.taxonomy)
    if mapping.retailer not in night.retailers:
        raise WrongInput(file, None, f"{mapping.retailer}: there is no such enabled retailer")
    shop = stocked(shops_of(night.among([mapping.retailer])))[mapping.retailer]
    order = tuple(night.retailers[shop.retailer].category_order)
    before, after = decided_by(shop, night.mappings.get(shop.retailer)), decided_by(shop, mapping)
    category, changes = _chooser(night, night.settings.choice), []
    for product, old, new in zip(shop.products, before, after, strict=True):
        if (old.kind, old.node) != (new.kind, new.node):
            was, would = (category(product.leaves, one, product.shown, order) for one in (old, new))
            changes.append(Change(product, was, would))
    return difference(changes)


def of_thresholds(night: Night, moves: Sequence[str]) -> Difference:
    """What thresholds NAME=VALUE, moved together, would change for every shop. Raises WrongInput for any other form."""
    shops, catalog = stocked(shops_of(night)), Catalog.of(night)
    choices = (night.settings.choice, moved(night.settings.choice, moves))
    seen = [(_chooser(night, choice), image_classes(night, catalog, choice)) for choice in choices]
    changes = []
    for name, shop in shops.items():
        order = tuple(night.retailers[name].category_order)
        decided = decided_by(shop, night.mappings.get(name))
        for product, one in zip(shop.products, decided, strict=True):
            was, would = (
                category(product.leaves, one, shown[product.id], order) if product.id in shown else None
                for category, shown in seen
            )
            if was != would:  # one that was not in the index for its category alone gets in if only that changes
                changes.append(Change(replace(product, refused=None), was, would))
    return difference(changes)


def stocked(shops: dict[str, Shop]) -> dict[str, Shop]:
    """The shops. Raises WrongInput where none has a live product."""
    if not any(shop.products for shop in shops.values()):
        raise WrongInput("whatif", None, "there are no live products yet; run a night first")
    return shops


def _chooser(night: Night, choice: ChoiceSettings) -> Callable[[Leaves, Decision, str | None, Order], str | None]:
    """The category that a night would choose, from what is known of a product. What is alike is asked once."""
    unread: dict[str, Any] = dict.fromkeys(("title", "gender", "age", "text_gender", "text_gender_probability"))

    @cache
    def category(leaves: Leaves, decided: Decision, shown: str | None, order: Order) -> str | None:
        rule = {"rule": decided.rule or "", "node": decided.node, "ignored_because": decided.reason,
                "title_word": None, "gender": None}  # fmt: skip
        leaf, chance = leaves[0] if leaves else (None, 0.0)
        row = unread | {
            "verdicts": [rule] if decided.rule else None, "text_leaf": leaf, "text_probability": chance,
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
