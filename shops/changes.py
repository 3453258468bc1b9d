"""Changes a sample shop as a night does: other prices, new offers, withdrawn offers."""

import random
import re
from collections.abc import Callable
from contextlib import ExitStack
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
import pyarrow.parquet as pq
from lxml import etree

from schemas.errors import WrongInput
from schemas.rejects import Code
from shops.feeds import GOOGLE, resumed
from shops.layout import SampleShop, options_file
from shops.production import Counts, Outlets, Production
from shops.truth import OFFERS, OFFERS_FILE, PICTURES, PICTURES_FILE, offers_truth, pictures_truth

Kind = Literal["price", "new", "gone"]
KINDS: tuple[Kind, ...] = ("price", "new", "gone")

_CONTAINERS = {"yml_catalog", "shop", "offers", "rss", "channel"}
_UNITS = {"offer": "offers", "item": "channel"}
_NUMBER = re.compile(r"\d+(?:\.\d+)?")


def change(shop: Path | SampleShop, share: float, kind: Kind, seed: int = 1) -> int:
    """Rewrites the shop's feed and truth and gives how many offers changed: `share` (0..1) of them, at least one.

    price: they cost a tenth less. gone: they are withdrawn. new: so many are added, with pictures of their own, which
    only a drawn shop can do. The feed is replaced at once; the same seed changes the same offers.
    """
    folder = shop.folder if isinstance(shop, SampleShop) else shop
    if kind not in KINDS:
        raise WrongInput("--kind", None, f"{kind!r} is none of {', '.join(KINDS)}")
    if not 0 < share <= 1:
        raise WrongInput("--share", None, f"{share} is not above 0 and up to 1")
    truth = pq.read_table(folder / OFFERS_FILE, schema=OFFERS)
    count = max(1, round(truth.num_rows * share))
    if kind == "new":
        _add(folder, truth, count)
        return count
    fates = truth["fate"].to_pylist()
    able = [place for place, fate in enumerate(fates) if kind == "gone" or fate != Code.OFFER_BAD_PRICE]
    chosen = set(random.Random(seed).sample(able, min(count, len(able))))  # noqa: S311
    if kind == "price":
        _rewrite(folder, lambda place, unit: _cheaper_unit(unit) if place in chosen else unit)
        prices = [
            cheaper(price) if place in chosen else price for place, price in enumerate(truth["price"].to_pylist())
        ]
        truth = truth.set_column(OFFERS.get_field_index("price"), "price", pa.array(prices, pa.string()))
    else:
        _rewrite(folder, lambda place, unit: None if place in chosen else unit)
        truth = truth.filter(pa.array([place not in chosen for place in range(truth.num_rows)]))
        truth = truth.set_column(0, "position", pa.array(range(truth.num_rows), pa.int32()))
    pq.write_table(truth, folder / OFFERS_FILE)
    return len(chosen)


def cheaper(price: str) -> str:
    """A tenth less, with as many decimals; the least price becomes a little more instead."""
    match = _NUMBER.search(price)
    if not match:
        return price
    old = Decimal(match[0])
    new = (old * Decimal("0.9")).quantize(old)
    new = new if new not in (old, 0) else old + 1
    return price[: match.start()] + str(new) + price[match.end() :]


def _cheaper_unit(unit: etree._Element) -> etree._Element:
    price = next(
        (
            found
            for tag in (f"{{{GOOGLE}}}sale_price", f"{{{GOOGLE}}}price", "price")
            if (found := unit.find(tag)) is not None
        ),
        None,
    )
    if price is not None and price.text:
        price.text = cheaper(price.text)
    return unit


def _add(folder: Path, truth: pa.Table, count: int) -> None:
    """Adds offers that the same seed would have drawn next."""
    if not options_file(folder).is_file():
        raise WrongInput(folder, None, "only a drawn shop can draw new offers; make a photo shop with a higher --limit")
    production, first_pair = Production.resumed(folder)
    drawn_before = pq.read_table(folder / PICTURES_FILE, schema=PICTURES)
    with offers_truth(folder) as offers, pictures_truth(folder) as pictures:
        offers.copy(truth)
        pictures.copy(drawn_before)
        made: list[Counts] = []

        def more(file: Any) -> None:
            feed = resumed(file, production.dialect, production.names)
            made.append(production.run(Outlets(feed, offers, pictures), count, first_pair, truth.num_rows))

        _rewrite(folder, lambda _place, unit: unit, more)
    production.remember(made[0].next_pair)


def _rewrite(
    folder: Path,
    changed: Callable[[int, etree._Element], etree._Element | None],
    at_end: Callable[[Any], None] = lambda _file: None,
) -> None:
    """Copies the feed as a stream, each offer as `changed(place, offer)` gives it (None: left out), then `at_end`."""
    old, new = folder / "feed.xml", folder / "feed.xml.new"
    place = 0
    with etree.xmlfile(str(new), encoding="utf-8") as file, ExitStack() as stack:
        file.write_declaration()
        open_elements: list[Any] = []
        for event, element in etree.iterparse(
            str(old), events=("start", "end"), resolve_entities=False, no_network=True
        ):
            if event == "start" and element.tag in _CONTAINERS:
                context = file.element(element.tag, dict(element.attrib), nsmap=element.nsmap)
                stack.enter_context(context)
                open_elements.append(context)
            elif event == "end" and element.tag in _CONTAINERS:
                if element.tag in _UNITS.values():
                    at_end(file)
                open_elements.pop().__exit__(None, None, None)
            elif event == "end" and (parent := element.getparent()) is not None and parent.tag in _CONTAINERS:
                kept = changed(place, element) if element.tag in _UNITS else element
                place += element.tag in _UNITS
                if kept is not None:
                    file.write(kept)
                    file.write("\n")
                parent.remove(element)
        stack.pop_all()
    new.replace(old)
