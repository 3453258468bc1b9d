"""Repairs of broken markup that change no meaning; every one is counted by its kind."""

import re
from html.entities import html5

from udfs.feeds.repairs import Repair, Repairs

REPLACEMENT = "\ufffd".encode()
CDATA_OPEN, CDATA_CLOSE = b"<![CDATA[", b"]]>"
FORBIDDEN = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]|\xef\xbf[\xbe\xbf]")
"""Control characters, U+FFFE and U+FFFF: XML has no way to write them."""
BROKEN = re.compile(
    rb"&(?:#(\d{1,8});|#[xX]([0-9a-fA-F]{1,7});|([A-Za-z][A-Za-z0-9]{1,31});)?"  # a reference, or an ampersand alone
    rb"|(<)(?![A-Za-z_/!?\x80-\xff])"  # a sign that begins no tag
    rb"|(\]\]>)"  # the end of a section within another one
)
OF_XML = {b"amp", b"lt", b"gt", b"quot", b"apos"}
MAX_TEXT_FIELDS = 64
"""Opening tags of one text field in one offer that are looked at: more is no offer."""


def mend(data: bytes, repairs: Repairs) -> bytes:
    """The data as valid UTF-8 without forbidden characters, references and signs outside CDATA mended; lines stay."""

    def mended(match: re.Match[bytes]) -> bytes:
        decimal, hexadecimal, name, less_than, section_end = match.groups()
        if name:
            return _entity(name, repairs)
        if less_than:
            repairs[Repair.RAW_LESS_THAN] += 1
            return b"&lt;"
        if section_end:
            repairs[Repair.STRAY_SECTION_END] += 1
            return b""
        if not (decimal or hexadecimal):
            repairs[Repair.RAW_AMPERSAND] += 1
            return b"&amp;"
        if _is_xml_character(int(decimal) if decimal else int(hexadecimal, 16)):
            return match[0]
        repairs[Repair.BAD_REFERENCE] += 1
        return b""

    data, forbidden = FORBIDDEN.subn(b"", _valid_utf8(data, repairs))
    repairs[Repair.CONTROL_CHARACTER] += forbidden
    return b"".join(part if inside else BROKEN.sub(mended, part) for inside, part in _by_cdata(data))


def _valid_utf8(data: bytes, repairs: Repairs) -> bytes:
    try:
        data.decode()
    except UnicodeDecodeError:
        text = data.decode("utf-8", "replace")
        repairs[Repair.BAD_BYTES] += text.count("\ufffd") - data.count(REPLACEMENT)
        return text.encode()
    return data


def wrap_html(data: bytes, fields: tuple[bytes, ...], repairs: Repairs) -> bytes:
    """The data with raw HTML inside the named text fields wrapped in CDATA, so that its tags need not balance."""

    def wrapped(match: re.Match[bytes]) -> bytes:
        opening, inner, closing = match.groups()
        if b"<" not in inner or inner.lstrip().startswith(CDATA_OPEN):
            return match[0]
        repairs[Repair.RAW_HTML] += 1
        return opening + CDATA_OPEN + inner.replace(CDATA_CLOSE, b"]] >") + CDATA_CLOSE + closing

    for name in fields:
        if 0 < data.lower().count(b"<" + name.lower()) <= MAX_TEXT_FIELDS:
            field = re.escape(name)
            pattern = rb"(<" + field + rb"(?:\s[^<>]*)?>)(.*?)(</" + field + rb"\s*>)"
            data = re.sub(pattern, wrapped, data, flags=re.DOTALL | re.IGNORECASE)
    return data


def _by_cdata(data: bytes) -> list[tuple[bool, bytes]]:
    """The data cut into stretches inside and outside CDATA; a section that never ends is text."""
    first, *rest = data.split(CDATA_OPEN)
    parts, pending = [(False, first)], b""
    for piece in rest:
        inner, close, after = piece.partition(CDATA_CLOSE)
        pending += CDATA_OPEN + inner
        if close:
            parts += [(True, pending + close), (False, after)]
            pending = b""
    if pending:
        parts.append((False, pending.replace(CDATA_OPEN, b"&lt;![CDATA[")))
    return parts


def _entity(name: bytes, repairs: Repairs) -> bytes:
    if name in OF_XML:
        return b"&" + name + b";"
    meant = html5.get(name.decode("ascii") + ";")
    if meant is None:
        repairs[Repair.RAW_AMPERSAND] += 1
        return b"&amp;" + name + b";"
    repairs[Repair.HTML_ENTITY] += 1
    return meant.replace("&", "&amp;").replace("<", "&lt;").encode()


def _is_xml_character(code: int) -> bool:
    return code in (9, 10, 13) or 0x20 <= code <= 0xD7FF or 0xE000 <= code <= 0xFFFD or 0x10000 <= code <= 0x10FFFF
