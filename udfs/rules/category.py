"""Decides the category of a product from mapping, text and pictures, in the order of the retailer's spec."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from schemas.rejects import Code
from schemas.settings import ChoiceSettings
from udfs.rules.joined import Case
from udfs.rules.map_categories import verdicts_of
from udfs.rules.mapping import IGNORED, MAPPED, Decision, decide
from udfs.rules.taxonomy import Taxonomy
from udfs.text.gender import stated

OUT_OF_SCOPE = "out_of_scope"

_CHILD_OF = {"women": "girls", "men": "boys"}


@dataclass(frozen=True)
class Category:
    """A taxonomy code with its source (mapping, text, image), or why there is none."""

    node: str | None = None
    source: str | None = None
    code: Code | None = None
    detail: str | None = None


def gender_of(product: dict[str, Any], settings: ChoiceSettings) -> str | None:
    """The gender that the shop states, with its age group; otherwise that of the text, if the text is confident."""
    gender, age = stated(product["gender"]), stated(product["age"])
    if age in ("girls", "boys", "kids"):
        return _CHILD_OF.get(gender or "", gender if gender in ("girls", "boys") else age)
    if gender is not None:
        return gender
    sure = (product["text_gender_probability"] or 0.0) >= settings.text
    return product["text_gender"] if sure else None


def category_of(
    product: dict[str, Any],
    kept: Sequence[dict[str, Any]],
    order: Sequence[str],
    taxonomy: Taxonomy,
    settings: ChoiceSettings,
) -> Category:
    """The category of a product, a row of `schemas.choice.PRODUCTS_TO_CHOOSE`, from what its kept pictures show.

    An ignoring rule wins over every other source; a mapping rule wins over a text that is out of scope. Pictures know
    only garments, so they decide nothing if the text suggests `out of scope`. Where the text alone is not sure, it is
    joined with the pictures to one probability (`udfs.rules.joined`), in the place of `image` in the order, if these
    show something.
    """
    mapped = _mapped(product, gender_of(product, settings)) if "mapping" in order else Decision("unmapped")
    if mapped.kind == IGNORED:
        return Category(code=Code.MAPPING_IGNORED, detail=f"{mapped.rule}: {mapped.reason}")
    text, probability = product["text_leaf"], product["text_probability"] or 0.0
    foreign = text == OUT_OF_SCOPE and probability >= settings.out_of_scope
    if foreign and mapped.kind != MAPPED and "text" in order:
        return Category(code=Code.TEXT_OUT_OF_SCOPE, detail=f"the text says so, with probability {probability:.2f}")
    leans_away = text == OUT_OF_SCOPE and probability >= settings.leans_out_of_scope
    said = {
        "mapping": mapped.node,
        "text": text if probability >= settings.text else None,
    }
    for source in order:
        if source == "image":
            reads = "text" in order
            if not leans_away and (found := _joined(product, kept, reads, taxonomy, settings)) is not None:
                return found
        elif (node := said[source]) is not None and node in taxonomy:
            return Category(node, source)
    return Category(code=Code.NO_CATEGORY, detail=_unsure(text, probability))


def _joined(
    product: dict[str, Any], kept: Sequence[dict[str, Any]], reads: bool, taxonomy: Taxonomy, settings: ChoiceSettings
) -> Category | None:
    """What text and pictures say together; None where pictures show no class that is sold. `reads`: the text counts."""
    depicts = shown(kept, settings)
    if depicts is None or taxonomy.from_image_class(depicts) is None:
        return None
    best = [(each["leaf"], each["probability"]) for each in product["text_leaves"] or ()] if reads else []
    node = Case(best, kept, taxonomy).likeliest(settings.text_within)
    return Category(node, "image" if depicts in taxonomy.image_classes(node) else "text")


def shown(pictures: Sequence[dict[str, Any]], settings: ChoiceSettings) -> str | None:
    """The class that most of the pictures show; None where no class has half of those that show one."""
    votes = Counter(vote for picture in pictures if (vote := _vote(picture, settings)) is not None)
    if not votes:
        return None
    name, count = min(votes.items(), key=lambda item: (-item[1], item[0]))
    return name if 2 * count >= votes.total() else None


def _vote(picture: dict[str, Any], settings: ChoiceSettings) -> str | None:
    """The class of a single-garment picture; else that of its boxes, where all are of one class."""
    if picture["depicts"] is not None and (picture["depicts_score"] or 0.0) >= settings.image:
        return picture["depicts"]
    classes = {box["class"] for box in picture["boxes"] or () if (box["score"] or 0.0) >= settings.image}
    return classes.pop() if len(classes) == 1 else None


def _mapped(product: dict[str, Any], gender: str | None) -> Decision:
    return decide(verdicts_of(product["verdicts"]), product["title"], gender)


def _unsure(text: str | None, probability: float) -> str:
    return f"the text suggests {text}, with probability {probability:.2f}" if text else "the text suggests nothing"
