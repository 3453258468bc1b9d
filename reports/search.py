"""The page of a search by photo: its garments, and for each the products that are nearest to it."""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from reports.environment import render_page, template_text
from reports.facts import Box


@dataclass(frozen=True)
class Near:
    """A product beside a garment of the photo. Likenesses are 0 to 1; `picture` is a key of the page's pictures."""

    title: str
    shop: str
    category: str
    price: str
    url: str
    """An http(s) address, or empty."""
    picture: str
    vector: float
    shape: float
    colour: float


@dataclass(frozen=True)
class Searched:
    """A garment of the photo: its name, where it is, and its products, the nearest by vector first."""

    name: str
    box: Box
    near: Sequence[Near]


@dataclass(frozen=True)
class SearchPage:
    """All data of the page: `photo` and the pictures are data URIs."""

    name: str
    version: int
    photo: str
    garments: Sequence[Searched]
    pictures: Mapping[str, str]


def render_search(page: SearchPage) -> str:
    """The HTML of the page. Texts are escaped, only our own script may run, and nothing is loaded from elsewhere."""
    script = template_text("search.js")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    data = {"pictures": dict(page.pictures), "garments": [asdict(garment) for garment in page.garments]}
    return render_page("search.html.j2", page=page, data=data, script=script, script_digest=digest)
