"""Which box of a picture is on sale, and the keys made of it."""

import hashlib
import struct

from hypothesis import given
from hypothesis import strategies as st

from tests.udfs.rules.choosing import SETTINGS, box
from udfs.rules.on_sale import WHOLE, Cut, cuts, garment_id, vector_key, why

CORNERS = st.tuples(*[st.floats(0, 1, width=32)] * 4)
BOXES = st.lists(
    st.builds(box, st.sampled_from(["top", "skirt", "hat"]), st.floats(0, 1, width=32), CORNERS), max_size=6
)
PIECES = st.lists(st.sampled_from([("top",), ("skirt", "hat"), ("bag",)]), unique=True, max_size=3)


def best(*boxes: dict, piece: tuple[str, ...] = ("outerwear", "top")) -> Cut:
    (cut,) = cuts({"boxes": list(boxes)}, [piece], SETTINGS)
    return cut


def test_the_garment_on_sale_fills_its_picture() -> None:
    large, small = (0.1, 0.1, 0.9, 0.9), (0.0, 0.0, 0.1, 0.1)
    assert best(box("top", 0.95, small), box("top", 0.8, large)).box == large


def test_a_coat_counts_before_the_shirt_beneath_but_not_its_shadow() -> None:
    shirt, coat, shadow = (0.4, 0.2, 0.6, 0.5), (0.2, 0.1, 0.8, 0.8), (0.9, 0.9, 1.0, 1.0)
    assert best(box("top", 0.9, shirt), box("outerwear", 0.7, coat)).box == coat
    assert best(box("top", 0.9, coat), box("outerwear", 0.31, shadow)).name == "top"


def test_weak_and_tiny_boxes_do_not_count() -> None:
    assert best(box("top", 0.07), box("top", 0.9, (0.0, 0.0, 0.04, 0.04))) == Cut(0, None, WHOLE, 0.0)


def test_where_no_box_is_sure_the_unsure_ones_of_the_piece_are_taken_together() -> None:
    """The two halves of a pair of glasses on white, each found by itself, and a corner that is hardly seen."""
    left, right, corner = (0.1, 0.3, 0.5, 0.6), (0.4, 0.35, 0.9, 0.7), (0.0, 0.0, 0.1, 0.1)
    halves = [box("top", 0.2, left), box("outerwear", 0.1, right), box("top", 0.09, corner), box("hat", 0.29)]
    assert best(*halves) == Cut(0, "outerwear", (0.1, 0.3, 0.9, 0.7), 0.2)
    assert best(*halves, box("top", 0.3, corner)) == Cut(0, "top", corner, 0.3), "a sure one stands alone"
    assert best(box("top", 0.08, left), box("top", 0.04, right)) == Cut(0, "top", (0.1, 0.3, 0.9, 0.7), 0.08)
    assert best(box("top", 0.08, left), box("top", 0.03, right)) == Cut(0, "top", left, 0.08)


def test_an_unsure_piece_of_a_set_is_cut_out_beside_a_sure_one() -> None:
    top, skirt = (0.0, 0.0, 1.0, 0.5), (0.0, 0.5, 1.0, 1.0)
    pieces = [("top",), ("skirt",)]
    found = cuts({"boxes": [box("skirt", 0.75, skirt), box("top", 0.1, top)]}, pieces, SETTINGS)
    assert found == [Cut(0, "top", top, 0.1), Cut(1, "skirt", skirt, 0.75)]


@given(BOXES, PIECES, st.randoms(use_true_random=False))
def test_each_piece_has_at_most_one_box_and_order_does_not_matter(boxes: list, pieces: list, dice: object) -> None:
    found = cuts({"boxes": boxes}, pieces, SETTINGS)
    shuffled = list(boxes)
    dice.shuffle(shuffled)  # type: ignore[attr-defined]
    assert cuts({"boxes": shuffled}, pieces, SETTINGS) == found
    assert len({cut.place for cut in found}) == len(found) >= 1
    assert all(cut.name is None or cut.name in pieces[cut.place] for cut in found)


def test_the_vector_key_is_what_the_docs_say() -> None:
    picture = b"p" * 32
    expected = hashlib.sha256(picture + struct.pack("<4i", 0, 1234, 5000, 10_000)).digest()
    assert vector_key(picture, (0.0, 0.12341, 0.5, 1.0)) == expected
    assert vector_key(picture, (0.00004, 0.1234, 0.49996, 1.0)) == expected
    assert vector_key(picture, (0.0002, 0.1234, 0.5, 1.0)) != expected


