"""What pictures show is counted for many products as it is for one."""

from typing import Any

import pyarrow as pa
from hypothesis import example, given
from hypothesis import strategies as st

from schemas.settings import ChoiceSettings
from schemas.tables import BOXES, SCREENS
from udfs.rules.category import shown
from udfs.rules.votes import shown_by_product, votes_of

CHOICE = ChoiceSettings(image=0.5)
SCHEMA = pa.schema([
    ("product", pa.int64()), SCREENS.schema.field("depicts"), SCREENS.schema.field("depicts_score"),
    BOXES.schema.field("boxes"),
])  # fmt: skip
CLASSES, SCORES = st.sampled_from(["top", "skirt", "hat", None]), st.sampled_from([0.25, 0.5, 0.75, None])
PICTURE = st.fixed_dictionaries({
    "product": st.integers(0, 3), "depicts": CLASSES, "depicts_score": SCORES,
    "boxes": st.none() | st.lists(st.fixed_dictionaries({"class": CLASSES, "score": SCORES, "box": st.none()})),
})  # fmt: skip


def seen(product: int, depicts: str) -> dict[str, Any]:
    return {"product": product, "depicts": depicts, "depicts_score": 0.5, "boxes": None}


@given(st.lists(PICTURE))
@example([seen(2, "skirt"), seen(2, "hat"), seen(3, "top")])
def test_each_product_shows_what_it_shows_alone(pictures: list[dict[str, Any]]) -> None:
    rows = pa.Table.from_pylist(pictures, SCHEMA)
    products, classes = shown_by_product(rows["product"], votes_of(rows, CHOICE))
    found = dict(zip(products.to_pylist(), classes.to_pylist(), strict=True))
    alone = {at: [picture for picture in pictures if picture["product"] == at] for at in range(4)}
    assert found == {at: shown(its, CHOICE) for at, its in alone.items() if its}
