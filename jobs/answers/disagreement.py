"""Garments whose text, picture and boxes say different things: one of them is wrong, or the shop's data are."""

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from jobs.engine.night import Night
from jobs.live.catalog import Catalog
from jobs.live.functions import classify_function, detect_function, screen_function
from jobs.live.stored import stored
from schemas.settings import ChoiceSettings
from schemas.tables import BOXES, SCREENS, TEXTS
from udfs.pictures.detect import CLASSES
from udfs.rules.taxonomy import Taxonomy


def disagreeing(night: Night, catalog: Catalog) -> pa.Table:
    """The garments that disagree, the surest first: `jobs.live.catalog.Catalog.garments` and what each source says.

    `text`, `text_score`, `depicts`, `depicts_score`, `boxes`; null where it says nothing that is sure enough to count.
    """
    rows, choice = catalog.garments(), night.settings.choice
    products = catalog.products.select(["product_id", "text_key"])
    keys = products["text_key"].take(pc.index_in(rows["product_id"], products["product_id"]))
    texts = stored(night, TEXTS, ("leaf", "probability"), "text_key", classify_function(night), keys)
    screens = stored(night, SCREENS, ("depicts", "depicts_score"), "picture", screen_function(night), rows["picture"])
    boxes = stored(night, BOXES, ("boxes",), "picture", detect_function(night), rows["picture"])["boxes"]
    columns = {
        "text": _sure(texts["leaf"], texts["probability"], choice.text),
        "text_score": texts["probability"],
        "depicts": _sure(screens["depicts"], screens["depicts_score"], choice.image),
        "depicts_score": screens["depicts_score"],
        "boxes": boxes,
    }
    for name, column in columns.items():
        rows = rows.append_column(name, column)
    bits = {name: 1 << at for at, name in enumerate(_classes(night.taxonomy))}
    text = _mask(rows["text"], {code: _together(shows(night.taxonomy, code), bits) for code in night.taxonomy.nodes})
    picture, box = _mask(rows["depicts"], bits), _of_boxes(boxes, choice, bits)
    differ = disagree(text, picture, box, _together(CLASSES, bits))
    said = [pc.fill_null(pc.if_else(rows[name].is_valid(), rows[f"{name}_score"], 0.0), 0.0).to_numpy()
            for name in ("text", "depicts")]  # fmt: skip
    order = np.flatnonzero(differ)
    order = order[np.argsort(-(said[0] + said[1])[order], kind="stable")]
    return rows.take(pa.array(order))


def shows(taxonomy: Taxonomy, code: str) -> set[str]:
    """Classes of picture and of box that may show a category."""
    return {*taxonomy.image_classes(code), *(name for piece in taxonomy.node(code).pieces for name in piece)}


def disagree(text: np.ndarray, picture: np.ndarray, box: np.ndarray, found: int) -> np.ndarray:
    """bool (N,): two of the three say something, and nothing in common.

    Each int64 (N,) has a bit for each class that the source allows, 0 where it says nothing. found: the classes that
    can have a box; what can have none is not missed.
    """
    apart: np.ndarray = (text != 0) & (picture != 0) & (text & picture == 0)
    for other in (text, picture):
        apart |= (box != 0) & (other & found != 0) & (other & box == 0)
    return apart


def _classes(taxonomy: Taxonomy) -> Sequence[str]:
    named = (name for code in taxonomy.nodes for name in shows(taxonomy, code))
    return sorted({*named, *CLASSES})


def _sure(said: pa.ChunkedArray, score: pa.ChunkedArray, least: float) -> pa.ChunkedArray:
    return pc.if_else(pc.fill_null(pc.greater_equal(score, least), False), said, pa.scalar(None, pa.string()))


def _together(names: Sequence[str] | set[str], bits: Mapping[str, int]) -> int:
    return sum({bits[name] for name in names})


def _mask(said: pa.ChunkedArray, masks: Mapping[str, int]) -> np.ndarray:
    """int64 (N,); 0 for null and for what has no mask."""
    names = pa.array([*masks], pa.string())
    values = pa.array([*masks.values()], pa.int64())
    return np.asarray(pc.fill_null(values.take(pc.index_in(said, names).combine_chunks()), 0))


def _of_boxes(boxes: pa.ChunkedArray, choice: ChoiceSettings, bits: Mapping[str, int]) -> np.ndarray:
    """int64 (N,): the classes of the boxes that may be a garment, of pictures in which one is sure; 0 of others."""
    lists = boxes.combine_chunks()
    flat, parents = pc.list_flatten(lists), pc.list_parent_indices(lists).to_numpy()
    score = pc.fill_null(flat.field("score"), 0.0).to_numpy(zero_copy_only=False)
    classes = _mask(pa.chunked_array([flat.field("class")]), bits)
    found, sure = np.zeros(len(lists), np.int64), np.zeros(len(lists), bool)
    sure[parents[score >= choice.image]] = True
    likely = score >= choice.box_unsure
    np.bitwise_or.at(found, parents[likely], classes[likely])
    return np.where(sure, found, 0)
