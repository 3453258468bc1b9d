"""A saved file is committed with what it changes, and what git refuses is said."""

import subprocess
from datetime import date
from urllib.parse import urlencode
from urllib.request import Request, urlopen

from desk import pages
from desk.difference import Change, difference
from desk.leaves import Leaves
from desk.state import Desk
from tests.desk.served import TOKEN, served


def test_a_commit_says_what_changed_in_products(desk: Desk) -> None:
    work = desk.work("drawn")
    before = dict(work.counts)
    work.decide(work.left()[0], to="hat")
    work.save("AK", date(2026, 11, 30))
    changed = difference([Change(work.shop.products[0], None, "hat")])
    assert pages.commit(work, 1, before, changed).startswith("git refused: ")
    for words in (["init", "-q"], ["config", "user.name", "AK"], ["config", "user.email", "ak@example.org"]):
        subprocess.run(["git", *words], cwd=desk.mappings, check=True)
    said = pages.commit(work, 1, before, changed)
    assert said == f"drawn: 1 mapping rule; products: 1 gained, 0 moved, 0 lost, {before['unmapped']} left unmapped"
    log = subprocess.run(
        ["git", "log", "--format=%s", "--name-only"], cwd=desk.mappings, capture_output=True, text=True
    )
    assert log.stdout.split("\n\n") == [said, "drawn/categories.xml\n"]


def test_a_changed_rule_is_committed_too(desk: Desk, leaves: Leaves) -> None:
    desk.commit, desk.by = True, "AK"
    work = desk.work("drawn")
    rule = work.mapping.rules[0]
    form = {"line": str(rule.line), "do": "delete", "by": "AK", "digest": work.text.digest}
    with served(desk, leaves) as address:
        asked = Request(
            f"{address}shop/drawn/rule", urlencode(form).encode(), {"origin": address.split(f"/{TOKEN}")[0]}
        )
        page = urlopen(asked).read().decode()
    assert "git: git refused: " in page, "there is no repository here"
