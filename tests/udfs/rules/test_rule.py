"""A rule as it is read from its element, and where it fits."""

import pytest
from lxml import etree

from udfs.rules.rule import Rule


def rule(text: str) -> Rule:
    return Rule.of(etree.fromstring(text))


def test_a_rule_has_what_its_element_says() -> None:
    found = rule(
        '<rule path="Hats > Caps" to="cap" title=" Cap* " gender="men" id="7" within="5" date="2026-11-21" by="AK"/>'
    )
    assert (found.line, found.node, found.ignored_because) == (1, "cap", None)
    assert (found.id, found.within, found.gender) == ("7", "5", "men")
    assert (found.date, found.initials) == ("2026-11-21", "AK")
    assert found.is_conditional


def test_what_an_element_lacks_is_empty() -> None:
    found = rule('<ignore because="toner"/>')
    assert (found.node, found.ignored_because) == (None, "toner")
    assert (found.path, found.id, found.within, found.title_word, found.gender) == (None, None, None, None, None)
    assert (found.date, found.initials) == ("", "")
    assert not found.is_conditional


@pytest.mark.parametrize(
    ("attribute", "conditional"), [('title="cap"', True), ('gender="men"', True), ('id="7"', False)]
)
def test_a_title_or_a_gender_needs_a_product(attribute: str, conditional: bool) -> None:
    assert rule(f'<rule path="Hats" {attribute} to="hat"/>').is_conditional == conditional
