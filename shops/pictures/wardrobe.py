"""Which garments can be drawn, and how each is cut for a scene."""

from collections.abc import Callable

from shops.pictures import accessories, bottoms
from shops.pictures.tailor import Garment, Look
from shops.pictures.tops import CUTS, upper

LAYING_ANGLE = 0.34
"""Sleeves of a garment on a table or hanger, in radians from hanging straight down."""

CLASS_OF: dict[str, str] = {
    **dict.fromkeys(("t_shirt", "polo", "shirt", "blouse", "tank_top", "tunic", "sweater", "cardigan", "hoodie", "sweatshirt", "vest"), "top"),
    **dict.fromkeys(("jacket", "blazer", "denim_jacket", "leather_jacket", "down_jacket", "bomber_jacket", "coat", "trench_coat", "parka"), "outerwear"),
    "dress": "dress",
    "jumpsuit": "dress",
    "skirt": "skirt",
    **dict.fromkeys(("trousers", "jeans", "leggings", "joggers"), "trousers"),
    "shorts": "shorts",
    **dict.fromkeys(("sneakers", "boots", "pumps", "sandals", "loafers"), "shoes"),
    **dict.fromkeys(("tote_bag", "handbag", "shoulder_bag", "backpack", "clutch"), "bag"),
    **dict.fromkeys(("cap", "hat", "knit_cap"), "hat"),
    "sunglasses": "eyewear",
}  # fmt: skip
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
