"""The kinds of repair that the reader makes. Every repair is counted; none is silent."""

from collections import Counter
from enum import StrEnum


class Repair(StrEnum):
    """One kind of repair."""

    TEXT_BEFORE_XML = "text_before_xml"
    LATE_DECLARATION = "late_declaration"
    DECLARATION_AS_TAG = "declaration_as_tag"
    HEAD_CUT_OFF = "head_cut_off"
    STRAY_END_TAG = "stray_end_tag"
    UNCLOSED_OFFER = "unclosed_offer"
    ENCODING_NAME = "encoding_name"
    WRONG_DECLARATION = "wrong_declaration"
    ENCODED_TWICE = "encoded_twice"
    BAD_BYTES = "bad_bytes"
    CONTROL_CHARACTER = "control_character"
    RAW_AMPERSAND = "raw_ampersand"
    HTML_ENTITY = "html_entity"
    BAD_REFERENCE = "bad_reference"
    RAW_LESS_THAN = "raw_less_than"
    STRAY_SECTION_END = "stray_section_end"
    UNDECLARED_PREFIX = "undeclared_prefix"
    RAW_HTML = "raw_html"
    MARKUP_RECOVERED = "markup_recovered"
    CDATA_AS_TEXT = "cdata_as_text"
    RICH_TEXT = "rich_text"
    TEXT_CUT = "text_cut"
    RELATIVE_PICTURE = "relative_picture"
    PICTURE_ADDRESS = "picture_address"
    PICTURE_DROPPED = "picture_dropped"
    PRICE_OF_ZERO = "price_of_zero"
    PRICE_ROUNDED = "price_rounded"
    SALE_DATES_UNREAD = "sale_dates_unread"
    CURRENCY_GUESSED = "currency_guessed"
    LINK_ADDRESS = "link_address"
    LINK_DROPPED = "link_dropped"
    PARENT_ROW = "parent_row"
    PARENT_APART = "parent_apart"
    VARIANT_DROPPED = "variant_dropped"
    ORPHAN_CATEGORY = "orphan_category"
    CATEGORY_CYCLE = "category_cycle"
    LATE_CATEGORIES = "late_categories"


MEANINGS: dict[Repair, str] = {
    Repair.TEXT_BEFORE_XML: "text before the first tag was skipped (for example a PHP warning)",
    Repair.LATE_DECLARATION: "the XML declaration is not at the beginning of the file",
    Repair.DECLARATION_AS_TAG: "the XML declaration lacks its question marks",
    Repair.HEAD_CUT_OFF: "the file begins after its root tag, which is missing",
    Repair.STRAY_END_TAG: "an end tag between the offers has no start tag",
    Repair.UNCLOSED_OFFER: "an offer has no end tag before the next offer starts",
    Repair.ENCODING_NAME: "the declared encoding has an unknown name",
    Repair.WRONG_DECLARATION: "the bytes are in another encoding than the declared one",
    Repair.ENCODED_TWICE: "a piece of text was encoded twice, which was undone",
    Repair.BAD_BYTES: "bytes that are invalid in the encoding were replaced by U+FFFD",
    Repair.CONTROL_CHARACTER: "a control character that XML forbids was removed",
    Repair.RAW_AMPERSAND: "an ampersand that begins no entity was read as text",
    Repair.HTML_ENTITY: "an HTML entity that XML does not define was resolved",
    Repair.BAD_REFERENCE: "a reference to a character that XML forbids was removed",
    Repair.RAW_LESS_THAN: "a less-than sign that begins no tag was read as text",
    Repair.STRAY_SECTION_END: "an end of a CDATA section without its beginning was removed",
    Repair.UNDECLARED_PREFIX: "a prefix without a namespace declaration was accepted",
    Repair.RAW_HTML: "HTML in a text field that is not well-formed XML was read as text",
    Repair.MARKUP_RECOVERED: "an offer's XML is broken, but its fields could be recovered completely",
    Repair.CDATA_AS_TEXT: "an escaped CDATA marker inside a text was removed",
    Repair.RICH_TEXT: "a description in RTF was converted to plain text",
    Repair.TEXT_CUT: "a description over the length limit was cut",
    Repair.RELATIVE_PICTURE: "a relative picture address was made absolute",
    Repair.PICTURE_ADDRESS: "a picture address was repaired (spaces, missing scheme, escaped twice)",
    Repair.PICTURE_DROPPED: "a picture address was skipped: not an http(s) URL, only a host, or one too many",
    Repair.PRICE_OF_ZERO: "a price of zero was read as no price",
    Repair.PRICE_ROUNDED: "a price of more than two decimals was rounded to two",
    Repair.SALE_DATES_UNREAD: "the dates of a sale price are no dates; the sale price was taken without them",
    Repair.CURRENCY_GUESSED: "no currency is stated and no domain tells it: the one of the language, or the dialect's",
    Repair.LINK_ADDRESS: "an offer's own address was repaired, as pictures' addresses are",
    Repair.LINK_DROPPED: "an offer's own address was left out: not an http(s) URL",
    Repair.PARENT_ROW: "a row that stands for a group of variants was joined to the group's first product",
    Repair.PARENT_APART: "a row that stands for a group of variants is too far before them and became a product",
    Repair.VARIANT_DROPPED: "a variant was skipped: its offer has more of them than are read",
    Repair.ORPHAN_CATEGORY: "an offer names a category that the feed does not list",
    Repair.CATEGORY_CYCLE: "a category is its own ancestor; its path was cut there",
    Repair.LATE_CATEGORIES: "the categories come after the offers; the file was read twice",
}

Repairs = Counter[Repair]


def counted(repairs: Repairs) -> dict[str, int]:
    """The kinds of repair that were made, by name, with their counts."""
    return {kind.value: count for kind, count in sorted(repairs.items()) if count}
