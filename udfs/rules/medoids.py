"""Splits a graph of near copies into stars: every member of a group is a copy of its medoid, so there are no chains."""

import numpy as np


def medoids(count: int, first: np.ndarray, second: np.ndarray, bits: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of `count` pictures and E pairs of copies: the medoid of each (itself where it has none), and the bits to it.

    first, second: int (E,), each pair once; bits: (E,). Again and again the picture with the most copies left (then the
    nearest ones, then the first) takes them. All pictures that no choice near them can overtake choose at once: a
    picture only ever falls behind by what others take, so the outcome is that of choosing one by one.
    """
    leader, apart = np.arange(count), np.zeros(count, np.int64)
    near, far = np.concatenate([first, second]), np.concatenate([second, first])
    order = np.lexsort((far, near))
    near, far, bits = near[order], far[order], np.concatenate([bits, bits])[order].astype(np.int64)
    while len(near):
        place = _places(count, near, bits)
        best = _least(place, place[far], near)
        chosen = np.flatnonzero(_least(best, best[far], near) == place)
        is_chosen = np.zeros(count, bool)
        is_chosen[chosen] = True
        taken = is_chosen[near]
        leader[far[taken]], apart[far[taken]] = near[taken], bits[taken]
        is_chosen[far[taken]] = True
        left = ~(is_chosen[near] | is_chosen[far])
        near, far, bits = near[left], far[left], bits[left]
    return leader, apart


def _places(count: int, near: np.ndarray, bits: np.ndarray) -> np.ndarray:
    """The turn of each picture: the most copies first, then the nearest, then the first."""
    copies, distance = np.bincount(near, minlength=count), np.bincount(near, bits, minlength=count)
    place = np.empty(count, np.int64)
    place[np.lexsort((distance, -copies))] = np.arange(count)
    return place


def _least(own: np.ndarray, of_copies: np.ndarray, near: np.ndarray) -> np.ndarray:
    """The least of each picture's own value and those of its copies; `near` is sorted."""
    least = own.copy()
    begins = np.flatnonzero(np.r_[True, near[1:] != near[:-1]])
    at = near[begins]
    least[at] = np.minimum(own[at], np.minimum.reduceat(of_copies, begins))
    return least
