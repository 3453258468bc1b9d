"""Where the files of a sample shop lie, and what its making hands back."""

import shutil
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from schemas.errors import WrongInput

PORT = 8790
BASE_URL = f"http://127.0.0.1:{PORT}"
"""The server that feeds name unless told otherwise: `selvedge shop serve` with its own defaults."""

MADE_AT = datetime(2026, 11, 2, 3, 0)
"""The date that feeds state: fixed, so that a seed gives the same bytes on every day."""


@dataclass(frozen=True)
class SampleShop:
    """A shop on disk: `feed.xml`, `images/`, `truth/` and a ready `retailer.yaml`."""

    folder: Path
    feed_url: str
    offers: int
    products: int
    pictures: int

    @property
    def feed(self) -> Path:
        """The feed's file."""
        return self.folder / "feed.xml"

    @property
    def spec(self) -> Path:
        """The retailer spec, ready to be laid into `mappings/<retailer>/`."""
        return self.folder / "retailer.yaml"


def picture_file(name: str, suffix: str = ".jpg") -> str:
    """Where a picture lies below its shop's folder."""
    return f"images/{name[:2]}/{name}{suffix}"


def options_file(folder: Path) -> Path:
    """Where a drawn shop keeps what it was drawn with, so that more of it can be drawn."""
    return folder / "truth" / "drawn.json"


def shop_url(base_url: str, retailer: str) -> str:
    """The address of a shop on its server, without a slash at its end."""
    return f"{base_url.rstrip('/')}/{retailer}"


def emptied(folder: Path) -> Path:
    """The shop's folder, made anew. A folder that is no shop is left alone."""
    if folder.exists() and any(folder.iterdir()):
        if not (folder / "truth").is_dir():
            raise WrongInput(folder, None, "this folder is not empty and is not a shop; choose another one")
        shutil.rmtree(folder)
    (folder / "truth").mkdir(parents=True)
    return folder
