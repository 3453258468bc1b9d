"""Which of the named garments is sold."""

import pytest

from udfs.text.garment_sold import CYRILLIC, DOUBT, Named, settled, together

YIELDS = {"top": ["bra", "swimwear"], "bra": ["swimwear"], "polo": ["shirt", "top"], "shirt": ["polo"]}


def named(*leaves: str) -> Named:
    return Named(leaves, leaves)


@pytest.mark.parametrize(
    ("fields", "left"),
    [
        ([named("top"), named("swimwear")], [[], ["swimwear"]]),
        ([named("swimwear"), named("bra")], [["swimwear"], []]),
        ([named("top", "bra"), named()], [["bra"], []]),
        ([named("polo"), named("shirt")], [["polo"], ["shirt"]]),
        ([named("top", "top"), named("top")], [["top", "top"], ["top"]]),
        ([named("top"), Named(["dress", "bra"], ["dress"])], [["top"], ["dress", "bra"]]),
    ],
)
def test_what_says_less_yields_to_what_leads(fields: list[Named], left: list[list[str]]) -> None:
    assert [list(field.leaves) for field in together(fields, YIELDS)] == left


def test_the_next_name_leads_where_the_leading_ones_yield() -> None:
    field = Named(["top", "tie"], ["top"])
    assert together([field, named("swimwear")], YIELDS)[0].head() == "tie"


def test_the_head_stands_last_in_cyrillic_first() -> None:
    assert named("shirt", "dress").head() == "dress"
    assert Named(["dress", "shirt"], ["dress", "shirt"], CYRILLIC).head() == "dress"
    assert Named().head() is None


@pytest.mark.parametrize(
    ("title", "opening", "features"),
    [
        (named("coat"), named("coat"), ["sold coat", "agreed coat"]),
        (named("coat"), Named(), ["sold coat"]),
        (Named(), named("coat"), ["sold coat"]),
        (named("coat"), named("jacket"), [DOUBT, "disputed title coat", "disputed opening jacket"]),
        (named("coat", "skirt"), Named(), ["sold skirt", DOUBT]),
        (Named(), named("bag"), ["sold bag", DOUBT]),
        (Named(["coat", "skirt"], ["coat"]), Named(), ["sold coat"]),
        (Named(["coat", "skirt"], ["coat"], all_vie=True), Named(), ["sold coat", DOUBT]),
        (Named(), Named(), []),
    ],
)
def test_title_and_description_settle_or_differ(title: Named, opening: Named, features: list[str]) -> None:
    assert settled(title, opening) == features
