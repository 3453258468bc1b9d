"""The desk in a real Chromium, by keys alone: the short form of the day that `make desk-day` measures."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import quote

import pytest

from desk.details import Box, Details, Seen
from desk.leaves import Leaves
from desk.shop import Shop
from desk.state import Desk
from tests.desk import chromium
from tests.desk.analyst import READY, Analyst
from tests.desk.chromium import Chromium
from tests.desk.drawn import Drawn, right_share
from tests.desk.served import served
from tests.desk.test_rules import rewritten
from tests.udfs.rules.mappings import TAXONOMY
from udfs.rules.mapping import Mapping

pytestmark = pytest.mark.skipif(chromium.found() is None, reason="Chromium is not installed (apt-get install chromium)")

HOSTILE = "</li><script>document.title='owned'</script><img src='http://evil.example/x.png'>"
RIGHT_TO_LEFT = "\u202eفستان نسائي طويل " * 30


@pytest.fixture(scope="module")
def browser() -> Iterator[Chromium]:
    with Chromium() as page:
        yield page


@pytest.fixture
def analyst(desk: Desk, leaves: Leaves, browser: Chromium) -> Iterator[Analyst]:
    browser.errors.clear()
    with served(desk, leaves) as address:
        browser.open(address + "shop/drawn")
        yield Analyst(browser)
    assert browser.errors == []


def test_a_short_day_by_keys_alone(analyst: Analyst, desk: Desk, drawn: Drawn) -> None:
    first = analyst.card["covered"]
    while analyst.keys < 12:
        card = analyst.decide()
    assert card["covered"] > first + 15
    covered, right = right_share(drawn, desk)
    assert abs(100 * covered - card["covered"]) < 0.1
    assert right >= 0.98
    made = len(desk.work("drawn").pending.decisions)
    before = card["covered"]
    chosen = analyst.name("юбк")
    assert "is юбк" in chosen["said"]
    back = analyst.press("u")
    assert (back["covered"], len(desk.work("drawn").pending.decisions)) == (before, made)
    analyst.browser.press("v")
    analyst.browser.wait("document.activeElement?.name === 'by'")
    analyst.browser.press("A", "K", "Enter")
    analyst.browser.wait("document.querySelector('h1')?.innerText.includes('saved')")
    rules = Mapping.read(desk.mappings / "drawn" / "categories.xml", TAXONOMY).rules
    saved = int(analyst.browser.value("document.querySelector('h1').innerText.split(' ')[0]"))
    assert len(rules) == len(drawn.rules) + saved
    assert saved >= 5
    assert rules[-1].initials == "AK"


def test_hostile_and_long_titles_stay_text_and_keep_the_layout(desk: Desk, leaves: Leaves, browser: Chromium) -> None:
    shop = desk.shops["drawn"]
    products = [replace(product, title=HOSTILE if number % 2 else RIGHT_TO_LEFT, path=(HOSTILE, "名" * 300))
                for number, product in enumerate(shop.products)]  # fmt: skip
    desk.shops["drawn"] = Shop("drawn", "ru", products)
    browser.errors.clear()
    with served(desk, leaves) as address:
        for page in ("shop/drawn", "shop/drawn/products"):
            browser.open(address + page)
            assert "owned" not in browser.value("document.title")
            assert browser.value("document.documentElement.scrollWidth <= window.innerWidth")
            assert "<script>" in browser.value("document.querySelector('main').innerText")
    assert browser.errors == []


def test_a_part_is_split_off_and_ignored_by_keys(analyst: Analyst, desk: Desk) -> None:
    work, browser = desk.work("drawn"), analyst.browser
    key = work.left()[0]
    titles = [set(work.shop.products[place].title.split()) for place in work.open[key]]
    said = Counter(word for title in titles for word in title if word.isalpha())
    word = next(word for word, count in said.most_common() if count < len(titles))
    browser.press("w")
    browser.type(word)
    browser.wait("document.querySelector('#parts b') !== null")
    browser.press("Escape", "i", "Enter")
    browser.wait(f"document.querySelector('.said').innerText.includes('where {word} is ignored') && {READY}")
    analyst.press("u")
    browser.press("w")
    browser.type(word)
    browser.press("Escape", "w")
    browser.wait("document.querySelector('[name=word]').value === ''")  # a part that is not seen takes no key
    browser.press("w")
    browser.type(word)
    browser.wait("document.querySelector('#parts b') !== null")
    browser.press("Escape")
    card = analyst.name("шляп")
    assert "is шляп" in card["said"]
    assert f"where {word}" in card["said"]
    taken, rest = work.pending.decisions[-1], work.rest(key)
    assert (taken.title, taken.to) == (word, "hat")
    assert 0 < len(rest) < len(titles)
    browser.press("i")
    browser.press("Enter")
    browser.wait(f"document.querySelector('.said').innerText.includes('ignored') && {READY}")
    assert not work.rest(key)
    assert work.pending.decisions[-1].because == "no garment"


def test_a_product_is_corrected_and_a_rule_deleted_by_keys(desk: Desk, leaves: Leaves, browser: Chromium) -> None:
    work = desk.work("drawn")
    product = next(one for one in work.shop.products if one.leaves)
    seen = Seen("http://x", None, boxes=(Box("hat", 0.9, (0.1, 0.2, 0.5, 0.6), chosen=True),))
    desk.details, desk.by = lambda product: Details((seen,), text_name="00ff"), "AK"
    line, count = work.mapping.rules[0].line, len(work.mapping.rules)
    browser.errors.clear()
    with served(desk, leaves) as address:
        browser.open(f"{address}shop/drawn/product?id={quote(product.id)}")
        browser.press("n")
        browser.wait("document.querySelector('#wrong').innerText.includes('to out_of_scope in')")
        browser.press("1")
        browser.wait("document.querySelector('#wrong').innerText.includes('marked as wrong')")
        browser.press("u")
        browser.wait("document.querySelector('#wrong').innerText.includes('taken back from')")
        browser.press("o")
        browser.type("шляп")
        browser.wait("document.querySelectorAll('#hits [role=option]').length > 0")
        browser.press("Escape", "p")
        browser.wait("location.pathname.endsWith('/products')")
        browser.open(f"{address}shop/drawn/rules")
        browser.press("o")
        browser.type(str(line))
        browser.press("Enter")
        browser.wait("location.search !== '' && document.readyState === 'complete'")
        browser.press("o")
        browser.type("шляп")
        browser.wait("document.querySelectorAll('#hits [role=option]').length > 0")
        browser.press("Enter")
        browser.wait("document.querySelector('[name=leaf]')?.value === 'hat'")
        browser.press("d")
        deleting = "document.querySelector('[name=do]')?.value === 'delete' && document.readyState === 'complete'"
        browser.wait(deleting)
        browser.press("v")
        browser.wait("document.querySelector('h1')?.innerText.includes('saved')")
    assert browser.errors == []
    assert len(work.mapping.rules) == count - 1
    assert "out_of_scope" not in (desk.corrections / "text.tsv").read_text(encoding="utf-8"), "it was taken back"
    assert "wrong" in (desk.corrections / "choose.tsv").read_text(encoding="utf-8")


def test_what_renamed_categories_were_is_taken_over_by_one_key(desk: Desk, leaves: Leaves, browser: Chromium) -> None:
    names = [one for one in desk.shops["drawn"].categories.values() if one.last.isalpha() and len(one.last) > 4]
    first, second = ({one.last: one for one in names}[last] for last in sorted({one.last for one in names})[:2])
    rewritten(desk, f'<rule path="Old &gt; {first.last}ы" to="hat" date="2026-11-21" by="AK"/>',
              f'<ignore path="Old &gt; {second.last}ы" because="no garment" date="2026-11-21" by="AK"/>')  # fmt: skip
    work = desk.work("drawn")
    browser.errors.clear()
    with served(desk, leaves) as address:
        browser.open(f"{address}shop/drawn/rules")
        for key in ("1", "2"):
            browser.press(key)
            browser.wait(f"document.querySelector('[data-key=\"{key}\"]') === null && {READY}")
    assert browser.errors == []
    taken = [(one.path[-1], one.to, one.because, one.note) for one in work.pending.decisions]
    assert taken == [(first.last, "hat", None, "renamed; see line 2"),
                     (second.last, None, "no garment", "renamed; see line 3")]  # fmt: skip
