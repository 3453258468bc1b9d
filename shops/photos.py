"""Makes a retailer of folders of labelled photos: feed, pictures, truth."""

import hashlib
import os
import random
import re
import shutil
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from schemas.errors import WrongInput
from schemas.languages import LANGUAGES
from schemas.rejects import Code
from shops.assortment import BASE_PRICES
from shops.feeds import DIALECTS, Category, Dialect, Offer, Shop, writing
from shops.labelled import Labelled, LabelledProduct, Photo, Text, read
from shops.layout import BASE_URL, MADE_AT, SampleShop, emptied, picture_file, shop_url
from shops.spec import checked_name, write_spec
from shops.truth import PUBLISHED, offers_truth, pictures_truth
from shops.vocabulary import vocabulary

SUFFIXES = {b"\xff\xd8\xff": ".jpg", b"\x89PNG": ".png", b"RIFF": ".webp", b"GIF8": ".gif"}
"""By the first bytes; the name of a photo is not trusted."""

TEXT_STEP = 7919
"""A prime, larger than the number of texts of a leaf: all are taken before one is taken again."""

OUT_OF_SCOPE = {"jewellery"}
"""Classes of labelled photos that no leaf sells."""

_LEAF_NAMES = {"en": "english", "ja": "japanese", "ru": "russian"}


@dataclass(frozen=True)
class PhotoOptions:
    """What to make. `limit` bounds the offers (0: all); `unwanted_share` of them carry a picture that is not wanted."""

    retailer: str = "photos"
    seed: int = 1
    limit: int = 0
    language: str = "en"  # of the texts that photos without a text of their own are given
    feed: Dialect = "yml"
    base_url: str = BASE_URL
    unwanted_share: float = 0.25


@dataclass(frozen=True)
class _Told:
    """A product with the text that it is sold under."""

    product: LabelledProduct
    text: Text
    leaf: str | None
    photos: tuple[Photo, ...]


def make(folders: Sequence[Path], out: Path, options: PhotoOptions) -> SampleShop:
    """Makes the shop in `out/<retailer>/`, which must not exist or be a shop already.

    Folders are known by the columns of their tables (`shops.labelled`). Catalog products keep their own texts; single
    garments and street photos get a real text of their class where a folder of titles is given. The same options and
    folders give the same bytes.
    """
    _check(options)
    labelled = read(folders)
    if not labelled.products:
        raise WrongInput(folders[0], None, "the folders hold no product photos")
    folder = emptied(out / options.retailer)
    told = _told(labelled, options)
    counts = _Maker(folder, options).write(told)
    feed_url = f"{shop_url(options.base_url, options.retailer)}/feed.xml"
    write_spec(folder / "retailer.yaml", feed_url, options.language, options.feed)
    return SampleShop(folder, feed_url, *counts)


def _check(options: PhotoOptions) -> None:
    checked_name(options.retailer)
    for flag, value, known in (("--language", options.language, LANGUAGES), ("--feed", options.feed, DIALECTS)):
        if value not in known:
            raise WrongInput(flag, None, f"{value!r} is none of {', '.join(known)}")
    if options.limit < 0:
        raise WrongInput("--limit", None, f"{options.limit} is below 0")


def _told(labelled: Labelled, options: PhotoOptions) -> list[_Told]:
    """The products in an order of the seed, each with its text, some with an unwanted picture more."""
    dice = random.Random(options.seed)  # noqa: S311
    products = sorted(labelled.products, key=lambda product: product.key)
    dice.shuffle(products)
    unwanted = sorted(labelled.unwanted, key=lambda photo: str(photo.path))
    dice.shuffle(unwanted)
    texts = _Texts(labelled, options.language)
    told = []
    for product in products[: options.limit or None]:
        photos = product.photos
        if unwanted and dice.random() < options.unwanted_share:
            photos = (*photos, unwanted.pop())
        text, leaf = texts.of(product, dice)
        told.append(_Told(product, text, leaf, photos))
    return told


class _Texts:
    """Finds a real text for a photo."""

    def __init__(self, labelled: Labelled, language: str) -> None:
        self._texts, self._language = labelled.texts, language
        self._words = vocabulary(language)
        self._parents = {row["leaf"]: row["parent"] for row in labelled.leaves}
        self._names = {row["leaf"]: row.get(_LEAF_NAMES[language], row["leaf"]) for row in labelled.leaves}
        self._used: dict[str, int] = {}

    def of(self, product: LabelledProduct, dice: random.Random) -> tuple[Text, str | None]:
        """The product's own text, or a real one of its class; and the leaf, where it is known."""
        own = Text(
            "", product.title, product.description, product.brand, product.gender, "", product.price, product.currency
        )
        leaf = None if product.category else self._leaf(product, dice)
        if leaf and not own.title:
            own = self._next(leaf) or own
        return self._priced(own, product, leaf, dice), leaf

    def _leaf(self, product: LabelledProduct, dice: random.Random) -> str | None:
        """The leaf that the source's label names, or one of its class for which there are texts."""
        if product.garment_class in OUT_OF_SCOPE:
            return "out_of_scope"
        known = {_plain(leaf): leaf for leaf in self._parents}
        words = (_plain(product.label), _plain(product.garment_class))
        named = [known[word] for word in words if word in known]
        of_class = [leaf for leaf, parent in self._parents.items() if parent == product.garment_class]
        for leaves in (named[:1], of_class):
            stocked = [leaf for leaf in leaves if self._texts.get((self._language, leaf))]
            if stocked:
                return dice.choice(stocked)
        return named[0] if named else None

    def _next(self, leaf: str) -> Text | None:
        """Texts of a leaf in turn, so that few are given twice."""
        texts = self._texts.get((self._language, leaf))
        if not texts:
            return None
        place = self._used[leaf] = self._used.get(leaf, -1) + 1
        return texts[(place * TEXT_STEP) % len(texts)]

    def _priced(self, text: Text, product: LabelledProduct, leaf: str | None, dice: random.Random) -> Text:
        """The text with a category and a price: the stated ones, else the leaf's name and a price of its class."""
        category = text.category if not text.category.startswith("[") else ""
        price, currency = text.price, text.currency or self._words.currency
        if not re.fullmatch(r"\d+([.,]\d+)?", price):
            base = BASE_PRICES.get(product.garment_class, 50)
            price, currency = self._words.price(base * dice.uniform(0.5, 2), dice), self._words.currency
        name = self._names.get(leaf or "", "")
        return Text(text.leaf, text.title, text.description, text.brand, text.gender, category or name, price, currency)


