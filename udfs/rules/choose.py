"""Chooses the garments of a product: which pictures represent it, and where in each picture it is."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from schemas.rejects import Code
from schemas.settings import ChoiceSettings
from schemas.table import DONE, REJECTED
from schemas.tables import GARMENTS, SCREEN_CLASSES
from udfs.rules.category import category_of, gender_of
from udfs.rules.on_sale import Cut, cuts, garment_id, vector_key
from udfs.rules.taxonomy import Taxonomy

CHOSEN = pa.schema([field for field in GARMENTS.schema if field.name != "function"])

WANTED, *UNWANTED = SCREEN_CLASSES
DEFAULT_ORDER = ("mapping", "text", "image")


@dataclass(frozen=True)
class ChooseGarments:
    """Products in (`schemas.choice.PRODUCTS_TO_CHOOSE`), their garments out (`CHOSEN`), one row a product."""

    taxonomy: Taxonomy
    settings: ChoiceSettings
    category_order: Mapping[str, tuple[str, ...]]  # by retailer

    def __call__(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Rows in the order of the batch."""
        rows = [self._chosen(product) for product in batch.to_pylist()]
        return pa.RecordBatch.from_pylist(rows, CHOSEN)

    def _chosen(self, product: dict[str, Any]) -> dict[str, Any]:
        kept, turned_away = sift(product["pictures"] or (), self.settings)
        order = self.category_order.get(product["retailer"], DEFAULT_ORDER)
        category = category_of(product, kept, order, self.taxonomy, self.settings)
        row = {name: product[name] for name in ("product_key", "product_id", "retailer")} | {
            "category": category.node,
            "category_source": category.source,
            "gender": gender_of(product, self.settings),
            "turned_away": turned_away,
        }
        if category.node is None:
            return row | _reject(category.code, category.detail)
        if not kept:
            return row | _reject(Code.NO_PICTURE_LEFT, _why_none(product["pictures"] or (), turned_away))
        pieces = self.taxonomy.node(category.node).pieces
        garments = [_garment(product, picture, cut) for picture in kept for cut in cuts(picture, pieces, self.settings)]
        return row | {"status": DONE, "garments": garments}


def sift(
    pictures: Sequence[dict[str, Any]], settings: ChoiceSettings
) -> tuple[list[dict[str, Any]], list[dict[str, str | None]]]:
    """The pictures that represent a product, by rank, and the rejected ones, each with url, code and detail.

    A picture that was not fetched is in neither. Of near-duplicates the largest is kept, or the first if equal.
    """
    turned_away: list[dict[str, str | None]] = []
    through: list[dict[str, Any]] = []
    for picture in sorted(pictures, key=lambda picture: (picture["rank"], picture["url"])):
        code, detail = _verdict(picture, settings)
        if code is not None:
            turned_away.append({"url": picture["url"], "code": code, "detail": detail})
        elif picture["picture"] is not None:
            through.append(picture)
    best = _best_copies(through)
    kept = [picture for picture in through if best[_group(picture)] is picture]
    copies = [picture for picture in through if best[_group(picture)] is not picture]
    turned_away += [
        {"url": copy["url"], "code": Code.DUPLICATE_PICTURE, "detail": f"near-duplicate of {best[_group(copy)]['url']}"}
        for copy in copies
    ]
    return kept, turned_away


def _verdict(picture: dict[str, Any], settings: ChoiceSettings) -> tuple[str | None, str | None]:
    """Why a picture is turned away, or (None, None)."""
    if picture["code"] is not None:
        return picture["code"], picture["detail"]
    wanted = picture[WANTED]
    if wanted is None or wanted >= settings.wanted:
        return None, None
    likeliest = max(UNWANTED, key=lambda name: picture[name] or 0.0)
    return Code.SCREEN_UNWANTED, f"{likeliest} {picture[likeliest] or 0.0:.2f}, wanted {wanted:.2f}"


def _group(picture: dict[str, Any]) -> bytes:
    return picture["group"] or picture["picture"]


def _best_copies(pictures: Sequence[dict[str, Any]]) -> dict[bytes, dict[str, Any]]:
    """The best picture of each group, of pictures sorted by rank."""
    best: dict[bytes, dict[str, Any]] = {}
    for picture in pictures:
        other = best.setdefault(_group(picture), picture)
        if _pixels(picture) > _pixels(other):
            best[_group(picture)] = picture
    return best


def _pixels(picture: dict[str, Any]) -> int:
    return (picture["width"] or 0) * (picture["height"] or 0)


def _garment(product: dict[str, Any], picture: dict[str, Any], cut: Cut) -> dict[str, Any]:
    return {
        "garment_id": garment_id(product["product_id"], picture["picture"], cut.place),
        "vector_key": vector_key(picture["picture"], cut.box),
        "picture": picture["picture"],
        "url": picture["url"],
        "class": cut.name,
        "box": cut.box,
        "score": cut.score,
        "rank": picture["rank"],
        "whole_picture": cut.name is None,
    }


def _reject(code: Code | None, detail: str | None) -> dict[str, Any]:
    return {"status": REJECTED, "code": code, "detail": detail, "garments": []}


def _why_none(pictures: Sequence[dict[str, Any]], turned_away: Sequence[dict[str, str | None]]) -> str:
    counts = Counter(str(picture["code"]) for picture in turned_away)
    pending = len(pictures) - len(turned_away)
    parts = [f"{count} {code}" for code, count in sorted(counts.items())] + [f"{pending} not fetched yet"] * bool(
        pending
    )
    return ", ".join(parts) or "the product has no picture"


def duplicate_of(products: pa.Table) -> dict[str, str]:
    """Product id -> the product of the same shop that it duplicates.

    products: product_id, retailer, category, colour, groups (of its chosen pictures). Two are one where category and
    colour agree and the sets of groups are equal, so that there are no chains; the smallest id stands.
    """
    standing: dict[tuple[Any, ...], str] = {}
    found: dict[str, str] = {}
    for product in products.sort_by("product_id").to_pylist():
        groups = frozenset(product["groups"] or ())
        key = (product["retailer"], product["category"], product["colour"], groups)
        if groups and standing.setdefault(key, product["product_id"]) != product["product_id"]:
            found[product["product_id"]] = standing[key]
    return found
