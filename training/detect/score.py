"""A detector's figures over labelled photos: by class, by source, with intervals over photos."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from training.data.street import Photo
from training.data.tables import read_picture
from training.detect.average_precision import by_class, interval, mean_of
from udfs.pictures.detect import Detection, detect
from udfs.runtime.models import Model

BOUNDS = {"map50": 0.5, "map75": 0.75}
CHUNK = 64
"""Pictures in memory at a time."""


@dataclass(frozen=True)
class Scored:
    """What a release found on some photos, as figures."""

    by_class: dict[str, dict[str, float]]
    """Bound -> class -> average precision."""
    by_source: dict[str, dict[str, float]]
    """Bound -> source -> mean over the classes that it shows."""
    intervals: dict[str, tuple[float, float]]
    """Bound -> 95% interval of the mean over classes."""

    def mean(self, bound: str) -> float:
        """The mean over classes."""
        return mean_of(self.by_class[bound])


def found_in(photos: Sequence[Photo], model: Model) -> list[list[Detection]]:
    """What a release finds in each photo."""
    return found_at([photo.path for photo in photos], model)


def found_at(paths: Sequence[Path], model: Model) -> list[list[Detection]]:
    """The same of pictures without labels."""
    found: list[list[Detection]] = []
    for start in range(0, len(paths), CHUNK):
        found += detect([read_picture(path) for path in paths[start : start + CHUNK]], model)
    return found


def scored(photos: Sequence[Photo], found: Sequence[Sequence[Detection]]) -> Scored:
    """Figures of `found` on `photos`."""
    sources = sorted(Counter(photo.source for photo in photos))
    places = {source: [at for at, photo in enumerate(photos) if photo.source == source] for source in sources}
    return Scored(
        {name: by_class(photos, found, bound) for name, bound in BOUNDS.items()},
        {
            name: {
                source: mean_of(by_class([photos[at] for at in rows], [found[at] for at in rows], bound))
                for source, rows in places.items()
            }
            for name, bound in BOUNDS.items()
        },
        {name: interval(photos, found, bound) for name, bound in BOUNDS.items()},
    )
