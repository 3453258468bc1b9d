"""`mapping coverage` as one page that asks for nothing else: coverage weighed three ways, and agreement beside it."""

from collections.abc import Mapping
from typing import Any

from desk import pages
from desk.shop import key_of
from desk.state import Desk
from desk.work import Work

LARGEST = 15


def coverage_page(desk: Desk, names: list[str], made: str) -> str:
    """The shops of the first view, and for each the categories in which most products are lost."""
    rows = [pages.shop_row(desk, name) for name in names]
    rows.sort(key=lambda row: -row["unmapped"])
    for row in rows:
        row["open"] = [] if row["error"] else _largest(desk.work(row["name"]), desk.clicks)
    return pages.render("coverage.html", rows=rows, clicks=bool(desk.clicks), made=made, style=pages.style())


def _largest(work: Work, clicks: Mapping[str, float]) -> list[dict[str, Any]]:
    found = []
    for category in (work.category(key) for key in work.left(most=LARGEST)):
        products = work.shop.of(work.rest(key_of(category.path)))
        looked = sum(clicks.get(product.id, 0) for product in products)
        found.append({"name": category.name, "products": len(products), "titles": pages.titles_of(products)[:3],
                      "clicks": int(looked)})  # fmt: skip
    return found
