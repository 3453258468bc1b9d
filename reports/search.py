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

    product: str
    """Its id."""
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
    colour: int
    """What colour counts for against shape, 0 to 100, until somebody moves the slider."""
    against: Sequence[Near] = ()
    """The products that are nearest by the other embedding."""


@dataclass(frozen=True)
class SearchPage:
    """All data of the page: `photo` (empty: none yet) and the pictures are data URIs."""

    name: str
    version: int
    photo: str
    garments: Sequence[Searched]
    pictures: Mapping[str, str]
    parents: Mapping[str, str]
    """The category around each category that is shown, up to the root."""
    embeddings: tuple[str, str] | None = None
    """Names of the live embedding and of the other one, where two are shown side by side."""


def render_search(page: SearchPage, served: bool = False) -> str:
    """The HTML of the page. Texts are escaped, only our own script may run, and nothing is loaded from elsewhere.

    `served`: other photos may be dropped on it, which are sent to where it came from.
    """
    data = {
        "pictures": dict(page.pictures),
        "garments": [asdict(garment) for garment in page.garments],
        "parents": dict(page.parents),
    }
    scripts = [template_text(name) for name in _scripts(served)]
    return render_page("search.html.j2", page=page, data=data, scripts=scripts, policy=policy(served), served=served)


def policy(served: bool = False) -> str:
    """The content security policy of the page."""
    digests = (hashlib.sha256(template_text(name).encode()).digest() for name in _scripts(served))
    named = " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)
    said = f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src {named}; base-uri 'none'"
    return said + ("; connect-src 'self'" if served else "")


def _scripts(served: bool) -> tuple[str, ...]:
    return ("search.js", "drop.js") if served else ("search.js",)
