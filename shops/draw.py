"""Draws a whole sample shop from a seed: pictures, feed, truth and a retailer spec."""

from contextlib import ExitStack
from pathlib import Path

from schemas.errors import WrongInput
from schemas.languages import LANGUAGES
from shops.feeds import DIALECTS, Shop, writing
from shops.layout import MADE_AT, SampleShop, emptied
from shops.production import Counts, DrawOptions, Outlets, Production
from shops.spec import checked_name, write_spec
from shops.truth import offers_truth, pictures_truth

__all__ = ["DrawOptions", "draw"]

MAX_OFFERS = 1_000_000


def draw(out: Path, options: DrawOptions) -> SampleShop:
    """Draws the shop into `out/<retailer>/`, which must not exist or be a shop already.

    The same options give the same bytes. Memory stays flat, whatever the number of offers.
    """
    _check(options)
    folder = emptied(out / options.retailer)
    counts = _write(folder, options)
    feed_url = f"{options.url}/feed.xml"
    write_spec(folder / "retailer.yaml", feed_url, options.language, options.feed)
    return SampleShop(folder, feed_url, counts.offers, counts.products, counts.pictures)


def _check(options: DrawOptions) -> None:
    checked_name(options.retailer)
    if not 1 <= options.offers <= MAX_OFFERS:
        raise WrongInput("--offers", None, f"{options.offers} is not between 1 and {MAX_OFFERS}")
    for flag, value, known in (("--language", options.language, LANGUAGES), ("--feed", options.feed, DIALECTS)):
        if value not in known:
            raise WrongInput(flag, None, f"{value!r} is none of {', '.join(known)}")
    if not 1 <= options.pictures_per_product <= 8:
        raise WrongInput("--pictures", None, f"{options.pictures_per_product} is not between 1 and 8")
    for flag, count in (("--workers", options.workers), ("--styles", options.drawn_styles)):
        if count < 1:
            raise WrongInput(flag, None, f"{count} is below 1")


def _write(folder: Path, options: DrawOptions) -> Counts:
    production = Production(folder, options)
    categories = tuple(production.tree.values())
    shop = Shop(options.retailer.capitalize(), options.url, (production.words.currency,), MADE_AT, categories)
    with ExitStack() as stack:
        feed = stack.enter_context(writing(folder / "feed.xml", options.feed, shop, production.names))
        offers = stack.enter_context(offers_truth(folder))
        pictures = stack.enter_context(pictures_truth(folder))
        counts = production.run(Outlets(feed, offers, pictures), options.offers)
    production.remember(counts.next_pair)
    return counts
