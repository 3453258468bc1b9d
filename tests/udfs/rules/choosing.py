"""Products to choose from, for the tests of this folder: everything that a test does not say is plain."""

from typing import Any

import pyarrow as pa

from schemas.choice import PRODUCTS_TO_CHOOSE
from schemas.settings import ChoiceSettings
from tests.udfs.rules.mappings import TAXONOMY
from udfs.rules.choose import CHOSEN, ChooseGarments

SETTINGS = ChoiceSettings()
MIDDLE = (0.2, 0.2, 0.8, 0.8)


def box(name: str, score: float = 0.9, corners: tuple[float, ...] = MIDDLE) -> dict[str, Any]:
    return {"class": name, "score": score, "box": corners}


def picture(name: str, rank: int = 0, **named: Any) -> dict[str, Any]:
    sizes = {"width": 600, "height": 800, "wanted": 0.99}
    plain = {"url": f"https://shop/{name}.jpg", "rank": rank, "picture": name.encode().ljust(32, b"."), "boxes": []}
    return plain | sizes | named


def verdict(node: str | None, because: str | None = None, **named: str) -> dict[str, Any]:
    return {"rule": "categories.xml:2", "node": node, "ignored_because": because} | named


def product(product_id: str = "shop:1", **named: Any) -> dict[str, Any]:
    key = product_id.encode().ljust(32, b".")
    return {"product_key": key, "product_id": product_id, "retailer": "shop", "pictures": [picture("a")]} | named


def choose(*products: dict[str, Any], order: tuple[str, ...] = ("mapping", "text", "image")) -> list[dict[str, Any]]:
    work = ChooseGarments(TAXONOMY, SETTINGS, {"shop": order})
    found = work(pa.RecordBatch.from_pylist(list(products), PRODUCTS_TO_CHOOSE))
    assert found.schema == CHOSEN
    assert found.num_rows == len(products)
    return found.to_pylist()


def chosen(**named: Any) -> dict[str, Any]:
    (row,) = choose(product(**named))
    return row
