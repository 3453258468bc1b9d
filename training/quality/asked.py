"""What `models score` is asked for: a model, folders, and which of their pictures count."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from training.data.corrections import garment_pictures
from training.data.labelled import Kind, Picture, kind_of, read_folders
from training.data.tables import DataError
from training.data.trained import Item, unseen
from udfs.runtime.models import Model

CHUNK = 64
"""Pictures decoded at once: memory stays flat."""


@dataclass(frozen=True)
class Asked:
    """What is scored on what; `trained_too` counts also the pictures that the model was trained on."""

    model: Model
    folders: Sequence[Path]
    trained_too: bool = False

    def of_kind(self, kind: Kind) -> list[Path]:
        """The folders that hold this kind of data."""
        return [folder for folder in self.folders if kind_of(folder) is kind]

    def pictures(self, kinds: Sequence[Kind]) -> dict[Kind, list[Picture]]:
        """The labelled pictures of the folders of these kinds."""
        return read_folders([folder for folder in self.folders if kind_of(folder) in kinds])

    def known(self, items: Iterable[Item]) -> list[Item]:
        """The items that count."""
        return list(items) if self.trained_too else unseen(self.model.folder, items)

    def counting(self, items: Iterable[Item], what: str) -> list[Item]:
        """The items that count; none is a `DataError`."""
        counted = self.known(items)
        if not counted:
            raise self.useless(what)
        return counted

    def useless(self, what: str) -> DataError:
        """No folder holds anything to score the model by."""
        places = ", ".join(map(str, self.folders))
        return DataError(f"{places}: no labelled {what} that the model was not trained on")


def garments_of(asked: Asked) -> list[Picture]:
    """The corrected pictures of single garments."""
    return garment_pictures(asked.pictures((Kind.GARMENTS,)).get(Kind.GARMENTS, []))
