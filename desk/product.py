"""The page of one product, and what an analyst finds wrong there."""

from typing import Any

from desk import corrections
from desk.details import Details
from desk.leaves import Leaves
from desk.shop import Product
from desk.state import Desk
from desk.work import Work
from schemas.errors import WrongInput
from udfs.rules.proposal import OUT_OF_SCOPE


def product_page(desk: Desk, work: Work, leaves: Leaves, asked: str) -> dict[str, Any]:
    """Its pictures with boxes, text and verdicts, and the products before and after it."""
    place = _place(work, asked)
    product, decided = work.shop.products[place], work.decided[place]
    around = [work.shop.products[at].id if 0 <= at < len(work.shop.products) else None for at in (place - 1, place + 1)]
    is_known = product.category is not None and product.category in work.taxonomy
    named = leaves.hit(str(product.category), work.shop.language).name if is_known else None
    details = desk.details(product)
    said = details.text.get("leaves") or [{"leaf": leaf, "probability": chance} for leaf, chance in product.leaves]
    return {"product": product, "decided": decided, "details": details, "leaves": said[:5], "named": named,
            "before": around[0], "after": around[1], "by": desk.by, **_answer(desk, details)}  # fmt: skip


def correct(desk: Desk, work: Work, form: dict[str, str]) -> dict[str, Any]:
    """Writes what is wrong, or takes it back; returns what the page then says. Raises WrongInput."""
    product = work.shop.products[_place(work, form.get("product", ""))]
    desk.by = form.get("by", "").strip() or desk.by
    details = desk.details(product)
    try:
        return _answer(desk, details, said=_written(desk, work, product, form))
    except WrongInput as error:  # said beside the product: the page stays
        return _answer(desk, details, error=str(error))


def _answer(desk: Desk, details: Details, said: str = "", error: str = "") -> dict[str, Any]:
    """What was just done, and all that is corrected of the product."""
    said, error = (text.replace(f"{desk.corrections.parent}/", "") for text in (said, error))
    pictures = {seen.picture for seen in details.pictures if seen.picture}
    try:
        found = corrections.written(desk.corrections, details.text_name, pictures)
    except WrongInput as broken:
        return {"said": said, "error": error or str(broken), "corrected": [], "by": desk.by}
    return {"said": said, "error": error, "corrected": found, "by": desk.by}


def _written(desk: Desk, work: Work, product: Product, form: dict[str, str]) -> str:
    do, leaf = form.get("do", ""), form.get("leaf", "")
    if do == "undo":
        return _taken_back(desk, product, form.get("correction", ""))
    if do == "box":
        return _wrong_box(desk, product, form.get("box", ""))
    if do == "nothing":
        leaf = OUT_OF_SCOPE
    elif do != "leaf" or leaf not in work.taxonomy:
        raise WrongInput("mapping desk", None, "the taxonomy has no such category")
    return _wrong_leaf(desk, product, leaf)


def _wrong_leaf(desk: Desk, product: Product, leaf: str) -> str:
    said = product.leaves[0][0] if product.leaves else None
    if said is None:
        raise WrongInput("mapping desk", None, "the text names nothing, so there is nothing to correct: write a rule")
    if said == leaf:
        text = f"the text says {leaf} too; what is wrong is the rule, or what the pictures show: see the view of rules"
        raise WrongInput("mapping desk", None, text)
    name = desk.details(product).text_name
    made = corrections.of_text(name, said, leaf, f"at the desk: {product.id}", desk.by)
    return f"{said} is corrected to {leaf} in {corrections.add(desk.corrections, made)}"


def _wrong_box(desk: Desk, product: Product, asked: str) -> str:
    """`asked`: the number of a chosen box among those of all pictures, as the page counts them."""
    chosen = [(seen.picture, box) for seen in desk.details(product).pictures for box in seen.boxes if box.chosen]
    if not asked.isdecimal() or int(asked[:4]) >= len(chosen):
        raise WrongInput("mapping desk", None, "no box of this product is in the index")
    picture, box = chosen[int(asked)]
    made = corrections.of_box(picture or b"", product.category or "", box.name, box.corners, desk.by)
    return f"the box is marked as wrong in {corrections.add(desk.corrections, made)}"


def _taken_back(desk: Desk, product: Product, key: str) -> str:
    found = next((one for one in _answer(desk, desk.details(product))["corrected"] if one.key == key), None)
    if found is None:
        raise WrongInput("mapping desk", None, "that is not corrected any more; load the page again")
    if found.by != desk.by:
        raise WrongInput("initials", None, f"{found.by} wrote this; only the same initials take it back here")
    return f"taken back from {corrections.remove(desk.corrections, found)}: {found.said}"


def _place(work: Work, asked: str) -> int:
    place = work.shop.place_of.get(asked)
    if place is None:
        raise WrongInput("mapping desk", None, f"{asked[:80]}: the shop has no such product now")
    return place
