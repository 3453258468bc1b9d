"""Which class a product's pictures show, for many products at once: the rule of `udfs.rules.category.shown`."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from schemas.settings import ChoiceSettings


def votes_of(pictures: pa.Table, choice: ChoiceSettings) -> pa.ChunkedArray:
    """The class that each picture shows; null where it shows none, or several.

    pictures: depicts, depicts_score, boxes.
    """
    sure = _at_least(pictures["depicts_score"], choice.image)
    depicts = pc.if_else(sure, pictures["depicts"], pa.scalar(None, pa.string()))
    return pc.coalesce(depicts, _of_boxes(pictures["boxes"].combine_chunks(), choice.image))


def _at_least(scores: pa.ChunkedArray | pa.Array, least: float) -> pa.ChunkedArray | pa.Array:
    return pc.greater_equal(pc.fill_null(scores.cast(pa.float64()), 0.0), least)


def _of_boxes(lists: pa.Array, least: float) -> pa.Array:
    """The class of the boxes of each picture, where all are of one class."""
    boxes = lists.flatten()
    rows = pa.table({"picture": pc.list_parent_indices(lists), "class": pc.fill_null(boxes.field("class"), "")})
    rows = rows.filter(_at_least(boxes.field("score"), least))
    kinds = rows.group_by("picture").aggregate([("class", "min"), ("class", "max")])
    same = pc.and_(pc.equal(kinds["class_min"], kinds["class_max"]), pc.not_equal(kinds["class_min"], ""))
    kinds = kinds.filter(same)
    return kinds["class_min"].take(pc.index_in(pa.array(np.arange(len(lists))), kinds["picture"].cast(pa.int64())))


def shown_by_product(products: pa.ChunkedArray, votes: pa.ChunkedArray) -> tuple[pa.Array, pa.Array]:
    """Products, each once, and the class that most of their pictures show; null where no class has half of the votes.

    products: of each picture. votes: its class or null.
    """
    every = pc.unique(products)
    counted = (
        pa.table({"product": products, "vote": votes}).group_by(["product", "vote"]).aggregate([([], "count_all")])
    )
    counted = counted.filter(counted["vote"].is_valid())
    counted = counted.sort_by([("product", "ascending"), ("count_all", "descending"), ("vote", "ascending")])
    of, counts = counted["product"].to_numpy(), counted["count_all"].to_numpy()
    first = np.flatnonzero(np.diff(of, prepend=-1))
    total = np.add.reduceat(counts, first) if len(first) else counts
    won = first[2 * counts[first] >= total]
    places = pc.index_in(every, pa.array(of[won], every.type)).cast(pa.int64())
    return every, counted["vote"].take(pa.array(won)).take(places)
