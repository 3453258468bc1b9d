"""Which files a model was trained on, kept beside its weights, so that no score counts them."""

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol, TypeVar

import numpy as np

from training.data.tables import DataError

TRAINED = "trained.npy"


class HasPath(Protocol):
    """Anything with a file."""

    @property
    def path(self) -> Path:
        """Where its picture is."""
        ...


Item = TypeVar("Item", bound=HasPath)


def content_key(path: Path) -> int:
    """The first 63 bits of a file's sha256."""
    try:
        with path.open("rb") as file:
            return int.from_bytes(hashlib.file_digest(file, "sha256").digest()[:8], "big") >> 1
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})") from error


def unseen(release: Path, items: Iterable[Item]) -> list[Item]:
    """The items whose file the release in `release` was not trained on, by content and not by name."""
    trained = set(np.load(release / TRAINED, allow_pickle=False).tolist())
    return [item for item in items if content_key(item.path) not in trained]
