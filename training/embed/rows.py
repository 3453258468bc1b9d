"""What the embedding learns from: photos of products and their cuts, single garments, boxes of street photos.

Whole sources and senders are kept out. `TEST` and the garments that the filter's split holds back are scored once;
`CHOICE` are the sources that every choice was made on, which the release learns from too.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from training.data.corrections import garment_pictures
from training.data.labelled import Kind, Picture, kind_of, read_folder
from training.data.split import GARMENTS_SALT, Part, part_of
from training.data.street import read_street
from training.data.tables import read_rows
from training.data.views import View, read_views
from udfs.pictures.crops import WHOLE
from udfs.pictures.detect import CLASSES as BOXED
from udfs.pictures.detect import Detection

TEST = frozenset(("areostep", "bagshop", "jeffshirts", "lamoda", "nest", "teslo")) | frozenset(
    ("dnsptr", "dp2525", "murad", "stepup", "sweet", "wm")
)
CHOICE = frozenset(("linfaya", "fourmen", "ikna", "xardas", "laskala", "spao", "anvogue", "sda", "olenka"))

BRANDED = "kagglefp"
"""A source of products whose photos also stand among single garments, which are split by brand."""
CUT_SCORE, MOST_CUTS = 0.3, 3
BOXES_A_CLASS = 400
NAMED_CUT, OTHER_CUT, STREET = 0.7, 0.3, 0.4
"""How much cuts that are of the product's class, other cuts, and boxes of street photos count for the class."""

CLASSES = {
    "accessory": r"ties?|gloves?|headbands?",
    "bag": r"bags?|handbags?|wallets?|backpacks?|clutch(es)?|totes?|duffel|pouch|carteras?|rucksacks?|purses?|túi",
    "belt": r"belts?",
    "dress": r"dress(es)?|gowns?|vestidos?",
    "eyewear": r"sunglasses|eyeglasses|eyewear|glasses",
    "hat": r"hats?|caps?|beanies?|шапк\w+|headwear|brim|gorra",
    "jewellery": r"watch(es)?|jewelry|jewellery|earrings?|necklaces?|bracelets?|rings?",
    "legwear": r"socks?|stockings?|tights",
    "outerwear": r"jackets?|coats?|blazers?|outerwears?|parkas?|anoraks?|overcoats?|jaket|tapados?|campera",
    "scarf": r"scarf|scarves|mufflers?|stoles?|dupatta|bandana",
    "shoes": r"shoes?|heels?|sandals?|flats|flip|sneakers?|boots?|footwears?|loafers?|slides?|slippers?",
    "shorts": r"shorts?|bermudas?",
    "skirt": r"skirts?|faldas?|polleras?",
    "top": r"t-?shirts?|shirts?|tees?|tops?|blouses?|sweaters?|hoodies?|polos?|tanks?|cardigans?|sweatshirts?|jumpers?"
    r"|pullovers?|crewneck|kurtas?|kurtis?|tunics?|remeras?|buzos?|camisas?|cami|henley|knit|blusas?",
    "trousers": r"pants?|trousers|jeans?|leggings?|chinos?|joggers?|pantalones?|capris|sweatpants?|slacks|팬츠",
    "underwear": r"briefs?|trunks?|boxers?|underwear|bra|lingerie|bikini",
}
NAMES = {name: re.compile(rf"\b(?:{words})\b") for name, words in CLASSES.items()}
SEVERAL = re.compile(r"suit|set\b|jumpsuit|swim|romper|bed|electronic|decor|luggage|fitness|shirt ?dress|boxer short")
"""Beside these words a name is part of another thing's, or of two."""


def class_in_words(title: str, category: str) -> str | None:
    """The one class that the category's last part names, else the title, else the whole category."""
    for text in (category.rpartition("/")[2], title, category):
        said = text.lower().replace("dress shirt", "shirt").replace("short sleeve", "")
        if SEVERAL.search(said):
            return None
        found = [name for name, words in NAMES.items() if words.search(said)]
        if len(found) == 1:
            return found[0]
    return None


