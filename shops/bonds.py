"""Products and how two styles can belong together: worn as one outfit, or one listed again as the other."""

import hashlib
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from schemas.rejects import Code
from shops.looks import drawn_look
from shops.pictures.repeats import KINDS
from shops.pictures.tailor import Look

WORN_TOGETHER = {"top", "outerwear", "skirt", "trousers", "shorts"}
"""Classes of which one above and one below make an outfit."""


class Bond(StrEnum):
    """How the two styles of a pair belong together."""

    NONE = "none"
    OUTFIT = "outfit"  # sold apart, worn together on a picture that both rightly show
    RELISTED = "relisted"  # the second is the first again under another id, with near copies of its pictures


@dataclass(frozen=True)
class PictureSpec:
    """A picture that is to be drawn. `scene` says how, `kind` what the image filter should call it."""

    name: str
    kind: str  # one of SCREEN_CLASSES, or out_of_scope
    scene: str  # flat, hanger, worn, outfit, repeat, or the kind
    looks: tuple[Look, ...]
    seed: str
    repeats: str | None = None  # name of the original
    repeat_kind: str | None = None
    fault: Code | None = None
    thing: str | None = None


@dataclass(frozen=True)
class SizedOffer:
    """One offer of a product. `fault` is why it will be turned away."""

    offer_id: str
    size: str
    available: bool
    fault: Code | None = None


@dataclass(frozen=True)
class Product:
    """One colour of a style: what the index knows as a product."""

    group: str
    look: Look | None  # None for goods that are no garment
    gender: str
    title: str
    description: str
    brand: str
    code: str
    price: str
    old_price: str | None
    colour: str
    thing: str | None
    pictures: tuple[PictureSpec, ...]
    offers: tuple[SizedOffer, ...]
    same_as: str | None = None  # group of the style that this one relists


def picture_name(*place: object) -> str:
    """The file name of a picture: it says nothing of what the picture shows."""
    text = "/".join(map(str, place))
    return hashlib.blake2b(text.encode(), digest_size=12).hexdigest()


def _in_order(product: Product) -> bool:
    """Whether the product is a garment with a picture that shows it."""
    return product.look is not None and any(spec.kind == "wanted" for spec in product.pictures)


def worn_together(
    first: Sequence[Product], second: Sequence[Product], seed: str
) -> tuple[list[Product], list[Product]]:
    """Both styles with one more picture, on which a figure wears the first colour of each."""
    one, other = first[0].look, second[0].look
    if not one or not other or not _in_order(first[0]) or not _in_order(second[0]):
        return list(first), list(second)
    if not {one.garment_class, other.garment_class} <= WORN_TOGETHER:
        return list(first), list(second)
    dice = random.Random(seed)  # noqa: S311
    looks = (one, other, drawn_look(dice, "sneakers"))
    spec = PictureSpec(picture_name(seed), "wanted", "outfit", looks, seed)
    one_more, other_more = (replace(side[0], pictures=(*side[0].pictures, spec)) for side in (first, second))
    return [one_more, *first[1:]], [other_more, *second[1:]]


def relisted(first: Sequence[Product], second: Sequence[Product], seed: int) -> list[Product]:
    """The second style with near copies of the first one's wanted pictures in place of its own."""
    again = []
    for original, product in zip(first, second, strict=False):
        if not _in_order(original) or not _in_order(product):
            again.append(product)
            continue
        copied = [spec for spec in original.pictures if spec.kind == "wanted" and not spec.repeats and not spec.fault]
        specs = tuple(_copy_of(spec, random.Random(f"{seed}/{spec.name}"), seed) for spec in copied)  # noqa: S311
        again.append(replace(product, pictures=specs, same_as=original.group))
    return again


def _copy_of(spec: PictureSpec, dice: random.Random, seed: int) -> PictureSpec:
    name = picture_name(seed, spec.name, "again")
    return replace(spec, name=name, scene="repeat", repeats=spec.name, repeat_kind=dice.choice(KINDS))
