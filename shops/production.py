"""The line that turns an assortment into a feed, pictures and truth, pair by pair."""

import json
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import asdict, dataclass, replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from schemas.rejects import Code
from shops.assortment import THINGS, Assortment, Pair
from shops.bonds import PictureSpec, Product, SizedOffer
from shops.feeds import Category, Dialect, Feed, Offer
from shops.layout import BASE_URL, options_file, picture_file, shop_url
from shops.pictures.wardrobe import CLASS_OF
from shops.studio import Studio
from shops.truth import PUBLISHED, TruthWriter
from shops.vocabulary import Vocabulary, vocabulary

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
        return shop_url(self.base_url, self.retailer)


@dataclass(frozen=True)
class Outlets:
    """Where offers and truth go."""

    feed: Feed
    offers: TruthWriter
    pictures: TruthWriter


@dataclass
class Counts:
    """What was made; `next_pair` is the first that was not."""

    offers: int = 0
    products: int = 0
    pictures: int = 0
    next_pair: int = 0


class Production:
    """Makes offers and pictures of one drawn shop in its folder."""

    def __init__(self, folder: Path, options: DrawOptions) -> None:
        self._folder, self._options = folder, options
        self.words = vocabulary(options.language)
        self.tree = categories(self.words)
        self.names: dict[str, str] = self.words.lists["params"]
        self._drawn_pairs = max(1, options.drawn_styles // 2)
        per_product = options.pictures_per_product
        self._assortment = Assortment(options.seed, options.retailer, self.words, per_product, self._drawn_pairs)
        self._studio = Studio(folder, options.language, options.retailer)

    @property
    def dialect(self) -> Dialect:
        """Of the shop's feed."""
        return self._options.feed

    @classmethod
    def resumed(cls, folder: Path) -> tuple["Production", int]:
        """The production that drew the shop in `folder`, and the first pair that it has not drawn."""
        kept = json.loads(options_file(folder).read_text(encoding="utf-8"))
        next_pair = kept.pop("next_pair")
        return cls(folder, DrawOptions(**kept)), next_pair

    def remember(self, next_pair: int) -> None:
        """Keeps what `resumed` needs."""
        kept = asdict(self._options) | {"next_pair": next_pair}
        options_file(self._folder).write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")

    def run(self, outlets: Outlets, offers: int, first_pair: int = 0, first_position: int = 0) -> Counts:
        """Makes `offers` offers from `first_pair` on; the shop's shared pictures come with the first pair."""
        counts = Counts(next_pair=first_pair)
        shared = tuple(self._assortment.shared_pictures())
        if first_pair == 0:
            self._add_pictures(outlets, self._studio.draw(shared), counts)
        taken = frozenset(spec.name for spec in shared)
        for pair, rows in self._drawn(self._until(first_pair, offers), taken):
            self._add_pictures(outlets, rows, counts)
            for product in pair.products:
                self._add(outlets, product, first_position, counts)
            counts.next_pair = pair.number + 1
        return counts

    def _add_pictures(self, outlets: Outlets, rows: list[dict[str, Any]], counts: Counts) -> None:
        for row in rows:
            outlets.pictures.add(row | {"url": f"{self._options.url}/{row['file']}"})
        counts.pictures += len(rows)

    def _add(self, outlets: Outlets, product: Product, first_position: int, counts: Counts) -> None:
        counts.products += 1
        for offer in product.offers:
            position = first_position + counts.offers
            stated = self._stated(product, offer, position)
            outlets.feed.write(stated)
            outlets.offers.add(_truth(product, offer, stated, position))
            counts.offers += 1

    def _until(self, first_pair: int, offers: int) -> Iterator[Pair]:
        """Pairs until there are so many offers; the last one is cut."""
        left = offers
        for pair in self._assortment.pairs(first_pair):
            kept = []
            for product in pair.products:
                if left > 0:
                    kept.append(replace(product, offers=product.offers[:left]))
                    left -= len(kept[-1].offers)
            yield replace(pair, products=tuple(kept))
            if left <= 0:
                return

    def _own(self, pair: Pair, taken: frozenset[str]) -> tuple[PictureSpec, ...]:
        """The pictures that are drawn for this pair."""
        if pair.number >= self._drawn_pairs:
            return ()
        return tuple(spec for product in pair.products for spec in product.pictures if spec.name not in taken)

    def _drawn(self, pairs: Iterator[Pair], taken: frozenset[str]) -> Iterator[tuple[Pair, list[dict[str, Any]]]]:
        """Each pair with the truth of its newly drawn pictures, in order."""
        if self._options.workers == 1:
            yield from ((pair, self._studio.draw(self._own(pair, taken))) for pair in pairs)
            return
        with ProcessPoolExecutor(self._options.workers, mp_context=get_context("spawn")) as pool:
            waiting: deque[tuple[Pair, Future[list[dict[str, Any]]]]] = deque()
            for pair in pairs:
                waiting.append((pair, pool.submit(self._studio.draw, self._own(pair, taken))))
                if len(waiting) >= AHEAD:
                    first, future = waiting.popleft()
                    yield first, future.result()
            while waiting:
                first, future = waiting.popleft()
                yield first, future.result()

    def _stated(self, product: Product, offer: SizedOffer, position: int) -> Offer:
        """The offer as the feed states it, with what is wrong with it on purpose."""
        key = (product.gender, product.look.leaf) if product.look else ("out_of_scope", product.thing or "")
        files = () if offer.fault is Code.OFFER_NO_PICTURE else product.pictures
        bad = BAD_PRICES[position % len(BAD_PRICES)]
        lists = self.words.lists["stated_genders"]
        gender = lists["yml" if self._options.feed == "yml" else "google"].get(product.gender, "")
        return Offer(
            offer_id="" if offer.fault is Code.OFFER_NO_ID else offer.offer_id,
            group=product.group,
            title=product.title,
            description=product.description,
            brand=product.brand,
            price=bad if offer.fault is Code.OFFER_BAD_PRICE else product.price,
            old_price="" if offer.fault is Code.OFFER_BAD_PRICE else product.old_price or "",
            currency=self.words.currency,
            available=offer.available,
            gender=gender if int(product.group) % 4 else "",
            colour=product.colour,
            size=offer.size,
            category=self.tree[key],
            pictures=tuple(f"{self._options.url}/{picture_file(spec.name)}" for spec in files),
            url=f"{self._options.url}/p/{product.group}/{offer.offer_id}",
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
