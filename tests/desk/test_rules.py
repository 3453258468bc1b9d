"""What each rule decides, which contradict the texts, and what a dead one may have meant."""

from datetime import date
from pathlib import Path

import pytest

from desk.rules import rule_page, rule_uses
from desk.state import Desk
from schemas.errors import WrongInput
from udfs.rules.wording import written


def rewritten(desk: Desk, *rules: str) -> None:
    file = Path(desk.mappings / "drawn" / "categories.xml")
    lines = ['<mapping retailer="drawn" taxonomy="7">', *rules, "</mapping>", ""]
    file.write_text("\n".join(lines), encoding="utf-8")


def test_rules_are_counted_doubted_and_followed_to_a_new_name(desk: Desk) -> None:
    shop = desk.shops["drawn"]
    sizes = sorted(shop.categories.values(), key=lambda category: -len(category.products))
    first, second = sizes[0], next(category for category in sizes[1:] if category.last.isalpha())
    stamp = 'date="2026-11-21" by="AK"'
    there, gone = written(first.path).replace(">", "&gt;"), f"Old &gt; {second.last}ы"
    rewritten(desk, f'<rule path="{there}" to="umbrella" {stamp}/>', f'<rule path="{gone}" to="hat" {stamp}/>',
              f'<rule path="{there}" title="x" to="hat" {stamp}/>')  # fmt: skip
    found = rule_uses(desk.work("drawn"))
    catches, dead, hidden = found["uses"]
    assert catches.products == len(first.products)
    assert catches.text_differs > 0.8 * catches.products
    assert dead.products == 0
    assert dead.successor is not None
    assert dead.successor.last == second.last
    assert hidden.warnings == ["never applies: the rule in line 2 matches first"]
    assert found["notes"] == ["line 1: written for taxonomy version 7; the taxonomy is now version 1"]


def test_what_a_changed_rule_would_do_is_shown_before_it_is_saved(desk: Desk) -> None:
    first = max(desk.shops["drawn"].categories.values(), key=lambda category: len(category.products))
    there = written(first.path).replace(">", "&gt;")
    rewritten(desk, f'<rule path="{there}" to="umbrella" date="2026-11-21" by="AK"/>')
    work, day = desk.work("drawn"), date(2026, 11, 30)
    page = rule_page(work, {"line": "2"}, "AK", day)
    assert (page["found"], page["count"]) == (None, len(first.products))
    page = rule_page(work, {"line": "2", "leaf": "hat"}, "AK", day)
    assert {change.after for change in page["found"].gained} == {"hat"}
    assert len(page["found"].gained) == len(first.products)
    page = rule_page(work, {"line": "2", "do": "delete"}, "AK", day)
    assert {change.after for change in page["found"].gained} <= {work.shop.sure_text(p) for p in work.shop.products}
    rewritten(desk, f'<ignore path="{there}" because="x" date="2026-11-21" by="AK"/>')
    work.load()
    page = rule_page(work, {"line": "2", "because": " gift cards "}, "BM", day)
    assert not page["found"].any
    assert b'because="gift cards" date="2026-11-30" by="BM"' in page["body"]
    with pytest.raises(WrongInput, match="say why"):
        rule_page(work, {"line": "2", "because": " "}, "BM", day)
    with pytest.raises(WrongInput, match="delete it"):
        rule_page(work, {"line": "2", "leaf": "hat"}, "BM", day)
    work.replace_file(work.changed(2, None, "AK", day))
    assert not work.mapping.rules
    for asked in ({"line": "2"}, {"line": "x"}, {}):
        with pytest.raises(WrongInput, match="no rule stands in line"):
            rule_page(work, asked, "AK", day)
