"""Figures of the embedding: views of a product, kinds of single garments, worn photos."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from training.data.labelled import Kind, Picture, kind_of
from training.data.pairs import Pair
from training.data.tables import read_picture, read_rows
from training.data.views import View, recall
from training.embed.measures import NEAREST, clustered, ndcg, nearest_others, precision, rank_of_own
from udfs.pictures.crops import WHOLE, crop
from udfs.pictures.detect import Detection, detect
from udfs.pictures.embed import Embedded, embed
from udfs.runtime.models import Model

CHUNK = 64
"""Pictures decoded at once: memory stays flat."""
Cut = tuple[Path, Sequence[float]]
"""A file, and the box of it that is embedded."""


def vectors_of(cuts: Sequence[Cut], model: Model) -> np.ndarray:
    """Unit vectors [N, D] of what lies in the boxes."""
    return embedded_of(cuts, model).embedding


def embedded_of(cuts: Sequence[Cut], model: Model) -> Embedded:
    """Unit vectors [N, D] of what lies in the boxes, and their codes."""
    found = [embed([], model)]
    for start in range(0, len(cuts), CHUNK):
        crops = [crop(read_picture(path), box, model.description.side) for path, box in cuts[start : start + CHUNK]]
        found.append(embed(crops, model))
    shape = [code for part in found for code in part.shape_code]
    colour = [code for part in found for code in part.colour_code]
    return Embedded(np.concatenate([part.embedding for part in found]), shape, colour)


@dataclass(frozen=True)
class Counted:
    """What counts: further views in `queried` are looked for among the first of all `views`."""

    views: Sequence[View]
    queried: set[View]
    single: Sequence[Picture]
    colours: Mapping[Path, str]
    worn: Sequence[Pair]

    def any(self) -> bool:
        """Whether there is anything to count."""
        return bool(self.worn) or len(self.single) > NEAREST or any(not view.first for view in self.queried)


def figures(rows: Counted, embedded: Callable[[Sequence[Cut]], np.ndarray], detector: Model | None) -> dict[str, Any]:
    """The figures of `score_embed`; `embedded` gives unit vectors [N, D] of N cuts."""
    vectors = embedded([(view.path, WHOLE) for view in rows.views])
    found: dict[str, Any] = {}
    if any(not view.first for view in rows.queried):
        found |= _views(vectors, rows.views, rows.queried)
    if len(rows.single) > NEAREST:
        labels = np.array([picture.label for picture in rows.single])
        painted = np.array([rows.colours.get(picture.path, "") for picture in rows.single])
        whole = embedded([(picture.path, WHOLE) for picture in rows.single])
        found |= kinds(whole, labels, painted, [picture.group for picture in rows.single])
    if rows.worn and detector:
        found |= _worn(rows, vectors, embedded, detector)
    return found


def _views(vectors: np.ndarray, views: Sequence[View], queried: set[View]) -> dict[str, Any]:
    asked_for = np.array([view in queried for view in views])
    found = recall(vectors, views, asked_for)
    products = [view.product for view, asks in zip(views, asked_for, strict=True) if asks and not view.first]
    return by_source("recall_at", found.hits, found.sources, products, (1, 5, 10))


def by_source(
    name: str, hits: np.ndarray, sources: Sequence[str], products: Sequence[str], counts: Sequence[int]
) -> dict[str, Any]:
    """`<name>_<count>` over all queries and `<name>_by_source`; `hits` bool [Q, K]: the n-th nearest is right."""
    every = np.array(sources)

    def figures(rows: np.ndarray) -> dict[str, Any]:
        named = [products[row] for row in rows.tolist()]
        return {f"{name}_{count}": clustered(np.asarray(hits[rows, :count].any(axis=1)), named) for count in counts}

    each = {source: figures(np.flatnonzero(every == source)) for source in sorted(set(sources))}
    return {**figures(np.arange(len(hits))), f"{name}_by_source": each}


def kinds(vectors: np.ndarray, classes: np.ndarray, colours: np.ndarray, groups: Sequence[str]) -> dict[str, Any]:
    """How many of the five nearest other garments are of the same class, and of those with a colour, of the same."""
    nearest = nearest_others(vectors)
    right = precision(nearest, classes)
    rows = {name: np.flatnonzero(classes == name) for name in sorted(set(classes.tolist()))}
    found = {
        "class_precision_at_5": clustered(right, groups),
        "class_precision_by_class": {
            name: clustered(right[row], [groups[place] for place in row.tolist()]) for name, row in rows.items()
        },
        "ndcg_at_5": clustered(ndcg(nearest, classes, colours), groups),
    }
    painted = np.flatnonzero(colours != "")
    if len(painted) > NEAREST:
        alike = precision(nearest_others(vectors[painted]), colours[painted])
        found["colour_precision_at_5"] = clustered(alike, [groups[row] for row in painted.tolist()])
    return found


def colours_of(folders: Sequence[Path]) -> dict[Path, str]:
    """The colour of single garments whose folder names one."""
    return {
        folder / "images" / row["file"]: row.get("colour", "")
        for folder in folders
        if kind_of(folder) is Kind.GARMENTS
        for row in read_rows(folder / "index.tsv")
    }


def _worn(
    rows: Counted, vectors: np.ndarray, embedded: Callable[[Sequence[Cut]], np.ndarray], detector: Model
) -> dict[str, Any]:
    worn = {pair.path for pair in rows.worn}
    shown = [row for row, view in enumerate(rows.views) if view.first and view.path.resolve() not in worn]
    there = {rows.views[row].path.resolve() for row in shown}
    alone = {pair.alone: pair.product for pair in rows.worn if pair.alone not in there}
    gallery = np.concatenate((vectors[shown], embedded([(path, WHOLE) for path in alone]))) if alone else vectors[shown]
    products = np.array([rows.views[row].product for row in shown] + list(alone.values()))
    asked = [pair.product for pair in rows.worn]
    likeness = embedded(worn_cuts(rows.worn, detector)) @ gallery.T
    rank = rank_of_own(likeness, products[None, :] == np.array(asked)[:, None])
    hits = np.stack([rank <= place for place in range(NEAREST)], axis=1)
    return by_source("worn_recall_at", hits, [pair.source for pair in rows.worn], asked, (1, NEAREST))


def worn_cuts(pairs: Sequence[Pair], detector: Model) -> list[Cut]:
    """Of each worn photo the best box of the class that is seen on the garment's own photo, as `encode` cuts it.

    Where that class is not seen: the best box; where nothing is: the whole photo.
    """
    floor = float(detector.description.thresholds["score"])
    cuts: list[Cut] = []
    for pair in pairs:
        alone, worn = detect([read_picture(pair.alone), read_picture(pair.path)], detector)
        seen = [garment for garment in worn if garment.score >= floor]
        named = [garment for garment in seen if alone and garment.name == alone[0].name]
        best: list[Detection] = named or seen
        cuts.append((pair.path, best[0].box if best else WHOLE))
    return cuts
