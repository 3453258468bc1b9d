"""Products with several photos: what the embedding learns sameness from."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from training.data.tables import read_rows

SAME_COLOUR = 0.4
"""Views whose colours are less like the first one's show another colour or a detail: they are left out."""


@dataclass(frozen=True)
class View:
    """One photo of a product; the first one is what a shop shows."""

    path: Path
    source: str
    product: str
    first: bool


def read_views(folder: Path) -> list[View]:
    """The views of a catalog folder that may be trusted, in the order of its table."""
    likeness = {
        row["file"]: float(row["colour_similarity_to_view_1"]) for row in read_rows(folder / "views_colour.tsv")
    }
    views = []
    for row in read_rows(folder / "views.tsv"):
        if likeness.get(row["file"], 1.0) >= SAME_COLOUR:
            product = f"{row['source']}/{row['product_id']}"
            views.append(View(folder / "images" / row["file"], row["source"], product, row["file"] not in likeness))
    return views


@dataclass(frozen=True)
class Recall:
    """Whether the product's first view is among the nearest 1, 5 and 10 of all first views, a row a query."""

    hits: np.ndarray
    """bool [Q, 10]: the n-th nearest is of the query's product."""
    sources: list[str]

    def at(self, count: int) -> float:
        """Share of queries whose product is among the nearest `count`."""
        return float(self.hits[:, :count].any(axis=1).mean())


def recall(vectors: np.ndarray, views: Sequence[View], queried: np.ndarray) -> Recall:
    """Look for each further view in `queried` (bool [N]) among the first views of all products, by cosine."""
    first = np.array([view.first for view in views])
    products = np.array([view.product for view in views])
    shown, asked = np.flatnonzero(first), np.flatnonzero(~first & queried)
    units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    nearest = np.argsort(-(units[asked] @ units[shown].T), axis=1, kind="stable")[:, :10]
    hits = products[shown][nearest] == products[asked][:, None]
    return Recall(hits, [views[row].source for row in asked.tolist()])
