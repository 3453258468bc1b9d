"""Draws a whole sample shop from a seed: pictures, feed, truth and a retailer spec."""

import shutil
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import datetime
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from schemas.errors import WrongInput
from schemas.rejects import Code
from shops.assortment import THINGS, Assortment, Pair, PictureSpec, Product, SizedOffer
from shops.feeds import DIALECTS, Category, Dialect, Feed, Offer, Shop, writing
from shops.pictures.wardrobe import CLASS_OF
from shops.spec import checked_name, write_spec
from shops.studio import Studio, picture_file
from shops.truth import OFFERS, PICTURES, PUBLISHED, TruthWriter
from shops.vocabulary import LANGUAGES, Vocabulary, vocabulary

MAX_OFFERS = 1_000_000
BASE_URL = "http://127.0.0.1:8790"
MADE_AT = datetime(2026, 11, 2, 3, 0)  # noqa: DTZ001
"""The date that feeds state: fixed, so that a seed gives the same bytes on every day."""

AHEAD = 64
"""Pairs whose pictures are being drawn while the feed waits for them; bounds the memory."""

BAD_PRICES = ("по запросу", "---", "N/A", "call us", "要問合せ")


@dataclass(frozen=True)
class DrawOptions:
    """What to draw. `base_url` is the server that will serve the folder `out`; the retailer's name is added to it."""

    retailer: str
    seed: int = 1
    offers: int = 100
    language: str = "en"
    feed: Dialect = "yml"
    base_url: str = BASE_URL
    pictures_per_product: int = 3
    drawn_styles: int = 10_000  # styles with pictures of their own; later ones show those of an earlier one
    workers: int = 1

    @property
    def url(self) -> str:
        """The address of the shop, without a slash at its end."""
        return f"{self.base_url.rstrip('/')}/{self.retailer}"


@dataclass(frozen=True)
class DrawnShop:
    """A shop on disk."""

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
        """The retailer spec, ready to be laid into `mappings/`."""
        return self.folder / "retailer.yaml"


def draw(out: Path, options: DrawOptions) -> DrawnShop:
    """Draws the shop into `out/<retailer>/`, which must not exist or be a shop already; the same options give the same bytes."""
    _check(options)
    folder = emptied(out / options.retailer)
    words = vocabulary(options.language)
    counts = _write(folder, options, words)
    feed_url = f"{options.url}/feed.xml"
    write_spec(folder / "retailer.yaml", feed_url, options.language, options.feed)
    return DrawnShop(folder, feed_url, *counts)


def _check(options: DrawOptions) -> None:
    checked_name(options.retailer)
    if not 1 <= options.offers <= MAX_OFFERS:
        raise WrongInput("--offers", None, f"{options.offers} is not between 1 and {MAX_OFFERS}")
    for flag, value, known in (("--language", options.language, LANGUAGES), ("--feed", options.feed, DIALECTS)):
        if value not in known:
            raise WrongInput(flag, None, f"{value!r} is none of {', '.join(known)}")
    if not 1 <= options.pictures_per_product <= 8:
        raise WrongInput("--pictures", None, f"{options.pictures_per_product} is not between 1 and 8")


def emptied(folder: Path) -> Path:
    """The shop's folder, made anew. A folder that is no shop is left alone."""
    if folder.exists() and any(folder.iterdir()):
        if not (folder / "truth").is_dir():
            raise WrongInput(folder, None, "is not empty and not a shop; choose another folder")
        shutil.rmtree(folder)
    (folder / "truth").mkdir(parents=True)
    return folder


