"""Rules are added to a mapping file without touching a byte of it, and never over a mistake or a colleague's save."""

from datetime import date
from pathlib import Path

import pytest

from desk.edits import ChangedMeanwhile, Decision
from desk.mapping_file import MappingText, rule_of, save
from schemas.errors import WrongInput
from tests.udfs.rules.mappings import TAXONOMY, mapping_file
from udfs.rules.mapping import Mapping, decide

DAY = date(2026, 11, 30)
RULE = rule_of(Decision(("Women", "Hats & <caps>"), to="hat"), "AK", DAY)

BY_HAND = """<?xml version="1.0"?>
<!-- </mapping> looks like the end -->
<mapping   retailer='shop'
    taxonomy="1">

\t<rule to="skirt"   path="Skirts"
        date="2026-11-21" by="AK"/> <!-- mine -->
\t<ignore because='no garment' path="** &gt; Gift cards" date="2026-11-21" by="AK"/>
  </mapping > <!-- the end </mapping> -->
"""


def written_by(folder: Path, body: bytes) -> Path:
    file = folder / "shop" / "categories.xml"
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(body)
    return file


@pytest.mark.parametrize(
    "body",
    [
        BY_HAND.encode(),
        BY_HAND.replace("\n", "\r\n").encode(),
        BY_HAND.encode("utf-16"),
        b"\xef\xbb\xbf" + BY_HAND.encode(),
        BY_HAND.replace('"1.0"', '"1.0" encoding="windows-1251"').replace("mine", "моё").encode("windows-1251"),
        b"<mapping retailer='shop'></mapping>",
    ],
)
def test_what_is_there_stays_byte_for_byte(tmp_path: Path, body: bytes) -> None:
    file = written_by(tmp_path, body)
    text = MappingText.read(file.parent)
    new = text.with_rules([RULE], TAXONOMY)
    place = next(i for i in range(len(new)) if new[:i] + new[i + len(new) - len(body) :] == body)
    assert b"h\x00a\x00t" in new[place:] or b"hat" in new[place:]
    save(text, new, TAXONOMY)
    rules = Mapping.read(file, TAXONOMY).rules
    assert [rule.node for rule in rules][-1] == "hat"
    assert len(rules) == (1 if b"Skirts" not in body.replace(b"\0", b"") else 3)


def test_an_empty_root_is_opened(tmp_path: Path) -> None:
    file = written_by(tmp_path, b'<mapping retailer="shop" taxonomy="1" /><!-- x -->')
    new = MappingText.read(file.parent).with_rules([RULE], TAXONOMY)
    assert new.startswith(b'<mapping retailer="shop" taxonomy="1">\n  <rule path=')
    assert new.endswith(b"/>\n</mapping><!-- x -->")


def test_the_first_rule_of_a_shop_makes_its_file(tmp_path: Path) -> None:
    (tmp_path / "shop").mkdir()
    text = MappingText.read(tmp_path / "shop")
    save(text, text.with_rules([RULE], TAXONOMY), TAXONOMY)
    mapping = Mapping.read(text.path, TAXONOMY)
    assert decide(mapping.verdicts(["Women", "Hats & <caps>"], []), "", None).node == "hat"


@pytest.mark.parametrize(
    "path",
    [
        ("A > B", "50% *?\\ off", "quo\"te's"),
        ("bell\x07 and \u202e turned", "new\nline"),
        ("nothing\uffff there",),
        ("ЮБКИ Ё", "ｆｕｌｌ　ｗｉｄｔｈ"),
    ],
)
def test_a_hostile_name_makes_a_rule_that_fits_its_own_category(tmp_path: Path, path: tuple[str, ...]) -> None:
    (tmp_path / "shop").mkdir()
    text = MappingText.read(tmp_path / "shop")
    save(text, text.with_rules([rule_of(Decision(path, to="hat"), "AK", DAY)], TAXONOMY), TAXONOMY)
    mapping = Mapping.read(text.path, TAXONOMY)
    assert [verdict.node for verdict in mapping.verdicts(path, [])] == ["hat"]
    assert not mapping.verdicts([*path, "more"], [])


