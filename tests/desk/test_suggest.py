"""Sure rules in bulk: what is written, with what mark, and that a person can tell them from her own."""

from datetime import date

from desk.state import Desk
from desk.suggest import BY, suggestions
from udfs.rules.mapping import Mapping
from udfs.rules.proposal import LEAST


def test_sure_rules_are_written_with_their_evidence(desk: Desk) -> None:
    work = desk.work("drawn")
    before = work.covered
    found = suggestions(work, 0.98)
    assert found
    products = sum(one.products for one in found)
    assert sum(one.probability * one.products for one in found) >= 0.98 * products
    assert min(one.probability for one in found) >= LEAST
    work.add_rules([one.decision for one in found], BY, date(2026, 11, 30))
    assert work.covered > before + 0.1
    written = Mapping.read(work.text.path, work.taxonomy).rules[-len(found) :]
    assert {rule.initials for rule in written} == {"desk"}
    assert 'note="suggested 0.9' in work.text.body.decode() or 'note="suggested 1.0' in work.text.body.decode()
    assert suggestions(work, 0.98) == []


def test_a_higher_bound_suggests_less(desk: Desk) -> None:
    work = desk.work("drawn")
    assert len(suggestions(work, 0.9999)) <= len(suggestions(work, 0.98)) <= len(suggestions(work, 0.5))