def _write(folder: Path, options: DrawOptions, words: Vocabulary) -> tuple[int, int, int]:
    """Streams pictures, feed and truth; gives the numbers of offers, products and pictures."""
    drawn_pairs = max(1, options.drawn_styles // 2)
    assortment = Assortment(options.seed, options.retailer, words, options.pictures_per_product, drawn_pairs)
    tree = categories(words)
    shop = Shop(options.retailer.capitalize(), options.url, words.currency, MADE_AT, tuple(tree.values()))
    names = words.lists["params"]
    with ExitStack() as stack:
        offers = stack.enter_context(TruthWriter(folder / "truth" / "offers.parquet", OFFERS))
        pictures = stack.enter_context(TruthWriter(folder / "truth" / "pictures.parquet", PICTURES))
        feed = stack.enter_context(writing(folder / "feed.xml", options.feed, shop, names))
        studio = Studio(folder, options.language, options.retailer)
        counter = _Counter(feed, offers, options, words, tree)
        shared = tuple(assortment.shared_pictures())
        drawn = 0
        for pair, rows in _drawn(_until(assortment, options.offers), studio, shared, drawn_pairs, options.workers):
            for row in rows:
                pictures.add(row | {"url": f"{options.url}/{row['file']}"})
            drawn += len(rows)
            for product in pair.products if pair else ():
                counter.add(product)
    return counter.offers, counter.products, drawn


def _until(assortment: Assortment, offers: int) -> Iterator[Pair]:
    """Pairs until there are so many offers; the last one is cut."""
    left = offers
    for pair in assortment.pairs():
        kept = []
        for product in pair.products:
            if left > 0:
                kept.append(replace(product, offers=product.offers[:left]))
                left -= len(kept[-1].offers)
        yield replace(pair, products=tuple(kept))
        if left <= 0:
            return


Drawn = tuple[Pair | None, list[dict[str, Any]]]


def _drawn(
    pairs: Iterator[Pair], studio: Studio, shared: tuple[PictureSpec, ...], drawn_pairs: int, workers: int
) -> Iterator[Drawn]:
    """Each pair with the truth of its newly drawn pictures, in order; the shop's shared pictures come first."""
    taken = {spec.name for spec in shared}
    yield None, studio.draw(shared)

    def own(pair: Pair) -> tuple[PictureSpec, ...]:
        if pair.number >= drawn_pairs:
            return ()
        return tuple(spec for product in pair.products for spec in product.pictures if spec.name not in taken)

    if workers == 1:
        yield from ((pair, studio.draw(own(pair))) for pair in pairs)
        return
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        waiting: deque[tuple[Pair, Future[list[dict[str, Any]]]]] = deque()
        for pair in pairs:
            waiting.append((pair, pool.submit(studio.draw, own(pair))))
            if len(waiting) >= AHEAD:
                first, future = waiting.popleft()
                yield first, future.result()
        while waiting:
            first, future = waiting.popleft()
            yield first, future.result()


@dataclass
class _Counter:
    """Writes offers to the feed and the truth, and counts them."""

    feed: Feed
    truth: TruthWriter
    options: DrawOptions
    words: Vocabulary
    tree: dict[tuple[str, str], Category]
    offers: int = 0
    products: int = 0

    def add(self, product: Product) -> None:
        """Adds a product with all its offers."""
        self.products += 1
        for offer in product.offers:
            stated = self._stated(product, offer)
            self.feed.write(stated)
            self.truth.add(_truth(product, offer, stated, self.offers))
            self.offers += 1

    def _stated(self, product: Product, offer: SizedOffer) -> Offer:
        """The offer as the feed states it, with what is wrong with it on purpose."""
        key = (product.gender, product.look.leaf) if product.look else ("out_of_scope", product.thing or "")
        files = () if offer.fault is Code.OFFER_NO_PICTURE else product.pictures
        bad = BAD_PRICES[self.offers % len(BAD_PRICES)]
        lists = self.words.lists["stated_genders"]
        gender = lists["yml" if self.options.feed == "yml" else "google"].get(product.gender, "")
        return Offer(
            offer_id="" if offer.fault is Code.OFFER_NO_ID else offer.offer_id,
            group=product.group,
            title=product.title,
            description=product.description,
            brand=product.brand,
            price=bad if offer.fault is Code.OFFER_BAD_PRICE else product.price,
            old_price="" if offer.fault is Code.OFFER_BAD_PRICE else product.old_price or "",
            available=offer.available,
            gender=gender if int(product.group) % 4 else "",
            colour=product.colour,
            size=offer.size,
            category=self.tree[key],
            pictures=tuple(f"{self.options.url}/{picture_file(spec.name)}" for spec in files),
            url=f"{self.options.url}/p/{product.group}/{offer.offer_id}",
        )


def _truth(product: Product, offer: SizedOffer, stated: Offer, position: int) -> dict[str, Any]:
    return {
        "position": position,
        "offer_id": stated.offer_id or None,
        "group": product.group,
        "title": product.title,
        "leaf": product.look.leaf if product.look else "out_of_scope",
        "class": product.look.garment_class if product.look else None,
        "gender": product.gender or None,
        "colour": stated.colour or None,
        "size": stated.size or None,
        "price": stated.price,
        "pictures": [picture_file(spec.name) for spec in product.pictures] if stated.pictures else [],
        "same_as": product.same_as,
        "fate": offer.fault or PUBLISHED,
    }


def categories(words: Vocabulary) -> dict[tuple[str, str], Category]:
    """The shop's tree: gender, group, kind; keyed by (gender, leaf). Inner nodes have keys of their own."""
    nodes: dict[tuple[str, str], Category] = {}

    def node(key: tuple[str, str], parent: Category | None, name: str) -> Category:
        if key not in nodes:
            path = (*parent.path, name) if parent else (name,)
            nodes[key] = Category(len(nodes) + 1, parent.id if parent else None, path)
        return nodes[key]

    for gender in ("women", "men", "unisex"):
        root = node((gender, ""), None, words.lists["roots"][gender])
        for leaf, garment_class in CLASS_OF.items():
            group = node((gender, f"group:{garment_class}"), root, words.lists["groups"][garment_class])
            node((gender, leaf), group, words.category(leaf))
    other = node(("out_of_scope", ""), None, words.lists["roots"]["out_of_scope"])
    for thing in THINGS:
        node(("out_of_scope", thing), other, words.lists["out_of_scope"][thing][0])
    return nodes
