"""Dialect files: what they may say, and how a slip of the pen is told."""

from pathlib import Path

import pytest

from tests.udfs.feeds.small_feeds import read
from udfs.feeds.forms.dialect import DialectError, builtin, builtin_names, load

OWN = """name: own
offer: goods/thing
fields:
  id: ["@code"]
  title: ["{make} {model}"]
  price: [cost/net]
  pictures: ["photo#", gallery/photo@src]
  colour: ["param:colour"]
  category_path: [where]
named:
  - element: spec
    name: label
    value: text
separators: {category_path: [" / "]}
defaults: {currency: CHF, gender: women}
extract: {sizes: '\\bsize (?P<value>\\d+)'}
decimal_mark: ","
"""
FEED = b"""<export><goods><thing code="a1"><make>Acme</make><model>Acme Coat size 40</model>
<cost><net>1.234,5</net></cost>
<Photo1>http://s.test/1.jpg</Photo1><photo_2>http://s.test/2.jpg</photo_2>
<gallery><photo src="http://s.test/3.jpg"/></gallery>
<spec><label>Farbe</label><text>rot</text></spec><where>Clothes / Coats</where></thing></goods></export>"""


def test_a_file_reads_a_feed_of_its_own_form(tmp_path: Path) -> None:
    file = tmp_path / "own.yaml"
    file.write_text(OWN, encoding="utf-8")
    (row,), summary = read(FEED, dialect=str(file))
    assert summary.dialect_reason == "set to own.yaml"
    assert (row["offer_id"], row["title"], str(row["price"]), row["currency"]) == ("a1", "Acme Coat", "1234.50", "CHF")
    assert row["pictures"] == [f"http://s.test/{number}.jpg" for number in (1, 2, 3)]
    assert (row["colour"], row["sizes"], row["gender"]) == ("rot", ["40"], "women")
    assert row["category_path"] == ["Clothes", "Coats"]


def test_a_dialect_survives_being_written_and_read(tmp_path: Path) -> None:
    for name in builtin_names():
        file = tmp_path / f"{name}.yaml"
        file.write_text(builtin(name).model_copy(update={"extends": None}).to_yaml(), encoding="utf-8")
        assert load(file) == builtin(name).model_copy(update={"extends": None})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name: [", "own.yaml:"),
        ("- a\n- b\n", "own.yaml:1: a dialect file must consist of lines of the form `key: value`"),
        (OWN + "colour: red\n", "own.yaml:18: colour"),
        (OWN.replace("  price:", "  prise:"), "own.yaml:6: fields"),
        (OWN.replace("name: own", "name: Own"), "own.yaml:1: name"),
        ("name: own\nfields: {id: [id]}\n", "own.yaml:1: a dialect must name its `offer` element"),
        ("name: own\nextends: nobody\n", "own.yaml:2: extends: there is no dialect 'nobody'; known dialects: avito"),
        (OWN.replace("\\bsize (?P<value>\\d+)", "size ("), "own.yaml:16: extract"),
        (OWN.replace("(?P<value>\\d+)", "(\\d+)"), "own.yaml:16: extract"),
        (OWN + "match: {mark: '['}\n", "own.yaml:18: match.mark"),
    ],
)
def test_a_slip_is_told_with_file_and_line(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "own.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(DialectError) as error:
        load(file)
    assert said in str(error.value)
    assert "\n" not in str(error.value)


def test_a_child_changes_fields_one_by_one(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("name: mine\nextends: yml\nfields: {title: [model]}\n", encoding="utf-8")
    assert load(file).fields["title"] == ["model"]
    assert load(file).fields["price"] == builtin("yml").fields["price"]


def test_a_file_that_is_not_there_is_told() -> None:
    with pytest.raises(DialectError, match="No such file"):
        read(FEED, dialect="nowhere.yaml")
