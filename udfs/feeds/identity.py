"""Which offers of a feed are the same offer again: ids seen so far, in a few bytes an offer."""

from collections.abc import Sequence

import numpy as np

from schemas.rejects import Code
from udfs.feeds.offer import Offer

LONGEST_MERGED = 1 << 19
"""Sorted runs of keys double by merging up to this size, so that memory never holds a second copy of all keys."""


class HashedKeys:
    """A set of 64-bit keys, each with 64 bits beside it: 16 bytes a key, asked many at a time."""

    def __init__(self) -> None:
        self._runs: list[
            tuple[np.ndarray, np.ndarray]
        ] = []  # (N,) uint64 keys ascending, (N,) uint64 what stands beside
        self.size = 0

    def lookup(self, keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(N,) uint64 keys -> (N,) bool known, (N,) uint64 what stands beside the known ones."""
        known = np.zeros(len(keys), bool)
        beside = np.zeros(len(keys), np.uint64)
        for run, values in self._runs:
            place = np.minimum(np.searchsorted(run, keys), len(run) - 1)
            here = run[place] == keys
            known |= here
            beside[here] = values[place[here]]
        return known, beside

    def add(self, keys: np.ndarray, beside: np.ndarray) -> None:
        """Add keys that are not known yet, each once."""
        if not len(keys):
            return
        self.size += len(keys)
        order = np.argsort(keys)
        self._runs.append((keys[order], beside[order]))
        while len(self._runs) > 1 and len(self._runs[-2][0]) <= min(len(self._runs[-1][0]), LONGEST_MERGED):
            (older, older_beside), (newer, newer_beside) = self._runs[-2:]
            merged = np.concatenate([older, newer])
            order = np.argsort(merged, kind="stable")
            self._runs[-2:] = [(merged[order], np.concatenate([older_beside, newer_beside])[order])]


class SeenOffers:
    """The rules for an id that comes again: a variant, the same offer, or another product.

    Hashes stand for ids, so two ids of a feed of five million offers are taken for one with a chance of one in a million.
    """

    def __init__(self) -> None:
        self._ids = HashedKeys()  # id -> 32 bits of the title, 32 bits of the line
        self._variants = HashedKeys()  # id, sizes, colour
        self._products = HashedKeys()

    @property
    def products(self) -> int:
        """Different products so far."""
        return self._products.size

    def judge(self, offers: Sequence[Offer]) -> list[tuple[Code, str] | None]:
        """For each offer in the feed's order: why it is rejected, or None. Offers with a code of their own are passed over."""
        ids, titles, variants = _hashes(offers)
        known, beside = self._ids.lookup(ids)
        known_variant, _ = self._variants.lookup(variants)
        fresh: dict[int, int] = {}
        fresh_variants: set[int] = set()
        verdicts: list[tuple[Code, str] | None] = []
        for place, offer in enumerate(offers):
            verdicts.append(None)
            if offer.code is not None:
                continue
            identity, variant = int(ids[place]), int(variants[place])
            first = int(beside[place]) if known[place] else fresh.get(identity)
            if first is None:
                fresh[identity] = int(titles[place]) << 32 | offer.line & 0xFFFFFFFF
            elif first >> 32 != int(titles[place]):
                verdicts[-1] = _verdict(Code.OFFER_ID_REUSED, offer, first, "stands for another product in")
                continue
            elif known_variant[place] or variant in fresh_variants:
                verdicts[-1] = _verdict(Code.OFFER_DUPLICATE_ID, offer, first, "came before in")
                continue
            fresh_variants.add(variant)
        self._ids.add(_array(fresh), _array(fresh.values()))
        self._variants.add(*[_array(fresh_variants - _known(variants, known_variant))] * 2)
        self._count_products(offers, verdicts)
        return verdicts

    def _count_products(self, offers: Sequence[Offer], verdicts: list[tuple[Code, str] | None]) -> None:
        kept = {
            hash(offer.product_id)
            for offer, verdict in zip(offers, verdicts, strict=True)
            if not (offer.code or verdict)
        }
        keys = _array(key & 0xFFFFFFFFFFFFFFFF for key in kept)
        known, _ = self._products.lookup(keys)
        self._products.add(keys[~known], keys[~known])


def _hashes(offers: Sequence[Offer]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(N,) uint64 each: of the ids, of the titles (32 bits), of id with sizes and colour."""
    ids = [hash(offer.offer_id) for offer in offers]
    titles = [hash(offer.title) & 0xFFFFFFFF for offer in offers]
    variants = [hash((offer.offer_id, tuple(offer.sizes or ()), offer.colour)) for offer in offers]
    return (
        np.array(ids, np.int64).view(np.uint64),
        np.array(titles, np.uint64),
        np.array(variants, np.int64).view(np.uint64),
    )


def _array(keys: object) -> np.ndarray:
    return np.fromiter(keys, np.uint64)  # type: ignore[call-overload]


def _known(keys: np.ndarray, known: np.ndarray) -> set[int]:
    return set(keys[known].tolist())


def _verdict(code: Code, offer: Offer, first: int, says: str) -> tuple[Code, str]:
    name = (offer.offer_id or "")[:40]
    return (
        code,
        f"line {offer.line}: the id {name!r} {says} line {first & 0xFFFFFFFF}; the shop has to give each offer its own",
    )