def test_a_category_without_a_usable_path_is_named_by_its_id() -> None:
    assert 'id="77"' in rule_of(Decision(("A", ""), ("1", "77"), to="hat"), "AK", DAY)
    with pytest.raises(WrongInput, match="neither a path"):
        rule_of(Decision(("", ""), (), to="hat"), "AK", DAY)


def test_the_second_of_two_writers_is_told(tmp_path: Path) -> None:
    file = mapping_file(tmp_path, '<rule path="A" to="skirt" %/>')
    first, second = MappingText.read(file.parent), MappingText.read(file.parent)
    save(first, first.with_rules([RULE], TAXONOMY), TAXONOMY)
    kept = file.read_bytes()
    with pytest.raises(ChangedMeanwhile, match="nothing was written"):
        save(second, second.with_rules([RULE], TAXONOMY), TAXONOMY)
    assert file.read_bytes() == kept


def test_a_mistake_is_named_by_its_line_and_not_written(tmp_path: Path) -> None:
    file = mapping_file(tmp_path, '<rule path="A" to="skirt" %/>')
    kept = file.read_bytes()
    text = MappingText.read(file.parent)
    wrong = rule_of(Decision(("B",), to="skrt"), "AK", DAY)
    with pytest.raises(WrongInput, match=r"categories\.xml:3: the taxonomy has no node skrt"):
        save(text, text.with_rules([wrong], TAXONOMY), TAXONOMY)
    with pytest.raises(WrongInput, match="by is"):
        save(text, text.with_rules([rule_of(Decision(("B",), to="hat"), "A1", DAY)], TAXONOMY), TAXONOMY)
    assert file.read_bytes() == kept
    file.write_bytes(kept.replace(b"</mapping>", b""))
    with pytest.raises(WrongInput, match="not well-formed"):
        MappingText.read(file.parent).with_rules([RULE], TAXONOMY)


@pytest.mark.parametrize("body", [BY_HAND.encode(), BY_HAND.replace("\n", "\r\n").encode("utf-16")])
def test_one_rule_is_changed_or_goes_and_the_rest_stays(tmp_path: Path, body: bytes) -> None:
    trap = body.decode("utf-16" if b"\0" in body else "utf-8").replace(
        """path="Skirts\"""", """note='rule to="x" by="y" >' path="Skirts\""""
    ).replace("<mapping ", """<!-- <rule to="hat" path="X"/> -->\n<mapping """)  # fmt: skip
    text = MappingText.read(written_by(tmp_path, trap.encode("utf-16" if b"\0" in body else "utf-8")).parent)
    save(text, text.with_new(0, {"to": "hat"}, "BM", DAY), TAXONOMY)
    changed = text.path.read_bytes().decode("utf-16" if b"\0" in body else "utf-8")
    expected = trap.replace("""<rule to="skirt\"""", """<rule to="hat\"""")
    assert changed == expected.replace('date="2026-11-21" by="AK"/> <!-- mine', 'date="2026-11-30" by="BM"/> <!-- mine')
    again = MappingText.read(text.path.parent)
    with pytest.raises(WrongInput, match="delete it"):
        again.with_new(1, {"to": "hat"}, "BM", DAY)
    reason = Mapping.read(
        save(again, again.with_new(1, {"because": 'a "gift"\n & <so>\0'}, "CD", DAY), TAXONOMY).path, TAXONOMY
    )
    assert (reason.rules[1].ignored_because, reason.rules[1].initials) == ('a "gift" & <so>', "CD")
    assert reason.rules[0].initials == "BM"
    again = MappingText.read(text.path.parent)
    save(again, again.without(1), TAXONOMY)
    left = text.path.read_bytes().decode("utf-16" if b"\0" in body else "utf-8")
    assert left == "".join(line for line in changed.splitlines(keepends=True) if "Gift cards" not in line)
    with pytest.raises(WrongInput, match="no such rule any more"):
        MappingText.read(text.path.parent).without(1)
    with pytest.raises(ChangedMeanwhile):
        save(again, again.without(0), TAXONOMY)
