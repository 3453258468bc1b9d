"""Looks of garments by chance: colours, patterns and cloths as shops have them, and what is worn together."""

import random

from shops.pictures.fabrics import COLOURS
from shops.pictures.tailor import Look
from shops.pictures.wardrobe import CLASS_OF

_WEAVES = {
    "sweater": "knit", "cardigan": "knit", "knit_cap": "rib", "jeans": "denim", "denim_jacket": "denim",
    "leather_jacket": "leather", "boots": "leather", "pumps": "leather", "loafers": "leather", "sandals": "leather",
    "handbag": "leather", "shoulder_bag": "leather", "clutch": "leather", "sunglasses": "smooth",
    "leggings": "smooth", "down_jacket": "smooth",
}  # fmt: skip
_SOLID = {
    "leather_jacket", "denim_jacket", "jeans", "down_jacket", "bomber_jacket", "boots", "pumps", "loafers", "sandals",
    "sneakers", "handbag", "shoulder_bag", "sunglasses", "parka", "trench_coat", "hat", "joggers",
}  # fmt: skip
"""Of one colour in nearly every shop."""

_PATTERNS = ("stripes", "check", "tartan", "dots", "floral", "melange", "pinstripes", "zigzag", "camouflage")
_PRINTABLE = {"t_shirt", "sweatshirt", "hoodie", "tank_top"}
_DENIM = ("blue", "navy", "light_blue", "black", "grey", "white")
_WOMEN_ONLY_CLASSES = {"dress", "skirt"}
_WOMEN_ONLY_LEAVES = {"pumps", "blouse", "clutch", "tunic"}


EXTRAS = (
    (0.2, ("handbag", "tote_bag", "shoulder_bag")),
    (0.12, ("hat", "cap", "knit_cap")),
    (0.1, ("sunglasses",)),
)
"""What some figures carry, and how often."""


def leaves_for(gender: str) -> list[str]:
    """The leaves that a shop sells to a gender (women, men, unisex)."""
    if gender == "women":
        return list(CLASS_OF)
    return [leaf for leaf, of in CLASS_OF.items() if of not in _WOMEN_ONLY_CLASSES and leaf not in _WOMEN_ONLY_LEAVES]


def drawn_look(dice: random.Random, leaf: str) -> Look:
    """A look of that leaf."""
    colour = dice.choice(_DENIM if _WEAVES.get(leaf) == "denim" else list(COLOURS))
    second = dice.choice([other for other in COLOURS if other != colour])
    plain = 0.96 if leaf in _SOLID else 0.5
    pattern = "plain" if dice.random() < plain else dice.choice(_PATTERNS)
    if leaf in _PRINTABLE and pattern == "plain" and dice.random() < 0.5:
        pattern = "print"
    weave = _WEAVES.get(leaf) or dice.choices(("plain", "rib", "fleece"), (0.85, 0.1, 0.05))[0]
    if leaf in {"dress", "blouse"} and dice.random() < 0.1:
        weave = "lace"
    return Look(leaf, CLASS_OF[leaf], colour, second, pattern, weave, dice.randrange(10_000))


def dressed_with(look: Look, dice: random.Random) -> tuple[Look, ...]:
    """The look with what a figure wears beside it, so that no part of the figure is left bare."""
    worn = {look.garment_class: look}

    def add(*leaves: str) -> None:
        leaf = dice.choice(leaves)
        worn.setdefault(CLASS_OF[leaf], drawn_look(dice, leaf))

    if "dress" not in worn:
        if not {"skirt", "trousers", "shorts"} & set(worn):
            add("trousers", "jeans", "jeans", "skirt", "shorts")
        add("t_shirt", "shirt", "sweater", "blouse", "tank_top")
    if dice.random() < 0.2 and look.garment_class not in {"top", "dress"}:
        add("jacket", "blazer", "coat", "denim_jacket")
    add("sneakers", "boots", "pumps", "loafers")
    for chance, leaves in EXTRAS:
        if dice.random() < chance:
            add(*leaves)
    return tuple(worn.values())
