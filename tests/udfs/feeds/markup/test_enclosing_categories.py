"""Categories that stand around the offers."""

from hypothesis import given
from hypothesis import strategies as st

from tests.udfs.feeds.small_feeds import read
from udfs.feeds.forms.dialect import Around
from udfs.feeds.markup.enclosing_categories import MAX_NAME_BYTES, Surroundings

WHERE = Around(element="category|section", name="@name|name")


def passed(*gaps: bytes) -> list[tuple[str, ...]]:
    """Where one is after each stretch."""
    surroundings, paths = Surroundings(WHERE), []
    for gap in gaps:
        surroundings.pass_over(gap)
        paths.append(surroundings.path)
    return paths


def test_a_category_is_open_until_its_end_tag() -> None:
    gaps = (b'<shop><category name="Coats">', b"</category><category name='Bags &amp; Belts'>", b"</category></shop>")
    assert passed(*gaps) == [("Coats",), ("Bags & Belts",), ()]


def test_a_name_is_an_attribute_or_the_text_of_a_child() -> None:
    gap = b"<section><name><![CDATA[Women]]></name><text><name>not this</name></text><category><name>Coats</name>"
    assert passed(gap) == [("Women", "Coats")]


def test_a_stretch_may_end_within_a_category_s_beginning() -> None:
    assert passed(b"<category><note>", b"</note><name>Co", b"ats</name>") == [(), (), ("Coats",)]


def test_what_ends_without_having_begun_is_passed_over() -> None:
    assert passed(b"</category></x><category name='Coats'><br></p>") == [("Coats",)]


def test_a_long_name_is_cut() -> None:
    ((name,),) = passed(b"<category name='" + b"C" * 5_000 + b"'>")
    assert name == "C" * MAX_NAME_BYTES


@given(st.lists(st.lists(st.sampled_from([b"<category", b" name='A'", b">", b"</category>", b"<name>", b"</", b"B"]))))
def test_no_markup_stops_it(pieces: list[list[bytes]]) -> None:
    passed(*(b"".join(piece) for piece in pieces))


def test_each_offer_of_many_blocks_has_the_category_around_it() -> None:
    thing = '<thing sku="{0}-{1}"><title>Dress {0} {1} A&B</title><image>http://s.test/{0}-{1}.jpg</image></thing>'
    things = {group: "".join(thing.format(group, number) for number in range(200 * group)) for group in range(1, 6)}
    groups = [f'<category name="Group {group}">{inside}</category>' for group, inside in things.items()]
    rows, summary = read(f"<shop>{''.join(groups)}</shop>".encode())
    assert summary.status == "accepted" and len(rows) == 3_000
    assert all(row["category_path"] == [f"Group {row['offer_id'].partition('-')[0]}"] for row in rows)