def test_garment_ids_differ_by_product_picture_and_place() -> None:
    one, other = b"p" * 32, b"q" * 32
    ids = {
        garment_id(product, picture, place)
        for product in ("a:1", "a:2")
        for picture in (one, other)
        for place in (0, 1)
    }
    assert len(ids) == 8
    assert all(len(value) == 32 for value in ids)


def test_a_garment_id_is_what_the_docs_say() -> None:
    expected = hashlib.sha256(b"a:1\x00" + b"p" * 32 + b"\x002").hexdigest()[:32]
    assert garment_id("a:1", b"p" * 32, 2) == expected


def test_a_box_counts_from_its_score_and_its_area() -> None:
    bounds = SETTINGS.model_copy(update={"box": 0.5, "box_unsure": 0.5, "box_area": 0.25})
    low = (0.25, 0.25, 0.75, 0.75)

    def found(one: dict) -> Cut:
        (cut,) = cuts({"boxes": [one]}, [("top",)], bounds)
        return cut

    assert found(box("top", 0.5, low)) == Cut(0, "top", low, 0.5)
    assert found(box("top", 0.49, low)).name is None
    assert found(box("top", 0.5, (0.25, 0.25, 0.75, 0.74))).name is None
    assert found(box("top", 0.5, (0.5, 0.75, 1.0, 1.0))).name is None, "its height counts, not where it lies"
    assert found(box("top", 0.5, (0.75, 0.5, 1.0, 1.0))).name is None
    assert found(box("top", 0.5, (0.9, 0.0, 0.1, 1.0))).name is None, "one that is turned around has no area"
    for broken in ({"score": None}, {"box": None}, {"score": float("nan")}, {"box": (0.0, 0.0, float("inf"), 1.0)}):
        assert found(box("top", 0.9, low) | broken) == Cut(0, None, WHOLE, 0.0)


def test_each_piece_of_a_set_is_cut_out_in_its_place() -> None:
    top, skirt = (0.0, 0.0, 1.0, 0.5), (0.0, 0.5, 1.0, 1.0)
    picture = {"boxes": [box("skirt", 0.75, skirt), box("top", 0.5, top)]}
    assert cuts(picture, [("bag",), ("top",), ("skirt",)], SETTINGS) == [
        Cut(1, "top", top, 0.5), Cut(2, "skirt", skirt, 0.75),
    ]  # fmt: skip
    assert cuts({"boxes": None}, [("top",)], SETTINGS) == [Cut(0, None, WHOLE, 0.0)]


def test_the_next_class_of_a_piece_counts_half() -> None:
    coat, shirt = (0.0, 0.0, 0.5, 0.5), (0.5, 0.5, 1.0, 1.0)
    assert best(box("outerwear", 0.5, coat), box("top", 0.99, shirt)).name == "outerwear"
    assert best(box("outerwear", 0.49, coat), box("top", 1.0, shirt)).name == "top"


def test_why_a_box_was_cut_is_said_with_what_else_was_there() -> None:
    settings = SETTINGS
    boxes = [
        {"class": name, "score": score, "box": [0.1, 0.1, 0.6, 0.9]}
        for name, score in (("dress", 0.8), ("dress", 0.6), ("shoes", 0.9), ("bag", settings.box_unsure / 2))
    ]
    pieces = [("dress", "top")]
    assert why("dress", 0.8, boxes, pieces, settings) == (
        "dress 0.80, asked for: dress, top; the best of 2 such boxes; beside it: shoes 0.90"
    )
    assert why(None, 0.0, boxes[2:], pieces, settings) == "whole picture: no box of dress, top; beside it: shoes 0.90"
    assert why(None, 0.0, boxes[2:] * 5, [], settings) == (
        "whole picture: no class of box shows this category; beside it: shoes 0.90, shoes 0.90, shoes 0.90, "
        "shoes 0.90 and 1 more"
    )
    unsure = settings.box - 0.01
    faint = [box | {"score": unsure} for box in boxes[:2]]
    assert why("dress", unsure, faint, pieces, settings).endswith(
        f"unsure (below choice.box {settings.box}), what 2 such boxes cover together"
    )
    assert why("dress", unsure, faint[:1], pieces, settings).endswith(f"unsure (below choice.box {settings.box})")
    sets = [("top",), ("trousers", "shorts")]
    assert why("trousers", 0.7, boxes[2:3], sets, settings).startswith("trousers 0.70, asked for: trousers, shorts;")
