"""A file of clicks: which products are looked at, so that coverage can be weighted by them."""

from pathlib import Path

from desk.files import read_lines
from schemas.errors import WrongInput

MAX_BYTES = 256_000_000


def read_clicks(file: Path) -> dict[str, float]:
    """Clicks by product id, from lines `product_id<TAB>clicks`. Raises WrongInput with the line of a mistake."""
    found: dict[str, float] = {}
    for number, line in enumerate(read_lines(file, MAX_BYTES), 1):
        if not line.strip():
            continue
        product, tab, clicks = line.partition("\t")
        if not tab or not clicks.strip().isdecimal():
            raise WrongInput(file, number, "must be a product id, a tab, and a whole number of clicks")
        found[product] = found.get(product, 0) + int(clicks[:18])
    return found