def _plain(word: str) -> str:
    """`T-Shirts` and `t_shirt` are one."""
    return re.sub(r"[^a-z]", "", word.lower()).rstrip("s")


@dataclass
class _Maker:
    """Writes feed, pictures and truth of one shop."""

    folder: Path
    options: PhotoOptions
    stored: dict[Path, str] = field(default_factory=dict)
    written: set[str] = field(default_factory=set)

    def write(self, told: list[_Told]) -> tuple[int, int, int]:
        """Streams everything out; gives the numbers of offers, products and pictures."""
        url = shop_url(self.options.base_url, self.options.retailer)
        tree = _tree(told)
        currencies = sorted({one.text.currency for one in told})
        shop = Shop(self.options.retailer.capitalize(), url, currencies, MADE_AT, tuple(tree.values()))
        names = vocabulary(self.options.language).lists["params"]
        with ExitStack() as stack:
            offers = stack.enter_context(offers_truth(self.folder))
            pictures = stack.enter_context(pictures_truth(self.folder))
            feed = stack.enter_context(writing(self.folder / "feed.xml", self.options.feed, shop, names))
            for position, one in enumerate(told):
                files = [self._stored(photo) for photo in one.photos]
                for photo, file in zip(one.photos, files, strict=True):
                    if file not in self.written:
                        self.written.add(file)
                        pictures.add(_picture_truth(photo, file, f"{url}/{file}"))
                feed.write(_stated(one, position, tree[_path(one)], url, files))
                offers.add(_offer_truth(one, position, files))
        return len(told), len(told), len(self.written)

    def _stored(self, photo: Photo) -> str:
        """Links or copies the photo into the shop, under a name made of its bytes."""
        if photo.path not in self.stored:
            body = photo.path.read_bytes()
            suffix = next((suffix for magic, suffix in SUFFIXES.items() if body.startswith(magic)), ".jpg")
            file = picture_file(hashlib.sha256(body).hexdigest()[:32], suffix)
            target = self.folder / file
            if not target.exists():
                target.parent.mkdir(parents=True, exist_ok=True)
                try:
                    os.link(photo.path, target)
                except OSError:  # another disk, or links are not allowed there
                    shutil.copyfile(photo.path, target)
            self.stored[photo.path] = file
        return self.stored[photo.path]


def _path(one: _Told) -> tuple[str, ...]:
    return (
        one.product.category or tuple(part.strip() for part in one.text.category.split(">") if part.strip()) or ("-",)
    )


def _tree(told: list[_Told]) -> dict[tuple[str, ...], Category]:
    """Categories by path, in the order of their first product; parents come before their children."""
    nodes: dict[tuple[str, ...], Category] = {}
    for one in told:
        path = _path(one)
        for depth in range(1, len(path) + 1):
            parent = nodes[path[: depth - 1]].id if depth > 1 else None
            nodes.setdefault(path[:depth], Category(len(nodes) + 1, parent, path[:depth]))
    return nodes


def _stated(one: _Told, position: int, category: Category, url: str, files: list[str]) -> Offer:
    return Offer(
        offer_id=f"{position + 1:07d}",
        group=f"g{position + 1:07d}",
        title=one.text.title,
        description=one.text.description,
        brand=one.text.brand,
        price=one.text.price,
        old_price="",
        currency=one.text.currency,
        available=True,
        gender=one.text.gender,
        colour=one.product.colour,
        size="",
        category=category,
        pictures=tuple(f"{url}/{file}" for file in dict.fromkeys(files)),
        url=f"{url}/p/{position + 1:07d}",
    )


def _picture_truth(photo: Photo, file: str, url: str) -> dict[str, Any]:
    return {
        "file": file,
        "url": url,
        "kind": photo.kind,
        "scene": "photo",
        "seen": [{"class": garment_class, "box": list(box)} for garment_class, box in photo.seen],
        "source": f"{photo.path.parent.name}/{photo.path.name}",
    }


def _offer_truth(one: _Told, position: int, files: list[str]) -> dict[str, Any]:
    fate: str | None = PUBLISHED if one.leaf else None
    if one.leaf == "out_of_scope":
        fate = Code.TEXT_OUT_OF_SCOPE
    if not one.text.title:
        fate = Code.OFFER_NO_TITLE
    return {
        "position": position,
        "offer_id": f"{position + 1:07d}",
        "group": f"g{position + 1:07d}",
        "title": one.text.title,
        "leaf": one.leaf,
        "class": one.product.garment_class or None,
        "gender": one.text.gender or None,
        "colour": one.product.colour or None,
        "price": one.text.price,
        "pictures": list(dict.fromkeys(files)),
        "fate": fate,
    }
