"""Blocks read without a tree say what lxml's trees say, or are given up."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from lxml import etree

from udfs.feeds.forms.dialect import Named, Numbered
from udfs.feeds.forms.element_names import CLOSING, Names
from udfs.feeds.markup.blocks import TRIES, BlockReader
from udfs.feeds.markup.plan import Columns
from udfs.feeds.markup.stream import parser
from udfs.feeds.markup.walk import Walk

pytest.importorskip("udfs.feeds.markup.shred", reason="the project was set up without a C compiler")

SOURCES = [
    "@id", "@available", "name", "g:price", "price", "picture#", "text", "deep/er", "deep/er@unit", "deep",
    "ціна", "param:size", "param:colour", "param=weight", ".", "g:material", "param:material",
    "param:gender",
]  # fmt: skip
LONG = "a text that is looked at as a whole,\n\tпальто 外套".encode() * 3
PLAIN = [
    b"<o id='1'><name>Coat</name></o>",
    b"<o id='1' available=\"true\">\n<name>Coat</name> <price>5</price></o>\n <o id='2'></o>",
    b"<o><name> two  words\n</name><name/><name></name><name> </name></o>",
    b"<o><picture>a</picture><picture2>b</picture2><picture>c</picture></o>",
    b"<o><deep>own <er unit='cm'>x</er> tail <other><er>no</er></other></deep></o>",
    b"<o><name>a &amp; b &lt;c&gt; &quot;d&quot; &apos;e&apos;</name></o>",
    b"<o><name>&#233;&#xE9;&#xe9;&#38;amp;&amp;lt;&#9;x</name></o>",
    b"<o id='a &amp; b&#10;c\td\ne\"'/>".replace(b"/>", b"></o>"),
    b"<o><name><![CDATA[<b>Coat</b> & ]] more]]></name></o>",
    b"<o><name> <![CDATA[one]]> and <![CDATA[two]]>\n</name></o>",
    b"<o><name>one<!-- not this -->two</name><!-- nor this --></o>",
    b"<o><name>one\r\ntwo\rthree</name><text><![CDATA[a\r\nb]]></text></o>",
    b"<o id='one\r\ntwo'></o>",
    "<o><name>Пальто 外套 ½</name><param name='Größe'>L</param></o>".encode(),
    b"<o><param name='Size'>M</param><param name='Size'>L</param><param name='Weight'>2 kg</param></o>",
    b"<o><param name='Colour'/><param unit='x' name='Colour'>red<i>not</i></param></o>",
    b"<o><g:price>5</g:price><price>6</price><x:name>Coat</x:name></o>",
    b"<o ><name >Coat</name ></o >".replace(b"</o >", b"</o>"),
    b"<o><unknown a='1' b='2'><g:deeper/>text</unknown></o>",
    b"<o>own text<name>Coat</name></o>",
    b"<o>\xc2\xa0<name>\xc2\xa0Coat\xc2\xa0</name></o>",
    b"<o><pair><key>Colour</key><val>red</val></pair><pair><val>L</val><val>M</val><key> size </key></pair></o>",
    b"<o><pair><key/><key>Size</key><val>L<i>no</i></val><unit>eu</unit></pair><pair><val>L</val></pair><pair/></o>",
    b"<o><pair id='1'>own<key><![CDATA[Size]]></key><key/><val> </val></pair><pair><key>Size</key></pair></o>",
    b"<o><either><key>Colour</key><wert>red</wert></either><either><val>L</val><key>Size</key><wert>M</wert></either></o>",
    b"<o><either><key>Sex</key><val> </val><wert>a</wert><wert>b</wert></either><either><key>Size</key></either></o>",
    b"<o><g:material> wool &amp; silk </g:material><param name='Fabric (outer)'>wool</param></o>",
    "<o><param name='Состав'>лён</param><param name='Материал'>хлопок</param></o>".encode(),
    b"<o x:id='1' id='2'><name x:nil='true'/></o>",
    "<o><Товар><Ид>1</Ид></Товар><Größe/><名前>x</名前><ціна>5</ціна></o>".encode(),
    b"<o><name>" + LONG + b"</name><text>" + LONG + b" &lt; " + LONG + b"</text></o>",
    b"<o><name>" + LONG + b"<!-- " + LONG + b" -->" + LONG + b"</name></o>",
    b"<o><text><![CDATA[<p>" + LONG + b" ]]]]></text><name>" + LONG + b"\r\n" + LONG + b"</name></o>",
    b"<o><pair><label>Size</label><worth>L</worth></pair></o>",
    b"<o><pair><key/><label>Colour</label><val> </val><worth>red</worth></pair></o>",
    b"<o><pair><label>Weight</label><key>Size</key><worth>no</worth><val>L</val><val>M</val></pair></o>",
    b"<o><at_1_name>Size</at_1_name><at_1_value>L</at_1_value><at_12_name>x</at_12_name><at_2_value>y</at_2_value></o>",
    b"<o at1name='Colour' at1value='red' at100name='Size'><at_1_value>L</at_1_value></o>",
    b"<o><at_100_name>Size</at_100_name><at_100_value>L</at_100_value></o>",
    b"",
]
NOT_PLAIN = [
    b"<o><name>Coat</o>",
    b"<o><name>Coat</nam></o>",
    b"<o><name>Coat",
    b"<o",
    b"<o id='1",
    b"<o id='1' id='2'></o>",
    b"<o id=1></o>",
    b"<o id='<'></o>",
    b"<o id='1'available='true'></o>",
    b"<o><name>a & b</name></o>",
    b"<o><name>&nbsp;</name></o>",
    b"<o><name>&#0;</name></o>",
    b"<o><name>&#xD800;</name></o>",
    b"<o><name>&#;</name></o>",
    b"<o><name>&#99999999999;</name></o>",
    b"<o><name>]]></name></o>",
    b"<o><name>\x01</name></o>",
    b"<o><name>\x00</name></o>",
    b"<o><name>" + LONG + b"\x01" + LONG + b"</name></o>",
    b"<o><name>" + LONG + b"]]>" + LONG + b"</name></o>",
    b"<o><name>" + LONG + b" & " + LONG + b"</name></o>",
    b"<o><name>" + LONG,
    b"<o><name><![CDATA[" + LONG + b"\x02" + LONG + b"]]></name></o>",
    b"<o><name><![CDATA[" + LONG + b"]] ></name></o>",
    b"<o><!--" + LONG + b"\x02" + LONG + b"--></o>",
    b"<o><name><![CDATA[\x02]]></name></o>",
    b"<o><name><![CDATA[never ends</name></o>",
    b"<o><!-- two -- dashes --></o>",
    b"<o><?php echo 1 ?></o>",
    b"<o><!DOCTYPE x></o>",
    b"<o><name>\xff</name></o>",
    b"<o><name>\xef\xbf\xbe</name></o>",
    b"<o><y:name>undeclared</y:name></o>",
    b"<o><unknown><y:name/></unknown></o>",
    b"<o xmlns:g='other'></o>",
    b"<o g:id='1' x:id='2'></o>",
    b"<o y:id='1'></o>",
    b"<o xml:lang='en'></o>",
    b"<o><pair><key>Size</key><key>Colour</key><val>L</val></pair></o>",
    b"<o><pair><key>Size</key><val>L</val></o>",
    b"<o><text>raw <b>HTML</b></text></o>",
    b"<o><param>no name</param></o>",
    b"<o/>x<o/>",
    b"<other></other>",
    b"<o></o>" + b"<o id='more than there are end tags'/>" * 20,
    "<o><a×b/></o>".encode(),
    "<o><имя>x</имя ></o><o><и>x</имя></o>".encode(),
    b"<o><a\xff/></o>",
    b"<o>" + b"<a>" * 70 + b"</a>" * 70 + b"</o>",
]


def names() -> Names:
    found = Names()
    found.declare("g", "http://base.google.com/ns/1.0")
    found.declare("x", "urn:x")
    return found


EITHER = Named(element="either", name="key", value="val|wert")


def walk() -> Walk:
    pairs = [Named(element="param"), Named(element="pair", name="key|label", value="val|worth"), EITHER]
    found = Walk(pairs, rows=8)
    found.numbered([Numbered(name="at_#_name", value="at_#_value"), Numbered(name="@at#name", value="@at#value")])
    for source in SOURCES:
        found.slots([source], keeps_markup=source == "text")
    return found


def shredded(block: bytes, offers: int) -> tuple[list[int], Columns] | None:
    reader = walk().block_reader("o", names())
    lines = reader.read(block, offers, 1)
    return None if lines is None else (lines, reader.columns)


def by_lxml(block: bytes) -> tuple[int, dict[int, list[object]]]:
    root = etree.fromstring(names().opening() + block + CLOSING, parser())
    offers, reading = list(root.iterchildren("o")), walk()
    reading.read_all(offers, 0)
    return len(offers), dict(reading.columns)


def said(columns: dict[int, list[object]], offers: int) -> dict[int, list[object]]:
    return {slot: column[:offers] for slot, column in columns.items() if any(column)}


@pytest.mark.parametrize("block", PLAIN)
def test_plain_blocks_say_what_lxml_says(block: bytes) -> None:
    offers, columns = by_lxml(block)
    found = shredded(block, offers)
    assert found is not None
    assert said(found[1], offers) == said(columns, offers)
    starts = [match.start() for match in re.finditer(rb"<o\b", block)]
    assert found[0] == [1 + block.count(b"\n", 0, at) for at in (*starts, len(block))]


@pytest.mark.parametrize("block", NOT_PLAIN)
def test_what_is_not_plain_is_given_up(block: bytes) -> None:
    assert shredded(block, block.count(b"</o>") or 1) is None


PIECES = st.sampled_from([
    b"<o>", b"</o>", b"<o id='1'>", b"<name>", b"</name>", b"<text>", b"</text>", b"<deep>", b"</deep>", b"</er>",
    b"<er unit='m'>", b"<param name='Size'>", b"</param>", b"<g:price>", b"</g:price>", b"<picture3/>", b"</a>",
    b"<a b='c' d=\"e\">", b"<x:name>", b"</x:name>", b"text", b" ", b"\r\n", b"\n", b"&amp;", b"&#65;", b"&", b"&x;",
    b"<![CDATA[", b"]]>", b"<!--", b"-->", b"<", b">", b"'", b"=", b"]", b"-", b"\xc3\xa9", b"\xc2\xa0", b"\x0b",
    b"\xff", b"x:", LONG, b"<pair>", b"</pair>", b"<key>", b"</key>", b"<val>", b"</val>", b"Size", b" x:id='5'",
    "<ціна>".encode(), "</ціна>".encode(), "×".encode(),
])  # fmt: skip


TEXTS = st.sampled_from(
    ["", " ", "Size", "colour", "fabric", "L", "&#77;", "<![CDATA[ red ]]>", "<!-- not this -->", "\r\n"]
)
TAGS = st.sampled_from(
    [
        "name",
        "text",
        "deep",
        "er",
        "picture2",
        "g:price",
        "g:material",
        "ціна",
        "other",
        "param",
        "pair",
        "pair",
        "key",
        "val",
        "label",
        "worth",
        "at_1_name",
        "at_1_value",
        "at_20_value",
    ]
)
ATTRIBUTES = st.sampled_from(
    ["", "", " name='Size'", " name='Состав'", " unit='cm'", " x:id='2' id='1'", " at1name='Size' at1value='L'"]
)
ELEMENTS = st.recursive(
    TEXTS,
    lambda inside: st.builds("<{0}{1}>{2}</{0}>".format, TAGS, ATTRIBUTES, st.lists(inside, max_size=4).map("".join)),
    max_leaves=16,
)


@given(st.lists(ELEMENTS, max_size=6).map("".join))
def test_well_formed_offers_say_what_lxml_says(inside: str) -> None:
    block = f"<o>{inside}</o>".encode()
    found = shredded(block, 1)
    if found is not None:
        there, columns = by_lxml(block)
        assert (there, said(found[1], 1)) == (1, said(columns, 1))


@given(st.lists(PIECES, max_size=30).map(b"".join))
@example(b"<name> <![CDATA[a]]></name>")
@example(b"<deep> <er unit='m'/></deep>")
@example(b"<name>a<!-- --> </name>")
def test_whatever_is_taken_lxml_takes_too(inside: bytes) -> None:
    block = b"<o>" + inside + b"</o>"
    offers = block.count(b"</o>")
    found = shredded(block, offers)
    if found is not None:
        there, columns = by_lxml(block)
        assert there == offers
        assert said(found[1], offers) == said(columns, offers)


@given(st.sampled_from(PLAIN), st.integers(0, 80), st.binary(max_size=2))
def test_no_broken_block_is_taken(block: bytes, at: int, put: bytes) -> None:
    broken = block[:at] + put + block[at + len(put) :]
    offers = broken.count(b"</o>")
    found = shredded(broken, offers)
    if found is not None:
        there, columns = by_lxml(broken)
        assert (there, said(found[1], offers)) == (offers, said(columns, offers))


def test_a_feed_that_is_never_plain_is_no_longer_tried() -> None:
    reader: BlockReader = walk().block_reader("o", names())
    for _ in range(TRIES):
        assert reader.read(b"<o>&nbsp;</o>", 1, 1) is None
    assert reader.read(b"<o></o>", 1, 1) is None
