"""What is told of garments whose text, picture and boxes differ."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from jobs.answers.disagreement import _of_boxes, disagree, disagreeing, shows
from jobs.answers.report_pictures import Pictures
from jobs.live.functions import classify_function, detect_function, screen_function
from schemas.settings import ChoiceSettings
from schemas.table import DONE
from schemas.tables import BOXES, SCREENS, TEXTS
from tests.jobs.lake_of_offers import Shops
from tests.udfs.rules.mappings import TAXONOMY

TOP, HAT, SHOES, TIE = 1, 2, 4, 8
FOUND = TOP | HAT | SHOES
"""A tie has no box."""

BOX = (0.1, 0.1, 0.9, 0.9)


@pytest.mark.parametrize(
    ("text", "picture", "box", "expected"),
    [
        (SHOES, SHOES, SHOES, False),
        (SHOES, HAT, 0, True),
        (SHOES, 0, HAT, True),
        (0, SHOES, HAT, True),
        (SHOES, HAT, SHOES | HAT, True),
        (SHOES, SHOES, SHOES | TOP, False),  # worn with other things
        (TOP | SHOES, TOP, 0, False),
        (SHOES, 0, 0, False),
        (0, 0, HAT, False),
        (0, 0, 0, False),
        (TIE, TIE, TOP, False),  # beside what has no box, a shirt's box says nothing
        (TIE, TOP, TOP, True),
    ],
)
def test_two_that_have_nothing_in_common_disagree(text: int, picture: int, box: int, expected: bool) -> None:
    (found,) = disagree(*(np.array([mask], np.int64) for mask in (text, picture, box)), FOUND)
    assert found == expected


def test_boxes_speak_where_one_is_sure_and_all_that_may_be_a_garment_do() -> None:
    kind = BOXES.schema.field("boxes").type
    rows = [
        [_box("hat", 0.9), _box("shoes", 0.1)],
        None,
        [],
        [_box("shoes", 0.4)],
        [_box("hat", 0.6), _box("shoes", 0.05)],
    ]
    found = _of_boxes(pa.chunked_array([pa.array(rows, kind)]), ChoiceSettings(), {"hat": HAT, "shoes": SHOES})
    assert found.tolist() == [HAT | SHOES, 0, 0, 0, HAT]


def test_a_category_may_be_shown_by_what_the_taxonomy_says() -> None:
    assert shows(TAXONOMY, "culottes") >= {"trousers", "skirt", "shorts"}
    assert "hat" not in shows(TAXONOMY, "dress")


class Garments:
    """A catalog of products with one garment each."""

    pictures = pa.table({"picture": pa.array([], pa.binary(32)), "product": pa.array([], pa.int64())})

    def __init__(self, rows: list[dict[str, Any]]) -> None:
        self._rows = pa.Table.from_pylist(rows)
        keys = pa.chunked_array([pa.array([row["product_id"].encode().ljust(32, b".") for row in rows], pa.binary(32))])
        self.products = pa.table({"product_id": self._rows["product_id"], "text_key": keys})

    def garments(self) -> pa.Table:
        return self._rows


def test_garments_that_disagree_are_told_the_surest_first(tmp_path: Path) -> None:
    shops = Shops(tmp_path, shop=[])
    night = shops.night()
    said = {  # text, picture, boxes
        "agrees": ("boots", 0.9, "shoes", 0.9, [_box("shoes", 0.9)]),
        "hat": ("boots", 0.9, "hat", 0.8, [_box("hat", 0.9)]),
        "surer": ("boots", 0.95, "hat", 0.97, []),
        "unsure": ("boots", 0.5, "hat", 0.9, [_box("hat", 0.2)]),
        "foreign": ("out_of_scope", 0.99, "hat", 0.9, [_box("hat", 0.9)]),
    }
    for table, function, row in (
        (TEXTS, classify_function, lambda one: {"leaf": one[0], "probability": one[1]}),
        (SCREENS, screen_function, lambda one: {"depicts": one[2], "depicts_score": one[3]}),
        (BOXES, detect_function, lambda one: {"boxes": one[4]}),
    ):
        key = table.key[0]
        shops.write(table, [
            {key: name.encode().ljust(32, b"."), "function": function(night), "status": DONE, **row(one)}
            for name, one in said.items()
        ])  # fmt: skip
    night = shops.night()
    catalog: Any = Garments([
        {"garment_id": name, "product_id": name, "picture": name.encode().ljust(32, b"."), "category": "boots",
         "category_source": "text", "class": None, "box": BOX, "score": 0.0}
        for name in said
    ])  # fmt: skip
    found = disagreeing(night, catalog)
    assert found["product_id"].to_pylist() == ["surer", "hat"]
    assert found["text"].to_pylist() == ["boots", "boots"]
    (gallery,) = Pictures(night, catalog).disagreeing()
    assert (gallery.count, gallery.pictures) == (2, []), "their pictures are not stored here"


def _box(name: str, score: float) -> dict[str, Any]:
    return {"class": name, "score": score, "box": BOX}
