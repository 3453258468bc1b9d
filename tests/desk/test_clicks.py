"""Coverage by price and by clicks, and every wrong line of a file of clicks."""

from dataclasses import replace
from pathlib import Path

import pytest

from desk.clicks import read_clicks
from desk.coverage_page import coverage_page
from desk.pages import shop_row
from desk.shop import Shop
from desk.state import Desk
from schemas.errors import WrongInput


def test_coverage_weighs_products_by_price_and_clicks(desk: Desk, tmp_path: Path) -> None:
    work = desk.work("drawn")
    key = work.left()[0]
    file = tmp_path / "clicks.tsv"
    ids = [work.shop.products[place].id for place in work.open[key]]
    file.write_text("".join(f"{name}\t3\n" for name in [*ids, ids[0]]) + "gone\t9\n", encoding="utf-8")
    desk.clicks = read_clicks(file)
    assert desk.clicks[ids[0]] == 6
    before = shop_row(desk, "drawn")
    assert before["by_clicks"] == 0
    work.decide(key, to="hat")
    after = shop_row(desk, "drawn")
    assert after["by_clicks"] == 1
    assert after["by_price"] > before["by_price"]
    assert after["text_differs"] == before["text_differs"] < 0.2


@pytest.mark.parametrize("line", ["shop:1 3", "shop:1\t", "shop:1\tmany", "shop:1\t-3", "shop:1\t3.5"])
def test_a_wrong_line_is_named(tmp_path: Path, line: str) -> None:
    file = tmp_path / "clicks.tsv"
    file.write_text(f"a\t1\n\n{line}\n", encoding="utf-8")
    with pytest.raises(WrongInput, match=r"clicks\.tsv:3: must be"):
        read_clicks(file)
    with pytest.raises(WrongInput, match="cannot be read"):
        read_clicks(tmp_path / "none.tsv")


def test_the_page_of_coverage_is_weighed_and_asks_for_nothing(desk: Desk) -> None:
    work = desk.work("drawn")
    first = work.shop.products[work.open[work.left()[0]][0]]
    desk.clicks, desk.pending = {first.id: 7.0}, False
    desk.broken = {"other": WrongInput("other/categories.xml", 3, "<b> is wrong")}
    desk.shops["drawn"] = Shop("drawn", "ru", [replace(p, title="<script>x</script>") for p in work.shop.products])
    desk._works.clear()
    page = coverage_page(desk, ["drawn", "other"], "2026-11-30")
    assert "by clicks" in page
    assert ">7</td>" in page, "clicks of the largest open category"
    assert "other/categories.xml:3: &lt;b&gt; is wrong" in page
    assert "&lt;script&gt;x" in page
    assert "<script" not in page
    assert "http" not in page.split("</style>")[1]