@dataclass(frozen=True)
class Row:
    """A box of a photo; `product` None: of no product; `label` None: of no known class."""

    path: Path
    box: Sequence[float]
    source: str
    product: str | None = None
    label: str | None = None
    weight: float = 1.0


@dataclass
class Material:
    """Everything there is: `views` and `garments` whole, and what is learnt from beside them."""

    views: list[View] = field(default_factory=list)
    labels: dict[str, str | None] = field(default_factory=dict)
    brands: dict[str, str] = field(default_factory=dict)
    garments: list[Picture] = field(default_factory=list)
    colours: dict[Path, str] = field(default_factory=dict)
    boxes: list[Row] = field(default_factory=list)

    @classmethod
    def of(cls, folders: Sequence[Path], seed: int) -> "Material":
        """Read the folders; of street boxes `BOXES_A_CLASS` of each class are drawn by `seed`."""
        found = cls()
        boxes: list[Row] = []
        for folder in folders:
            kind = kind_of(folder)
            if kind is Kind.CATALOG:
                found.views.extend(read_views(folder))
                for row in read_rows(folder / "products.tsv"):
                    product = f"{row['source']}/{row['product_id']}"
                    found.labels[product] = class_in_words(row["title"], row["category"])
                    found.brands[product] = row["brand"]
            elif kind is Kind.GARMENTS:
                found.garments.extend(p for p in garment_pictures(read_folder(folder)[1]) if p.label in CLASSES)
                for row in read_rows(folder / "index.tsv"):
                    found.colours[folder / "images" / row["file"]] = row.get("colour", "")
            elif kind is Kind.STREET:
                boxes.extend(_street(folder))
        found.boxes = _drawn(boxes, seed)
        return found

    def held_back_garments(self) -> np.ndarray:
        """bool [garments]: those of the senders and brands that the filter's split holds back."""
        return np.array([part_of(picture.group, GARMENTS_SALT) is Part.VALIDATION for picture in self.garments], bool)

    def learnable(self, without: frozenset[str]) -> list[View]:
        """The views of all sources but `without`, less products of brands whose single garments are held back."""
        held = zip(self.garments, self.held_back_garments(), strict=True)
        brands = {picture.group.partition("/")[2] for picture, back in held if back and picture.group[:6] == "brand/"}
        return [
            view
            for view in self.views
            if view.source not in without and not (view.source == BRANDED and self.brands[view.product] in brands)
        ]


def _street(folder: Path) -> Iterator[Row]:
    for photo in read_street(folder):
        for box, place in zip(photo.boxes.tolist(), photo.classes.tolist(), strict=True):
            yield Row(photo.path, box, photo.source, None, BOXED[place], STREET)


def _drawn(boxes: list[Row], seed: int) -> list[Row]:
    kept: dict[str | None, list[int]] = {}
    for place in np.random.default_rng(seed).permutation(len(boxes)).tolist():
        kept.setdefault(boxes[place].label, []).append(place)
    return [boxes[place] for place in sorted(place for found in kept.values() for place in found[:BOXES_A_CLASS])]


def cuts(views: Sequence[View], seen: Sequence[Sequence[Detection]], labels: dict[str, str | None]) -> list[Row]:
    """The surest box of each class in each view, at most `MOST_CUTS`; those of the product's class are views of it."""
    rows = []
    for view, found in zip(views, seen, strict=True):
        best: dict[str, Detection] = {}
        for garment in found:
            if garment.score >= CUT_SCORE:
                best.setdefault(garment.name, garment)
        for name, garment in list(best.items())[:MOST_CUTS]:
            own = labels.get(view.product) == name
            product = view.product if own else None
            rows.append(Row(view.path, garment.box, view.source, product, name, NAMED_CUT if own else OTHER_CUT))
    return rows


def whole(views: Sequence[View], labels: dict[str, str | None]) -> list[Row]:
    """The views as rows."""
    return [Row(view.path, WHOLE, view.source, view.product, labels.get(view.product)) for view in views]
