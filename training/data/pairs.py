"""A garment alone and the same garment worn: `pairs.tsv`."""

from dataclasses import dataclass
from pathlib import Path

from training.data.tables import DataError, read_rows


@dataclass(frozen=True)
class Pair:
    """`path` is the worn photo, `alone` the same garment's product photo."""

    path: Path
    alone: Path
    source: str
    product: str


def read_pairs(folder: Path) -> list[Pair]:
    """The pairs of a folder; files are named relative to it, and may lie in a folder beside it."""
    return [
        Pair(
            _beside(folder, row["worn_file"]),
            _beside(folder, row["cloth_file"]),
            row["source"],
            f"{row['source']}/{row['product_id']}",
        )
        for row in read_rows(folder / "pairs.tsv")
    ]


def _beside(folder: Path, name: str) -> Path:
    path = (folder / name).resolve()
    if not path.is_relative_to(folder.resolve().parent):
        raise DataError(f"{folder / 'pairs.tsv'}: {name} lies outside {folder.resolve().parent}")
    return path
