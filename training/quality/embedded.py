"""`models score embed`: what of the folders counts, and its figures."""

from typing import Any

from training.data.labelled import Kind
from training.data.pairs import read_pairs
from training.data.tables import pixels_of
from training.data.views import read_views
from training.embed.codes import Looked, code_figures
from training.embed.figures import Counted, colours_of, figures
from training.quality.asked import Asked, garments_of
from udfs.runtime.models import load, promoted

IGNORED = "ignore"
"""The label of single garments that are of no class."""


def score_embed(asked: Asked) -> dict[str, Any]:
    """Of folders of products, of single garments and of worn pairs whatever is there; whole pictures are embedded.

    `recall_at_1`, `_5`, `_10`: a further view finds its product's first view, among those of all folders.
    `class_precision_at_5`, `colour_precision_at_5`, `ndcg_at_5`: the nearest other garments are of the same kind.
    `worn_recall_at_1`, `_5`: a worn garment, cut by the promoted detector, finds its product photo among the first
    views of all folders. Intervals are over products, of single garments over senders. What the codes give alone is in
    `training.embed.codes`.
    """
    views = [view for folder in asked.of_kind(Kind.CATALOG) for view in read_views(folder)]
    pairs = [pair for folder in asked.of_kind(Kind.PAIRS) for pair in read_pairs(folder)]
    named = [picture for picture in garments_of(asked) if picture.label != IGNORED]
    garments = [picture for picture in named if pixels_of(picture.path) is not None]
    rows = Counted(views, set(asked.known(views)), asked.known(garments), colours_of(asked.folders), asked.known(pairs))
    if not rows.any():
        raise asked.useless("view of a product")
    detector = load(promoted("detect", asked.model.folder.parents[1])) if rows.worn else None
    looked = Looked(asked.model)
    found = figures(rows, looked, detector) | code_figures(rows, looked)
    trained_on = len(views) + len(garments) + len(pairs) - len(rows.queried) - len(rows.single) - len(rows.worn)
    return {**found, "left_out": {"trained_on": trained_on}}
