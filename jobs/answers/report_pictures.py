"""The pictures of the run report: thumbnails as data URIs, with their boxes."""

from collections.abc import Iterable
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

import selvedge_searcher
from jobs.answers.disagreement import disagreeing
from jobs.answers.thumbnails import place_of, stored_places, thumbnail
from jobs.engine.night import Night
from jobs.live.catalog import Catalog
from jobs.live.functions import detect_function
from jobs.live.near_copies import NearCopies
from jobs.live.placeholders import Suspect, suspects
from jobs.live.screened import done, scores_of
from lake import snapshots
from lake.shards import PictureLost, read_picture
from lake.tables import literal, one_of
from reports.facts import Box, Gallery, Thumbnail
from schemas.table import DONE
from schemas.tables import BOXES, UNWANTED_CLASSES
from udfs.pictures.inspect import PictureRefused
from udfs.rules.on_sale import why

QUERIES = 10
NEIGHBOURS = 10
GROUP_PICTURES = 6
BOXES_TOLD = 4


class Pictures:
    """The galleries of the report, over everything that is live."""

    def __init__(self, night: Night, catalog: Catalog) -> None:
        self._night, self._catalog = night, catalog
        self._most = night.settings.report.thumbnails

    def turned_away(self) -> list[Gallery]:
        """The most confident rejected pictures of each unwanted class, and the kept pictures with the lowest scores."""
        rows, wanted = done(self._night), self._night.settings.choice.wanted
        scores = scores_of(rows)
        if not len(scores):
            return []
        away = scores[:, 0] < wanted
        likeliest = scores[:, 1:].argmax(axis=1) + 1
        galleries = []
        for at, name in enumerate(UNWANTED_CLASSES, 1):
            mine = np.flatnonzero(away & (likeliest == at))
            galleries.append(self._scored(name, rows, scores[:, at], mine[np.argsort(-scores[mine, at])]))
        doubted = np.flatnonzero(~away & (scores[:, 0] < self._night.settings.choice.unsure))
        unsure = self._scored("kept, but unsure", rows, scores[:, 0], doubted[np.argsort(scores[doubted, 0])])
        return [gallery for gallery in [*galleries, unsure] if gallery.count]

    def _scored(self, name: str, rows: pa.Table, scores: np.ndarray, order: np.ndarray) -> Gallery:
        shas = rows["picture"].take(pa.array(order[: self._most])).to_pylist()
        thumbs = [
            self._thumbnail(sha, f"{scores[at]:.2f}", [self._title(sha)]) for sha, at in zip(shas, order, strict=False)
        ]
        return Gallery(name, len(order), [thumb for thumb in thumbs if thumb])

    def placeholders(self) -> list[Gallery]:
        """For each retailer, the pictures that are on very many of its products."""
        by_retailer: dict[str, list[Suspect]] = {}
        for suspect in suspects(self._night):
            by_retailer.setdefault(suspect.retailer, []).append(suspect)
        return [self._suspected(retailer, found) for retailer, found in sorted(by_retailer.items())]

    def _suspected(self, retailer: str, found: list[Suspect]) -> Gallery:
        thumbs = []
        for one in found[: self._most]:
            fate = "rejected by the filter" if one.turned_away else "kept"
            thumbs.append(self._thumbnail(one.picture, f"on {one.products} products", [fate, one.picture.hex()]))
        bound = self._night.retailers[retailer].images.placeholder_products
        return Gallery(retailer, len(found), [t for t in thumbs if t], f"each on more than {bound} products")

    def garments(self) -> list[Gallery]:
        """Some garments of every category, each with all boxes of its picture."""
        rows = self._catalog.garments()
        if not rows.num_rows:
            return []
        picked = _spread(rows, "category", self._most * 2)
        boxes = self._boxes(picked["picture"].to_pylist())
        thumbs = [self._garment(row, boxes.get(row["picture"]) or []) for row in picked.to_pylist()]
        return [Gallery("by category", rows.num_rows, [thumb for thumb in thumbs if thumb])]

    def _garment(self, row: dict[str, Any], boxes: list[dict[str, Any]]) -> Thumbnail | None:
        least = self._night.settings.choice.box
        others = [_box(box["class"], box["box"], chosen=False) for box in boxes if box["score"] >= least]
        pieces = self._night.taxonomy.node(row["category"]).pieces
        cut = why(row["class"], row["score"], boxes, pieces, self._night.settings.choice)
        lines = [f"{row['category']}, decided by {row['category_source']}", cut]
        title = self._title(row["picture"]) or row["product_id"]
        return self._thumbnail(row["picture"], title, lines, [*others, _box(row["class"] or "", row["box"])])

    def disagreeing(self) -> list[Gallery]:
        """The garments whose text, picture and boxes say different things, the surest first."""
        rows = disagreeing(self._night, self._catalog)
        if not rows.num_rows:
            return []
        thumbs = [self._disagreeing(row) for row in rows.slice(0, self._most).to_pylist()]
        return [Gallery("the surest", rows.num_rows, [thumb for thumb in thumbs if thumb])]

    def _disagreeing(self, row: dict[str, Any]) -> Thumbnail | None:
        thumb = self._garment(row, row["boxes"] or [])
        if thumb is None:
            return None
        surest = sorted(row["boxes"] or (), key=lambda box: -box["score"])[:BOXES_TOLD]
        boxes = ", ".join(f"{box['class']} {box['score']:.2f}" for box in surest)
        said = [f"{name} {row[said]} {row[f'{said}_score']:.2f}"
                for name, said in (("text:", "text"), ("picture:", "depicts")) if row[said]]  # fmt: skip
        return replace(thumb, lines=[thumb.lines[0], "; ".join([*said, *[f"boxes: {boxes}"] * bool(boxes)])])

    def duplicates(self) -> list[Gallery]:
        """The largest groups of near-duplicates, with the medoid first."""
        groups = sorted(self._catalog.near_copies, key=lambda group: (-len(group.members), group.medoid))
        return [self._group(group) for group in groups[: self._most // 2]]

    def _group(self, group: NearCopies) -> Gallery:
        shown = sorted(group.members, key=lambda picture: (picture != group.medoid, picture))[:GROUP_PICTURES]
        thumbs = [self._thumbnail(sha, self._title(sha), [sha.hex()[:12]]) for sha in shown]
        note = f"{len(group.members)} pictures, at most {max(group.members.values())} bits from the medoid"
        return Gallery(f"{group.retailer} {group.medoid.hex()[:8]}", 0, [t for t in thumbs if t], note)

    def neighbours(self) -> list[Gallery]:
        """The ten nearest neighbours, from other products, of ten garments of the live version.

        No two of them are of one class while there are others.
        """
        if snapshots.current(self._night.store) is None:
            return []
        snapshot = selvedge_searcher.open(self._night.store.uri)
        rows = snapshot.garments
        if not rows.num_rows:
            return []
        numbered = rows.append_column("at", pa.array(np.arange(rows.num_rows)))
        codes = pc.unique(rows["category"])
        kinds = pa.array([self._kind(code) for code in codes.to_pylist()])
        numbered = numbered.append_column("kind", kinds.take(pc.index_in(rows["category"], codes).combine_chunks()))
        asked = _spread(numbered, "kind", QUERIES)["at"].to_pylist()
        cosines = snapshot.cosines(snapshot.vectors_of(np.array(asked)))
        return [self._neighbours(rows, likeness, at) for likeness, at in zip(cosines, asked, strict=True)]

    def _kind(self, category: str) -> str:
        """The class that shows a category most likely; of one that no class shows, its root."""
        taxonomy = self._night.taxonomy
        if category not in taxonomy:
            return category
        pieces = taxonomy.node(category).pieces
        return pieces[0][0] if pieces else (category, *taxonomy.ancestors(category))[-1]

    def _neighbours(self, rows: pa.Table, likeness: np.ndarray, at: int) -> Gallery:
        product = rows["product_id"][at]
        others = np.flatnonzero(pc.not_equal(rows["product_id"], product).to_numpy())
        if len(others) > NEIGHBOURS:
            others = others[likeness[others] >= np.partition(likeness[others], -NEIGHBOURS)[-NEIGHBOURS]]
        nearest = others[np.argsort(-likeness[others], kind="stable")[:NEIGHBOURS]]
        thumbs = []
        for place in [at, *nearest.tolist()]:
            row = rows.slice(place, 1).to_pylist()[0]
            said = row["category"] if place == at else f"{likeness[place]:.2f} {row['category']}"
            thumbs.append(self._thumbnail(row["image_sha256"], said, [], [_box(row["class"] or "", row["box"])]))
        title = self._title(rows["image_sha256"][at].as_py()) or product.as_py()
        return Gallery(title, 0, [t for t in thumbs if t])

    def _title(self, sha: bytes) -> str:
        """The title of a live product that has the picture; empty if there is none."""
        seen = self._catalog.pictures
        at = pc.index(seen["picture"], pa.scalar(sha)).as_py()
        return "" if at < 0 else self._catalog.products["title"][seen["product"][at].as_py()].as_py() or ""

    @cached_property
    def _stored(self) -> pa.Table:
        return stored_places(self._night.tables)

    def _boxes(self, shas: Iterable[bytes]) -> dict[bytes, list[dict[str, Any]]]:
        query = f"""
            select picture, boxes from {BOXES.name} where {one_of("picture", shas)}
            and function = {literal(detect_function(self._night))} and status = '{DONE}'"""  # noqa: S608
        return {row["picture"]: row["boxes"] for row in self._night.tables.sql(query, [BOXES]).to_pylist()}

    def _thumbnail(self, sha: bytes, title: str, lines: list[str], boxes: list[Box] | None = None) -> Thumbnail | None:
        place, side = place_of(self._stored, sha), self._night.settings.report.thumbnail_px
        if place is None:
            return None
        try:
            image = thumbnail(read_picture(self._night.store, place), side)
        except (PictureRefused, PictureLost):
            return None
        return Thumbnail(image, title, lines, boxes or [])


def _box(label: str, box: list[float], chosen: bool = True) -> Box:
    left, top, right, bottom = (100 * corner for corner in box)
    return Box(label, left, top, right - left, bottom - top, chosen)


def _spread(rows: pa.Table, column: str, most: int) -> pa.Table:
    """Up to `most` rows, taken in turn from each value of a column. The same rows always give the same choice."""
    order = pc.sort_indices(rows.select([column, "garment_id"]), [(column, "ascending"), ("garment_id", "ascending")])
    counts = pc.value_counts(rows[column].take(order)).field("counts").to_pylist()
    turn = np.concatenate([np.arange(0), *map(np.arange, counts)])
    return rows.take(order.take(pc.sort_indices(pa.array(turn)).slice(0, most)))
