"""Reading the labelled folders: tab separated, unquoted, with a header."""

from pathlib import Path

import numpy as np

from schemas.errors import Stop
from udfs.pictures.decode import decode
from udfs.pictures.inspect import PictureRefused

WHOLE = 1 << 20
"""No picture has a side that long: none is opened at a smaller scale."""


class DataError(Stop):
    """A labelled folder cannot be read as it stands; the message says what and where."""

    exit_code = 2


def read_rows(path: Path) -> list[dict[str, str]]:
    """The rows of a table by column name; a short row is an error with its line."""
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: not a UTF-8 table ({error})") from error
    header = lines[0].split("\t")
    rows = []
    for number, line in enumerate(lines[1:], start=2):
        if not line:
            continue
        cells = line.split("\t")
        if len(cells) != len(header):
            raise DataError(f"{path}:{number}: {len(cells)} cells where the header names {len(header)}")
        rows.append(dict(zip(header, cells, strict=True)))
    return rows


def pixels_of(path: Path) -> np.ndarray | None:
    """(H, W, 3) uint8 sRGB, upright, as the night opens it but whole; None: not a picture that can be read."""
    try:
        return decode(path.read_bytes(), WHOLE)
    except (OSError, PictureRefused):
        return None


def read_picture(path: Path) -> np.ndarray:
    """(H, W, 3) uint8 sRGB, upright; an unreadable file is a `DataError`."""
    pixels = pixels_of(path)
    if pixels is None:
        raise DataError(f"{path}: not a picture that can be decoded")
    return pixels
