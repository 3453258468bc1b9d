"""Places of an offer's elements, read into columns."""

import pytest
from lxml import etree

from udfs.feeds.forms.dialect import Named
from udfs.feeds.markup.walk import Walk

OFFER = etree.fromstring(
    """<o id="7" Code="c"><name> Coat </name><name>Jacket</name><img2>b</img2><Img_1>a</Img_1><price cur="EUR">5</price>
<deep><er>x</er></deep><text>so <b>bold</b></text><p name="Colour">red</p>
<p name="Size (EU)">40</p><p name="Size;UA">L</p>
<v><k>Weight</k><t>2 kg</t></v></o>"""
)


@pytest.mark.parametrize(
    ("sources", "text"),
    [
        (["@id"], "7"), (["@code"], "c"), (["name"], "Coat"), (["nothing", "name"], "Coat"), (["deep/er"], "x"),
        (["price@cur"], "EUR"), (["{name} {price}"], "Coat 5"), (["param:colour"], "red"), (["param:size"], "40"),
        (["param=weight"], "2 kg"), (["nothing"], None), (["*/er"], "x"),
    ],
)  # fmt: skip
def test_sources(sources: list[str], text: str | None) -> None:
    walk = Walk([Named(element="p"), Named(element="v", name="k", value="t")])
    slots = walk.slots(sources)
    walk.read(OFFER)
    assert walk.first(slots) == text


def test_places_that_come_again_are_lists_in_order() -> None:
    walk = Walk([Named(element="p")])
    names, pictures, sizes = walk.slots(["name"]), walk.slots(["img#"]), walk.slots(["param:size"])
    walk.read(OFFER)
    found = [walk.columns[slots[0]][0] for slots in (names, pictures, sizes)]
    assert found == [["Coat", "Jacket"], ["b", "a"], ["40", "L"]]


def test_markup_is_kept_where_it_is_asked_for() -> None:
    walk = Walk()
    kept = walk.slots(["text"], keeps_markup=True)
    walk.read(OFFER)
    assert walk.first(kept) == "so <b>bold</b>"


def test_a_cleared_walk_remembers_nothing() -> None:
    walk = Walk()
    slots = walk.slots(["name"])
    walk.read(OFFER)
    walk.clear()
    walk.read(etree.fromstring("<o/>"))
    assert walk.first(slots) is None
