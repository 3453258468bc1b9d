"""Which part of the labelled data a group belongs to, from the group's name alone.

A group is what must not stand on both sides: a repository, a sender, a brand, a product, a block of one blogger's
photos. The answer depends on nothing but the name and the model's salt, so that scoring finds the validation part
again without a list.
"""

import hashlib
from enum import StrEnum

VALIDATION_SHARE = 0.25

GARMENTS_SALT = "screen2301"
"""Of single garments, for all models: what is kept out of one is kept out of the others. The one of 3,000 salts whose
validation part is nearest to a quarter of every class, taken before any training."""


class Part(StrEnum):
    """Training data is for weights and for every choice (by folds); no choice is made on validation data."""

    TRAIN = "train"
    VALIDATION = "validation"


def fraction(group: str, salt: str) -> float:
    """A number in 0..1 that is fixed by `salt` and `group`."""
    return int.from_bytes(hashlib.sha256(f"{salt}\t{group}".encode()).digest()[:8], "big") / 2**64


def part_of(group: str, salt: str) -> Part:
    """The part of `group`."""
    return Part.VALIDATION if fraction(group, salt) < VALIDATION_SHARE else Part.TRAIN


def fold_of(group: str, salt: str, folds: int) -> int:
    """Which of `folds` folds of the training part `group` is in."""
    return int(fraction(group, f"{salt}\tfold") * folds)
