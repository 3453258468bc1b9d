"""A shop as the analyst sees it: its live products, and the categories that they hang in."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from hashlib import sha256

from schemas.settings import ChoiceSettings
from udfs.rules.taxonomy import Taxonomy
from udfs.rules.wording import END, joined, written

NO_CATEGORY = "(no category)"


@dataclass(frozen=True, slots=True)
class Product:
    """A live product. `leaves`: what its text may name, likeliest first; `shown`: the class that its pictures show."""

    id: str
    title: str
    path: tuple[str, ...]
    ids: tuple[str, ...] = ()
    gender: str | None = None  # ours, as mapping rules read it
    price: Decimal | None = None
    currency: str | None = None
    url: str | None = None
    pictures: tuple[bytes, ...] = ()
    picture_url: str | None = None  # where the shop has the first of them
    leaves: tuple[tuple[str, float], ...] = ()
    shown: str | None = None
    category: str | None = None  # in the index now
    source: str | None = None  # what decided it: mapping, text, image
    refused: str | None = None  # why it is not in the index, as a code


def pictures_differ(product: Product, node: str | None, taxonomy: Taxonomy) -> bool:
    """Whether the pictures show a class that a node's products cannot have."""
    if product.shown is None or node is None or node not in taxonomy:
        return False
    return product.shown not in taxonomy.image_classes(node)


@dataclass
class Category:
    """Products of one path. Paths that a rule cannot tell apart are one category."""

    key: str
    path: tuple[str, ...]
    ids: tuple[str, ...]
    products: list[int] = field(default_factory=list)  # places in `Shop.products`

    @property
    def name(self) -> str:
        return written(self.path) or NO_CATEGORY

    @property
    def last(self) -> str:
        return next((name for name in reversed(self.path) if name and name.strip()), "")


@dataclass
class Shop:
    """All live products of one retailer, by product id."""

    retailer: str
    language: str | None
    products: Sequence[Product]
    text_from: float = ChoiceSettings().text  # probability from which a text decides, and is held against a rule

    @cached_property
    def categories(self) -> dict[str, Category]:
        found: dict[str, Category] = {}
        keys: dict[tuple[str, ...], str] = {}
        for place, product in enumerate(self.products):
            key = keys.get(product.path)
            if key is None:
                key = keys[product.path] = key_of(product.path)
            category = found.get(key)
            if category is None:
                category = found[key] = Category(key, product.path, product.ids)
            category.products.append(place)
        return found

    @cached_property
    def place_of(self) -> dict[str, int]:
        """Where each product stands in `products`, by id."""
        return {product.id: place for place, product in enumerate(self.products)}

    def sure_text(self, product: Product) -> str | None:
        """What the text says of a product, where it is sure."""
        return product.leaves[0][0] if product.leaves and product.leaves[0][1] >= self.text_from else None

    def of(self, places: Iterable[int]) -> list[Product]:
        return [self.products[place] for place in places]


def key_of(path: Sequence[str]) -> str:
    """A name for a category that an address can hold."""
    return sha256((joined(path) or END).encode()).hexdigest()[:20]
