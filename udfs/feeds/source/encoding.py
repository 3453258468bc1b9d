"""Finds the encoding of a feed: by its byte order mark, then its declaration, then by what the bytes look like."""

import codecs
import re
from dataclasses import dataclass, field

from charset_normalizer import from_bytes

from schemas.rejects import Code
from udfs.feeds.refusal import FeedRefused
from udfs.feeds.repairs import Repair

BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
DECLARATION = re.compile(rb"""<\?xml\s[^<>]{0,200}?encoding\s*=\s*["']\s*([\w.:-]{1,40})""")
WIDER = {
    "ascii": "utf-8",
    "iso8859-1": "cp1252",
    "shift_jis": "cp932",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "euc_kr": "cp949",
    "iso8859-9": "cp1254",
    "utf-8-sig": "utf-8",
    "utf-16": "utf-8",  # a BOM would have been seen, and so would the zero bytes
    "utf-32": "utf-8",
}
"""What is really sent under a narrower name, as browsers read it."""
CANDIDATES = [
    "cp1251", "cp932", "euc_jp", "cp1250", "cp1252", "cp1253", "cp1254", "koi8_r", "gb18030", "big5", "cp949", "cp866",
]  # fmt: skip
NOT_TEXT = {"utf_7", "utf-7", "idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined", "mbcs", "oem"}
MULTIBYTE = re.compile(rb"[\xC2-\xF4][\x80-\xBF]{1,3}")
SURE_SEQUENCES = 3
"""So many sequences of UTF-8 do not come about by chance in another encoding."""
BAD_SHARE = 0.1
"""Above one bad byte in ten that are no ASCII the encoding is not the one tried."""


STRAY_SHARE = 0.2
"""No other encoding makes four in five of its bytes whole sequences of UTF-8: up to here the bad ones are strays."""


@dataclass
class Choice:
    """The encoding to decode with, and what had to be mended to find it."""

    name: str
    repairs: list[Repair] = field(default_factory=list)


def by_first_bytes(head: bytes) -> tuple[str, int] | None:
    """Encoding and length of the mark when a byte order mark, or the zero bytes of UTF-16, decide; else None."""
    for mark, name in BOMS:
        if head.startswith(mark):
            return name, len(mark)
    if head[:4] in (b"<\0?\0", b"<\0!\0") or re.match(rb"<\0[A-Za-z]\0", head):
        return "utf-16-le", 0
    if head[:4] in (b"\0<\0?", b"\0<\0!") or re.match(rb"\0<\0[A-Za-z]", head):
        return "utf-16-be", 0
    return None


def declared_in(head: bytes) -> str | None:
    """The encoding that the XML declaration names, wherever in `head` it stands."""
    found = DECLARATION.search(head)
    return found[1].decode("ascii", "replace") if found else None


def codec_for(name: str) -> str | None:
    """Python's codec for a declared name, widened as browsers do; None where nobody knows the name."""
    for spelling in (name, name.replace("win-", "cp"), name.lower().replace("x-", "").replace("sjis", "shift_jis")):
        try:
            found = codecs.lookup(spelling)
        except (LookupError, ValueError):
            continue
        if found.name not in NOT_TEXT and getattr(found, "_is_text_encoding", True):
            return WIDER.get(found.name, found.name)
    return None


def choose(window: bytes, declared: str | None, override: str | None = None) -> Choice:
    """The encoding of `window`, the first stretch that is not plain ASCII; raises `FeedRefused` if none fits."""
    if override:
        return Choice(codec_for(override) or _unknown(override))
    codec = codec_for(declared) if declared else "utf-8"
    repairs = [] if codec else [Repair.ENCODING_NAME]
    if codec != "utf-8" and _is_utf8(window) and len(MULTIBYTE.findall(window)) >= SURE_SEQUENCES:
        return Choice("utf-8", [*repairs, Repair.WRONG_DECLARATION] if codec else repairs)
    if codec != "utf-8" and (japanese := _japanese(window)) and japanese != codec:
        return Choice(japanese, [*repairs, Repair.WRONG_DECLARATION] if codec else repairs)
    if codec == "utf-8" and _bad_share(window, codec) <= STRAY_SHARE:
        return Choice(codec, repairs)
    if codec and _fits(window, codec):
        return Choice(codec, repairs)
    guessed = from_bytes(window, cp_isolation=[*CANDIDATES, "utf_8"]).best()
    if guessed is None or not _fits(window, guessed.encoding):
        if codec and _bad_share(window, codec) <= BAD_SHARE:
            return Choice(codec, repairs)
        raise FeedRefused(
            Code.FEED_ENCODING,
            f"the bytes are neither {declared or 'UTF-8'} nor any other known encoding; the shop has to fix this",
        )
    name = codec_for(guessed.encoding) or "utf-8"
    return Choice(name, repairs if name == codec else [*repairs, Repair.WRONG_DECLARATION])


def _unknown(name: str) -> str:
    raise FeedRefused(
        Code.FEED_ENCODING,
        f"the spec or --encoding names an unknown encoding {name[:40]!r}; the data engineer has to correct it",
    )


def _is_utf8(window: bytes) -> bool:
    try:
        codecs.utf_8_decode(window, "strict", False)
    except UnicodeDecodeError:
        return False
    return True


def _fits(window: bytes, codec: str) -> bool:
    """Whether the codec reads the window with next to no bad byte, and what it reads looks like text of that codec."""
    if _bad_share(window, codec) > BAD_SHARE / 10:
        return False
    if codec != "cp1252":
        return True
    letters = window.decode(codec, "ignore")
    return not looks_like_cyrillic(letters)


LATIN_LETTER = re.compile("[À-ÿ]")
LATIN_RUN = re.compile("[À-ÿ]{3,}")


def looks_like_cyrillic(text: str) -> bool:
    """Whether accented Latin letters stand side by side as no language writes them: Cyrillic read as Latin-1."""
    letters = len(LATIN_LETTER.findall(text))
    return letters >= 12 and sum(map(len, LATIN_RUN.findall(text))) > 0.6 * letters


KANA = re.compile("[\u3041-\u30fc]")
SURE_KANA = 12


def _japanese(window: bytes) -> str | None:
    """The encoding of Japanese that reads the window with kana in it; by single bytes anything can be read."""
    for codec in ("cp932", "euc_jp"):
        if _bad_share(window, codec) <= BAD_SHARE / 10:
            text = window.decode(codec, "ignore")
            other = sum(not char.isascii() for char in text)
            if len(KANA.findall(text)) >= max(SURE_KANA, 0.2 * other):
                return codec
    return None


def _bad_share(window: bytes, codec: str) -> float:
    other = len(window) - len(window.translate(None, bytes(range(128, 256))))
    decoder = codecs.getincrementaldecoder(codec)("replace")
    return decoder.decode(window).count("\ufffd") / max(other, 1)
