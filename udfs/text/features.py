"""Texts to sparse rows of hashed features: character n-grams, words and pairs of words, and what the lexicon names.

All n-grams of a batch are hashed at once: with a prefix sum of letters times powers of an odd number, the hash of any
stretch is one subtraction and one product modulo 2**64. A row's numbers do not depend on the rows beside it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np

from udfs.text.garment_sold import DOUBT, settled
from udfs.text.gender import named
from udfs.text.lexicon import Lexicon
from udfs.text.normalise import plain, words

TITLE_LIMIT, DESCRIPTION_LIMIT, PATH_LIMIT = 300, 500, 300
"""Characters read of each field; what is sold is named early."""

OPENING_LIMIT = 160
"""Characters of a description in which the lexicon looks: later sentences name what goes with it."""

REVISION = 2
"""Raised by hand when the same text gets other features. Weights of a revision that is no longer read are refused."""

NGRAMS = (2, 3, 4, 5)
WORD_LIMIT = 400
_BASE = np.uint64(0x9E3779B97F4A7C15)
_INVERSE = np.uint64(pow(0x9E3779B97F4A7C15, -1, 2**64))
_SPACE = ord(" ")


@dataclass(frozen=True)
class Text:
    """What the classifier reads of one product, as the shop wrote it."""

    title: str = ""
    description: str = ""
    brand: str = ""
    category_path: Sequence[str] = ()


@dataclass(frozen=True)
class Found:
    """Features found in a batch, one entry a feature and row (R entries), ordered by row, then key.

    row int64 (R,), key uint64 (R,), count int64 (R,): how often; kind int8 (R,): place in `KINDS`.
    """

    row: np.ndarray
    key: np.ndarray
    count: np.ndarray
    kind: np.ndarray


KINDS = ("title", "description", "path", "name")
"""Where a feature comes from. Values are scaled to unit length within a kind, but those of the lexicon, which are 1."""


def name_key(name: str) -> int:
    """The 64-bit key of a feature that has a name."""
    return int.from_bytes(blake2b(name.encode(), digest_size=8).digest(), "little")


_DOUBT = name_key(DOUBT)
_SALTS = {name: np.uint64(name_key(name)) for name in (*KINDS, "pair")}


def found(texts: Sequence[Text], lexicon: Lexicon) -> Found:
    """Every feature of every text. A text without a word has none."""
    titles, descriptions, paths, names = [], [], [], []
    for text in texts:
        title = plain(text.title, TITLE_LIMIT)
        description = plain(text.description, DESCRIPTION_LIMIT)
        path = [plain(step, PATH_LIMIT) for step in text.category_path if step]
        last = path[-1] if path else ""
        titles.append(words(without_brand(title, plain(text.brand, TITLE_LIMIT)) + " " + last))
        descriptions.append(words(description))
        paths.append(words(" ".join(path)))
        names.append(_named(lexicon, title, description, path))
    parts = [
        _stretches(titles, 0, ngrams=NGRAMS),
        _stretches(descriptions, 1, ngrams=()),
        _stretches(paths, 2, ngrams=()),
        _names(names),
    ]
    return _merged([np.concatenate(column) for column in zip(*parts, strict=True)])


def doubtful(features: Found, rows: int) -> np.ndarray:
    """Which of the rows name several garments and leave open which is sold, bool (N,)."""
    return np.isin(np.arange(rows), features.row[features.key == np.uint64(_DOUBT)])


def without_brand(title: str, brand: str) -> str:
    """A plain title less the brand it begins with: who made it does not say what it is."""
    if brand and title.startswith(brand + " "):
        return title[len(brand) :]
    return title


def _named(lexicon: Lexicon, title: str, description: str, path: Sequence[str]) -> list[int]:
    """Keys of the garment names and genders that each field of a text holds."""
    steps, opening = " ".join(path), description[:OPENING_LIMIT]
    titled, opened = lexicon.read(title, opening)
    features = settled(titled, opened)
    features += [f"title {feature}" for feature in titled.evidence()]
    features += [f"opening {feature}" for feature in opened.evidence()]
    for place, step in zip(["path"] * (len(path) - 1) + ["step"], path, strict=False):
        features += [f"{place} {feature}" for named in lexicon.read(step) for feature in named.evidence()]
    for place, text in (("title", title), ("opening", opening), ("path", steps)):
        gender = named(text)
        features += [f"{place} for {gender}"] if gender else []
    return [name_key(feature) for feature in sorted(set(features))]


def _names(names: Sequence[Sequence[int]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rows = np.repeat(np.arange(len(names)), [len(keys) for keys in names])
    keys = np.array([key for keys in names for key in keys], dtype=np.uint64)
    return rows, keys, np.full(len(keys), 3, dtype=np.int8)


def _stretches(texts: Sequence[Sequence[str]], kind: int, ngrams: Sequence[int]) -> tuple[np.ndarray, ...]:
    """Rows, keys and kinds of words, pairs of words and n-grams within a word (its two bounds count as letters)."""
    spaced = [f" {' '.join(text[:WORD_LIMIT])} " for text in texts]
    letters = np.frombuffer("".join(spaced).encode("utf-32-le"), dtype=np.uint32)
    row_of = np.repeat(np.arange(len(texts)), [len(text) for text in spaced])
    hashes = _Hashes(letters)
    space = letters == _SPACE
    starts = np.flatnonzero(space[:-1] & ~space[1:]) + 1
    ends = np.flatnonzero(~space[:-1] & space[1:]) + 1
    salt = _SALTS[KINDS[kind]]
    rows, keys = [row_of[starts]], [hashes.between(starts - 1, ends + 1) ^ salt]
    if len(starts) > 1:
        same = row_of[starts[:-1]] == row_of[starts[1:]]
        rows.append(row_of[starts[:-1]][same])
        keys.append(hashes.between(starts[:-1], ends[1:])[same] ^ salt ^ _SALTS["pair"])
    before = np.concatenate([[0], np.cumsum(space)])
    for size in ngrams:
        first = np.arange(max(len(letters) - size + 1, 0))
        inside = before[first + size - 1] == before[first + 1]
        first = first[inside & ~(space[first] & space[first + size - 1])]
        rows.append(row_of[first])
        keys.append(hashes.between(first, first + size) ^ salt)
    row = np.concatenate(rows)
    return row, np.concatenate(keys), np.full(len(row), kind, dtype=np.int8)


class _Hashes:
    """Hashes of stretches of letters, by a prefix sum: equal letters give equal hashes wherever they stand."""

    def __init__(self, letters: np.ndarray) -> None:
        powers = np.cumprod(np.concatenate([[np.uint64(1)], np.full(len(letters), _BASE)]))
        self._inverse = np.cumprod(np.concatenate([[np.uint64(1)], np.full(len(letters), _INVERSE)]))
        self._sums = np.concatenate([[np.uint64(0)], np.cumsum(letters.astype(np.uint64) * powers[:-1])])

    def between(self, start: np.ndarray, end: np.ndarray) -> np.ndarray:
        return _mixed((self._sums[end] - self._sums[start]) * self._inverse[start])


def _mixed(keys: np.ndarray) -> np.ndarray:
    """Every bit of the key depends on all of the hash (the finaliser of splitmix64)."""
    keys = (keys ^ (keys >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    keys = (keys ^ (keys >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return keys ^ (keys >> np.uint64(31))


def _merged(columns: Sequence[np.ndarray]) -> Found:
    """Equal features of a row become one entry with a count."""
    row, key, kind = columns
    order = np.lexsort((key, row))
    row, key, kind = row[order], key[order], kind[order]
    new = np.ones(len(row), dtype=bool)
    new[1:] = (row[1:] != row[:-1]) | (key[1:] != key[:-1])
    first = np.flatnonzero(new)
    count = np.diff(np.append(first, len(row)))
    return Found(row[first], key[first], count, kind[first])
