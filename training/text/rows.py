"""Rows of text as matrices: which features count, what each row should answer, and how much it counts."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix

from training.text.data import Row
from udfs.text.classify import UNSAID
from udfs.text.features import KINDS, Found, found
from udfs.text.gender import GENDERS
from udfs.text.language import ANSWERS as LANGUAGE_ANSWERS
from udfs.text.lexicon import Lexicon
from udfs.text.model import valued

GENDER_ANSWERS = (*GENDERS, UNSAID)
CHUNK = 4000


@dataclass(frozen=True)
class Vocabulary:
    """Features that count: keys uint64 (F,), sorted, their inverse document frequency float32 (F,), kinds int8 (F,)."""

    keys: np.ndarray
    idf: np.ndarray
    kinds: np.ndarray


def features(rows: Sequence[Row], lexicon: Lexicon) -> Found:
    """Features of many rows."""
    parts = []
    for first in range(0, len(rows), CHUNK):
        part = found([row.text for row in rows[first : first + CHUNK]], lexicon)
        parts.append(Found(part.row + first, part.key, part.count, part.kind))
    return Found(*(np.concatenate([getattr(part, name) for part in parts]) for name in ("row", "key", "count", "kind")))


def vocabulary(features: Found, rows: int, least: int) -> Vocabulary:
    """Features that at least `least` rows have (names of the lexicon: at least one)."""
    keys, place, counts = np.unique(features.key, return_index=True, return_counts=True)
    kept = (counts >= least) | (features.kind[place] == KINDS.index("name"))
    idf = 1 + np.log((1 + rows) / (1 + counts[kept]))
    return Vocabulary(keys[kept], idf.astype(np.float32), features.kind[place][kept])


def matrix(features: Found, rows: int, vocabulary: Vocabulary) -> csr_matrix:
    """(N, F) values, as the model computes them."""
    sparse = valued(features, rows, vocabulary.keys, vocabulary.idf)
    return csr_matrix((sparse.values, sparse.index, sparse.starts), shape=(rows, len(vocabulary.keys)))


def one_hot(answers: Sequence[str], names: Sequence[str]) -> np.ndarray:
    """(N, K) float32, a one in the column of each row's answer."""
    place = {name: column for column, name in enumerate(names)}
    target = np.zeros((len(answers), len(names)), dtype=np.float32)
    target[np.arange(len(answers)), [place[answer] for answer in answers]] = 1
    return target


def language_of(row: Row) -> str:
    """The language as the table names it."""
    return row.language if row.language in LANGUAGE_ANSWERS else "other"
