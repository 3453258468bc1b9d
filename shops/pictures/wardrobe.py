"""Which garments can be drawn, and how each is cut for a scene."""

from collections.abc import Callable

from shops.pictures import accessories, bottoms
from shops.pictures.cuts import CUTS
from shops.pictures.tailor import Garment, Look
from shops.pictures.tops import upper

LAYING_ANGLE = 0.34
"""Sleeves of a garment on a table or hanger, in radians from hanging straight down."""

LEAVES_OF: dict[str, tuple[str, ...]] = {
    "top": (
        "t_shirt", "polo", "shirt", "blouse", "tank_top", "tunic", "sweater", "cardigan", "hoodie",
        "sweatshirt", "vest",
    ),
    "outerwear": (
        "jacket", "blazer", "denim_jacket", "leather_jacket", "down_jacket", "bomber_jacket", "coat",
        "trench_coat", "parka",
    ),
    "dress": ("dress", "jumpsuit"),
    "skirt": ("skirt",),
    "trousers": ("trousers", "jeans", "leggings", "joggers"),
    "shorts": ("shorts",),
    "shoes": ("sneakers", "boots", "pumps", "sandals", "loafers"),
    "bag": ("tote_bag", "handbag", "shoulder_bag", "backpack", "clutch"),
    "hat": ("cap", "hat", "knit_cap"),
    "eyewear": ("sunglasses",),
}  # fmt: skip
"""The detector's classes with the leaves of the taxonomy that can be drawn."""

CLASS_OF = {leaf: garment_class for garment_class, leaves in LEAVES_OF.items() for leaf in leaves}
"""Leaf of the taxonomy to the detector's class."""

_BOTTOMS: dict[str, Callable[[Look], Garment]] = {
    "skirt": bottoms.skirt,
    "trousers": bottoms.trousers,
    "shorts": bottoms.shorts,
    "shoes": accessories.shoes,
    "bag": accessories.bag,
    "hat": accessories.hat,
    "eyewear": accessories.eyewear,
}


def cut(look: Look, angle: float = LAYING_ANGLE) -> Garment:
    """The garment of a look; `angle` is how far its sleeves are from its body."""
    if look.leaf == "dress":
        return bottoms.dress(look, angle)
    if look.leaf == "jumpsuit":
        return bottoms.jumpsuit(look, angle)
    if look.leaf in CUTS:
        return upper(look, angle)
    return _BOTTOMS[look.garment_class](look)
