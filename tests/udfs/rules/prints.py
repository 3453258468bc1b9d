"""Fingerprints that tests make up."""

import numpy as np

from schemas.tables import DESCRIPTOR_BYTES, LIGHTNESS_BYTES, LOOK_BYTES
from udfs.pictures.fingerprint import Prints

LOOK = (np.add.outer(np.arange(16), 3 * np.arange(16)) % 7 * 20 + 50).ravel()
"""256 steps of lightness."""


def prints(hashes: np.ndarray, lightness: np.ndarray | int = 0, colour: np.ndarray | int = 0) -> Prints:
    """Pictures with these hashes (N,) uint64 under which all look alike, but for what is added to their lightness and
    colour, (N,). Mirrored and inner hashes are none's."""
    count = len(hashes)
    look = np.concatenate([LOOK, np.full(LOOK_BYTES - LIGHTNESS_BYTES, 128)])
    looks = np.tile(look, (count, 1))
    looks[:, :LIGHTNESS_BYTES] += np.broadcast_to(lightness, count)[:, None]
    looks[:, LIGHTNESS_BYTES:] += np.broadcast_to(colour, count)[:, None]
    own = np.ascontiguousarray(hashes, np.uint64).view(np.uint8).reshape(count, 8)
    far = np.random.default_rng(9).integers(0, 256, (2, count, 8), np.uint8)
    descriptor = np.tile(looks, (1, DESCRIPTOR_BYTES // LOOK_BYTES)).astype(np.uint8)
    return Prints(own, own, far[0], far[1], own, descriptor)
