"""Finds repeated offers of a feed: remembers the ids seen so far, in a few bytes per offer."""

from collections.abc import Iterable

import numpy as np

from schemas.rejects import Code
from udfs.feeds.offers.offers import Columns

HALF, LOW_BITS = np.uint64(32), np.uint64(0xFFFFFFFF)
LONGEST_MERGED = 1 << 18
"""Sorted runs of keys double by merging up to this size, so that memory never holds a second copy of all keys."""


class HashedKeys:
    """A set of 64-bit keys, each with 64 bits beside it or with nothing: 16 or 8 bytes a key, asked many at a time."""

    def __init__(self) -> None:
        self._runs: list[tuple[np.ndarray, np.ndarray | None]] = []
        """(N,) uint64 keys ascending, (N,) uint64 what stands beside them."""
        self.size = 0

    def lookup(self, keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(N,) uint64 keys -> (N,) bool known, (N,) uint64 what stands beside the known ones."""
        known = np.zeros(len(keys), bool)
        beside = np.zeros(len(keys), np.uint64)
        order = np.argsort(keys)  # in order, keys that follow each other are found in the same part of a run
        ascending = keys[order]
        for run, values in self._runs:
            place = np.minimum(np.searchsorted(run, ascending), len(run) - 1)
            here = run[place] == ascending
            known[order[here]] = True
            if values is not None:
                beside[order[here]] = values[place[here]]
        return known, beside

    def add(self, keys: np.ndarray, beside: np.ndarray | None = None) -> None:
        """Add keys that are not known yet, each once."""
        if not len(keys):
            return
        self.size += len(keys)
        order = np.argsort(keys)
        self._runs.append((keys[order], None if beside is None else beside[order]))
        while len(self._runs) > 1 and len(self._runs[-2][0]) <= min(len(self._runs[-1][0]), LONGEST_MERGED):
            (older, older_beside), (newer, newer_beside) = self._runs[-2:]
            merged = np.concatenate([older, newer])
            order = np.argsort(merged, kind="stable")
            both = None
            if older_beside is not None and newer_beside is not None:
                both = np.concatenate([older_beside, newer_beside])[order]
            self._runs[-2:] = [(merged[order], both)]


class SeenOffers:
    """The rules for a repeated id: a variant, the same offer again, or another product.

    Hashes stand for ids: of five million offers two ids are taken for one with a chance of one in a million.
    """

    def __init__(self) -> None:
        self._ids = HashedKeys()  # id -> 32 bits of the title, 32 bits of the line
        self._variants = HashedKeys()  # id, sizes, colour
        self._products = HashedKeys()

    @property
    def products(self) -> int:
        """Different products so far."""
        return self._products.size

    def judge(self, columns: Columns) -> None:
        """Put code and detail at each offer of a batch that is rejected; offers that have a code are passed over."""
        ids, variants = _hashes(columns["offer_id"]), _variant_hashes(columns)
        titles = _hashes(columns["title"]) & LOW_BITS
        known, beside = self._ids.lookup(ids)
        codes, lines = columns["code"], columns["line"]
        if not known.any() and len(np.unique(ids)) == len(codes) == codes.count(None):
            self._ids.add(ids, titles << HALF | np.array(lines, np.uint64) & LOW_BITS)
            self._variants.add(variants)
            self._count_products(columns)
            return
        known_variant, _ = self._variants.lookup(variants)
        fresh: dict[int, int] = {}
        fresh_variants: set[int] = set()
        every = [column.tolist() for column in (ids, titles, variants, known, known_variant)]
        for place, (identity, title, variant, is_known, is_known_variant) in enumerate(zip(*every, strict=True)):
            if codes[place] is not None:
                continue
            first = int(beside[place]) if is_known else fresh.get(identity)
            if first is None:
                fresh[identity] = title << 32 | lines[place] & 0xFFFFFFFF
            elif first >> 32 != title:
                _reject(
                    columns, place, Code.OFFER_ID_REUSED, f"belongs to another product in line {first & 0xFFFFFFFF}"
                )
                continue
            elif is_known_variant or variant in fresh_variants:
                _reject(columns, place, Code.OFFER_DUPLICATE_ID, f"was already used in line {first & 0xFFFFFFFF}")
                continue
            if not is_known_variant:
                fresh_variants.add(variant)
        self._ids.add(_array(fresh), _array(fresh.values()))
        self._variants.add(_array(fresh_variants))
        self._count_products(columns)

    def _count_products(self, columns: Columns) -> None:
        used = np.array([code is None for code in columns["code"]], bool)
        keys = np.unique(_hashes(columns["product_id"])[used])
        known, _ = self._products.lookup(keys)
        self._products.add(keys[~known])


def _hashes(values: Iterable[object]) -> np.ndarray:
    """(N,) uint64, one of each value."""
    return np.fromiter(map(hash, values), np.int64).view(np.uint64)


def _variant_hashes(columns: Columns) -> np.ndarray:
    """(N,) uint64 of what tells variants apart: id, sizes and colour."""
    told_apart = zip(columns["offer_id"], columns["colour"], columns["sizes"], strict=True)
    return _hashes((identity, colour, *(sizes or ())) for identity, colour, sizes in told_apart)


def _array(keys: object) -> np.ndarray:
    return np.fromiter(keys, np.uint64)  # type: ignore[call-overload]


def _reject(columns: Columns, place: int, code: Code, says: str) -> None:
    name, line = columns["offer_id"][place][:40], columns["line"][place]
    columns["code"][place] = code
    columns["detail"][place] = f"line {line}: the id {name!r} {says}; the shop has to give each offer its own id"
