"""`picture`: writes a stored picture to a file."""

import re
import sys
from pathlib import Path
from typing import Annotated

import typer

from cli.context import open_night, writing
from lake.shards import Place, read_picture
from lake.tables import literal
from schemas.errors import WrongInput
from schemas.tables import PICTURES


def picture(
    sha256: Annotated[str, typer.Argument(help="SHA-256 of the picture, 64 hexadecimal digits.")],
    out: Annotated[Path | None, typer.Option("--out", "-o", help="File to write. Default: standard output.")] = None,
) -> None:
    """Write a stored picture to a file, byte for byte."""
    if not re.fullmatch("[0-9a-fA-F]{64}", sha256):
        raise WrongInput("picture", None, f"{sha256}: not a sha256, which has 64 hexadecimal digits")
    digest, night = bytes.fromhex(sha256), open_night(quiet=True)
    query = f'select shard, "offset", length from {PICTURES.name} where picture = {literal(digest)}'  # noqa: S608
    found = night.tables.sql(query, [PICTURES]).to_pylist()
    if not found:
        raise WrongInput(night.settings.lake, None, f"{sha256}: no such picture is stored")
    body = read_picture(night.store, Place(**found[0]))
    if out:
        with writing(out):
            out.write_bytes(body)
    else:
        sys.stdout.buffer.write(body)
