"""A search by photo in a published version: garments, and the products that are nearest to each."""

import html
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from jobs.answers.thumbnails import thumbnail
from lake.shards import PictureLost, Place, read_picture
from lake.store import Store
from lake.tables import Tables, one_of
from reports.facts import Box
from reports.search import Near, Searched, SearchPage
from schemas.table import DONE
from schemas.tables import PICTURES
from selvedge_searcher import Snapshot
from udfs.pictures.inspect import PictureRefused

if TYPE_CHECKING:
    from selvedge_searcher.encoder import Seen  # loads ONNX Runtime

MOST_GARMENTS = 6
BY_VECTOR, BY_CODE = 24, 8
"""Products that are taken by vector, and by each of the codes."""
THUMBNAIL_PX, PHOTO_PX = 132, 480
MOST_TITLE = 120
NAME_DIGITS = 12
"""Of the digest of a release, as in the name of its folder."""
CODE_BITS = 128
EVEN = 50
"""The share of colour, in per cent, where the version carries no weights."""


@dataclass(frozen=True)
class Search:
    """Searches one open version; thumbnails are made from the pictures that the lake keeps."""

    snapshot: Snapshot
    store: Store
    against: Snapshot | None = None
    """The same version by another embedding, which is searched beside it."""

    def empty(self) -> SearchPage:
        """The page before there is a photo."""
        return SearchPage("", self.snapshot.version, "", [], {}, {}, self._embeddings)

    def page(self, name: str, body: bytes) -> SearchPage:
        """The page for a photo. Raises what the searcher raises, such as PhotoRefused."""
        seen = self.snapshot.encoder.look(body)[:MOST_GARMENTS]
        found = [self._searched(one) for one in seen]
        if self.against is not None:  # its encoder has the same detector, so the same garments
            other = Search(self.against, self.store)
            beside = self.against.encoder.look(body)[:MOST_GARMENTS]
            found = [replace(one, against=other._near(it)) for one, it in zip(found, beside, strict=True)]
        shown = [near for garment in found for near in (*garment.near, *garment.against)]
        pictures = self._pictures({near.picture for near in shown})
        parents = self._parents({near.category for near in shown})
        photo = thumbnail(body, PHOTO_PX)
        return SearchPage(name, self.snapshot.version, photo, found, pictures, parents, self._embeddings)

    @property
    def _embeddings(self) -> tuple[str, str] | None:
        second = self.snapshot.manifest.second
        if self.against is None or second is None:
            return None
        live = self.snapshot.manifest.record["facts"]["models"]["embed"][:NAME_DIGITS]
        have, garments = len(self.against.garments), len(self.snapshot.garments)
        missing = f", {have} of {garments} garments" if have < garments else ""
        return live, f"{second.model[:NAME_DIGITS]}{missing}"

    def _searched(self, seen: "Seen") -> Searched:
        near = self._near(seen)
        said = self.snapshot.manifest.categories.get(near[0].category) if near else None
        colour = round(100 * said.colour / (said.shape + said.colour)) if said else EVEN
        return Searched(seen.class_name or "whole photo", _box(seen), near, colour)

    def _parents(self, categories: Iterable[str]) -> dict[str, str]:
        """The category around each of these, and around those, as the version's taxonomy has them."""
        found: dict[str, str] = {}
        waiting = list(categories)
        while waiting:
            code = waiting.pop()
            node = self.snapshot.manifest.categories.get(code)
            if node and node.parent and code not in found:
                found[code] = node.parent
                waiting.append(node.parent)
        return found

    def _near(self, seen: "Seen") -> list[Near]:
        """The products nearest by vector and by each code, every one with its garment that is nearest by vector."""
        if not len(self.snapshot.garments):
            return []
        vector = self.snapshot.vectors @ seen.vector
        shape, colour = (
            1 - np.bitwise_count(codes ^ asked).sum(axis=1) / CODE_BITS
            for codes, asked in (
                (self.snapshot.shape_codes, seen.shape_code),
                (self.snapshot.colour_codes, seen.colour_code),
            )
        )
        rows: dict[int, int] = {}
        stands = self._stands
        for likeness, most in ((vector, BY_VECTOR), (shape, BY_CODE), (colour, BY_CODE)):
            new = 0
            for row in np.argsort(-likeness, kind="stable").tolist():
                if new == most:
                    break
                product = int(self.snapshot.product_rows[row])
                if product not in rows and stands[product]:
                    rows[product], new = row, new + 1
        order = sorted(rows.values(), key=lambda row: -vector[row])
        return [self._product(row, float(vector[row]), float(shape[row]), float(colour[row])) for row in order]

    @cached_property
    def _stands(self) -> np.ndarray:
        """(P,) bool: the products that are not another one once more."""
        return np.asarray(self.snapshot.products["duplicate_of"].is_null().to_numpy())

    def _product(self, row: int, vector: float, shape: float, colour: float) -> Near:
        garment = _row(self.snapshot.garments, row)
        product = _row(self.snapshot.products, int(self.snapshot.product_rows[row]))
        price = "" if product["price"] is None else f"{product['price']} {product['currency'] or ''}".strip()
        url = product["url"] or ""
        return Near(
            product=product["product_id"],
            title=html.unescape(product["title"] or product["product_id"])[:MOST_TITLE],
            shop=garment["retailer"],
            category=garment["category"],
            price=price,
            url=url if url.startswith(("https://", "http://")) else "",
            picture=garment["image_sha256"].hex(),
            vector=round(vector, 4),
            shape=round(shape, 4),
            colour=round(colour, 4),
        )

    def _pictures(self, wanted: Iterable[str]) -> dict[str, str]:
        """Thumbnails by the picture's sha256; what the lake no longer keeps, or cannot be opened, is left out."""
        query = f"""
            select picture, shard, "offset", length from {PICTURES.name}
            where status = '{DONE}' and {one_of("picture", map(bytes.fromhex, wanted))}"""  # noqa: S608
        found = {}
        for row in Tables(self.store).sql(query, [PICTURES]).to_pylist():
            try:
                body = read_picture(self.store, Place(row["shard"], row["offset"], row["length"]))
                found[row["picture"].hex()] = thumbnail(body, THUMBNAIL_PX)
            except (PictureLost, PictureRefused):
                continue
        return found


def _row(table: Any, row: int) -> dict[str, Any]:
    return dict(table.slice(row, 1).to_pylist()[0])


def _box(seen: "Seen") -> Box:
    left, top, right, bottom = (100 * corner for corner in seen.box)
    return Box(f"{seen.score:.2f}", left, top, right - left, bottom - top)
