"""The page of a search by photo: nothing in it can run but our own script, whatever shops write."""

import json
import re
from pathlib import Path

import pytest

from reports.facts import Box
from reports.search import Near, Searched, SearchPage, policy, render_search
from tests.desk import chromium
from tests.desk.chromium import Chromium

EVIL = '</script><script>alert("1")</script><img src=x onerror=alert(1)>'


def near(**said: object) -> Near:
    plain = {
        "product": "aa:1",
        "title": "Coat",
        "shop": "aa",
        "category": "coat",
        "price": "10 EUR",
        "url": "",
        "picture": "ab",
    }
    return Near(**(plain | {"vector": 0.9, "shape": 0.5, "colour": 0.25} | said))  # type: ignore[arg-type]


def page_of(*products: Near, name: str = "photo.jpg", served: bool = False) -> str:
    garment = Searched("top", Box("0.90", 10.0, 20.0, 30.0, 40.0), products, 80)
    return render_search(
        SearchPage(
            name, 7, "data:image/jpeg;base64,AA", [garment], {"ab": "data:image/jpeg;base64,BB"}, {"coat": "clothing"}
        ),
        served,
    )


def sides_of(near_by: tuple[Near, ...], against: tuple[Near, ...]) -> str:
    garment = Searched("top", Box("0.90", 10.0, 20.0, 30.0, 40.0), near_by, 80, against)
    names = ("0123456789ab", "ba9876543210")
    return render_search(SearchPage("photo.jpg", 7, "data:image/jpeg;base64,AA", [garment], {}, {}, names))


def data_of(page: str) -> dict:
    (found,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    return dict(json.loads(found))


def test_texts_of_shops_are_data_and_never_markup() -> None:
    page = page_of(near(title=EVIL, shop=EVIL, category=EVIL, price=EVIL), name=EVIL)
    assert page.count("<script") == 2
    assert "<img src=x" not in page
    (product,) = data_of(page)["garments"][0]["near"]
    assert product["title"] == EVIL


def test_boxes_are_drawn_and_pictures_are_kept_once() -> None:
    page = page_of(near(), near(title="Shirt"))
    assert "left:10.0%;top:20.0%;width:30.0%;height:40.0%" in page
    assert page.count("base64,BB") == 1
    assert [one["title"] for one in data_of(page)["garments"][0]["near"]] == ["Coat", "Shirt"]


def test_nothing_is_loaded_from_elsewhere() -> None:
    page = page_of(near(url="https://aa.example/1"))
    assert "default-src 'none'; img-src data:" in page
    assert not re.findall(r'(?:src|href)="https?:', page)


def test_a_served_page_takes_photos_and_asks_only_where_it_came_from() -> None:
    plain, served = page_of(near()), page_of(near(), served=True)
    assert "connect-src" not in plain
    assert "connect-src 'self'" in served
    assert (plain.count("<script>"), served.count("<script>")) == (1, 2)
    assert policy(True).count("sha256-") == 2
    assert 'id="photo"' not in plain
    empty = render_search(SearchPage("", 7, "", [], {}, {}), True)
    assert "Search by photo" in empty
    assert "<img" not in empty


@pytest.mark.skipif(chromium.found() is None, reason="Chromium is not installed (apt-get install chromium)")
def test_the_slider_orders_and_the_filters_hide(tmp_path: Path) -> None:
    products = (
        near(title="vector", vector=0.9, shape=0.5, colour=0.5),
        near(title="shape", vector=0.8, shape=0.9, colour=0.1, shop="bb"),
        near(title="colour", vector=0.7, shape=0.1, colour=0.9, category="clothing"),
    )
    (tmp_path / "page.html").write_text(page_of(*products), encoding="utf-8")
    names = "[...document.querySelectorAll('figcaption > :first-child')].map(x => x.textContent).join(' ')"

    def after(tool: str, value: str) -> str:
        asked = f"document.querySelector('.{tool}')"
        return str(page.value(f"({asked}.value = '{value}', {asked}.dispatchEvent(new Event('input')), {names})"))

    with Chromium() as page:
        page.open(f"file://{tmp_path}/page.html")
        assert page.value(names) == "vector shape colour"
        assert page.value("document.querySelector('.weight').value") == "80"
        assert after("weight", "0") == "shape vector colour"
        assert page.value("document.querySelector('.vector').checked") is False
        assert after("weight", "100") == "colour vector shape"
        assert after("shop", "aa") == "colour vector"
        assert after("category", "coat") == "vector"
        assert after("category", "clothing") == "colour vector", "what is below a category is of it"
        assert [said for said in page.errors if "page.html" not in said] == []


def test_two_embeddings_are_named_and_one_has_no_sides() -> None:
    page = sides_of((near(),), (near(title=EVIL),))
    assert "live embedding<small>0123456789ab</small>" in page
    assert "second embedding<small>ba9876543210</small>" in page
    assert "<img src=x" not in page
    assert data_of(page)["garments"][0]["against"][0]["title"] == EVIL
    assert "second embedding" not in page_of(near())


@pytest.mark.skipif(chromium.found() is None, reason="Chromium is not installed (apt-get install chromium)")
def test_what_one_embedding_alone_finds_is_framed_and_the_tools_move_both_sides(tmp_path: Path) -> None:
    both = near(product="aa:1", title="both"), near(product="aa:2", title="live", vector=0.8, shape=0.9, shop="bb")
    other = near(product="aa:3", title="other", vector=0.95), near(product="aa:1", title="both", shape=0.9)
    (tmp_path / "page.html").write_text(sides_of(both, other), encoding="utf-8")
    names = (
        "[...document.querySelectorAll('.gallery')].map(side => [...side.children].map(it => "
        "it.querySelector('figcaption > :first-child').textContent + (it.className ? '!' : '')).join(' ')).join(' | ')"
    )
    with Chromium() as page:
        page.open(f"file://{tmp_path}/page.html")
        assert page.value(names) == "both live! | other! both"
        assert page.value("document.querySelector('.both').textContent") == "On both sides: 1."
        moved = "document.querySelector('.weight')"
        page.value(f"({moved}.value = '0', {moved}.dispatchEvent(new Event('input')))")
        assert page.value(names) == "live! both | both other!"
        moved = "document.querySelector('.shop')"
        page.value(f"({moved}.value = 'bb', {moved}.dispatchEvent(new Event('input')))")
        assert page.value(names) == "live! | "
        assert [said for said in page.errors if "page.html" not in said] == []
