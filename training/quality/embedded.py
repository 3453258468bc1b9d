"""Figures of the embedding: views of a product, kinds of single garments, worn photos."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from training.data.labelled import Kind
from training.data.pairs import Pair, read_pairs
from training.data.tables import pixels_of, read_picture, read_rows
from training.data.views import View, read_views, recall
from training.embed.measures import NEAREST, clustered, ndcg, nearest_others, precision, rank_of_own
from training.quality.asked import CHUNK, Asked, garments_of
from udfs.pictures.crops import WHOLE, crop
from udfs.pictures.detect import Detection, detect
from udfs.pictures.embed import embed
from udfs.runtime.models import Model, load, promoted

Cut = tuple[Path, Sequence[float]]
"""A file, and the box of it that is embedded."""


def vectors_of(cuts: Sequence[Cut], model: Model) -> np.ndarray:
    """Unit vectors [N, D] of what lies in the boxes."""
    found = [embed([], model).embedding]
    for start in range(0, len(cuts), CHUNK):
        crops = [crop(read_picture(path), box, model.description.side) for path, box in cuts[start : start + CHUNK]]
        found.append(embed(crops, model).embedding)
    return np.concatenate(found)


def score_embed(asked: Asked) -> dict[str, Any]:
    """Of folders of products, of single garments and of worn pairs whatever is there; whole pictures are embedded.

    `recall_at_1`, `_5`, `_10`: a further view finds its product's first view, among those of all folders.
    `class_precision_at_5`, `colour_precision_at_5`, `ndcg_at_5`: the nearest other garments are of the same kind.
    `worn_recall_at_1`, `_5`: a worn garment, cut by the promoted detector, finds its product photo among the first
    views of all folders. Intervals are over products, of single garments over senders.
    """
    views = [view for folder in asked.of_kind(Kind.CATALOG) for view in read_views(folder)]
    pairs = [pair for folder in asked.of_kind(Kind.PAIRS) for pair in read_pairs(folder)]
    garments = [picture for picture in garments_of(asked) if pixels_of(picture.path) is not None]
    queried, single, worn = asked.known(views), asked.known(garments), asked.known(pairs)
    further = [view for view in queried if not view.first]
    if not (further or len(single) > NEAREST or worn):
        raise asked.useless("view of a product")
    vectors = vectors_of([(view.path, WHOLE) for view in views], asked.model)
    found: dict[str, Any] = {}
    if further:
        found |= _views(vectors, views, set(queried))
    if len(single) > NEAREST:
        colours = _colours(asked)
        labels = np.array([picture.label for picture in single])
        painted = np.array([colours.get(picture.path, "") for picture in single])
        whole = vectors_of([(picture.path, WHOLE) for picture in single], asked.model)
        found |= kinds(whole, labels, painted, [picture.group for picture in single])
    if worn:
        found |= _worn(asked.model, worn, views, vectors)
    trained_on = len(views) + len(garments) + len(pairs) - len(queried) - len(single) - len(worn)
    return {**found, "left_out": {"trained_on": trained_on}}


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
        return {f"{name}_{count}": clustered(hits[rows, :count].any(axis=1), named) for count in counts}

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


def _colours(asked: Asked) -> dict[Path, str]:
    return {
        folder / "images" / row["file"]: row.get("colour", "")
        for folder in asked.of_kind(Kind.GARMENTS)
        for row in read_rows(folder / "index.tsv")
    }


def _worn(model: Model, pairs: Sequence[Pair], views: Sequence[View], vectors: np.ndarray) -> dict[str, Any]:
    worn = {pair.path for pair in pairs}
    shown = [row for row, view in enumerate(views) if view.first and view.path.resolve() not in worn]
    there = {views[row].path.resolve() for row in shown}
    alone = {pair.alone: pair.product for pair in pairs if pair.alone not in there}
    gallery = np.concatenate((vectors[shown], vectors_of([(path, WHOLE) for path in alone], model)))
    products = np.array([views[row].product for row in shown] + list(alone.values()))
    queries = vectors_of(worn_cuts(pairs, load(promoted("detect", model.folder.parents[1]))), model)
    asked = [pair.product for pair in pairs]
    rank = rank_of_own(queries @ gallery.T, products[None, :] == np.array(asked)[:, None])
    hits = np.stack([rank <= place for place in range(NEAREST)], axis=1)
    return by_source("worn_recall_at", hits, [pair.source for pair in pairs], asked, (1, NEAREST))


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
