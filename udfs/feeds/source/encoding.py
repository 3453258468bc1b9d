"""Finds the encoding of a feed: byte order mark, valid UTF-8, what is said of it, or what its letters look like."""

import codecs
import re
from dataclasses import dataclass, field

from schemas.rejects import Code
from udfs.feeds.options import FeedOptions
from udfs.feeds.refusal import FeedRefused
from udfs.feeds.repairs import Repair
from udfs.feeds.source.guess import Reading, Sample, beyond_reading, margin, readings
from udfs.feeds.source.hints import hints
from udfs.feeds.source.labels import codec_for, public_name

BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
DECLARATION = re.compile(rb"""<\?xml\s[^<>]{0,200}?encoding\s*=\s*["']\s*([\w.:-]{1,40})""")
MULTIBYTE = re.compile(rb"[\xC2-\xF4][\x80-\xBF]{1,3}")
SURE_SEQUENCES = 3
"""So many sequences of UTF-8 do not come about by chance in an East Asian encoding; elsewhere one does not."""
EAST_ASIAN = {"cp932", "euc_jp", "gb18030", "big5hkscs", "cp949"}
STRAY_SHARE = 0.2
"""No other encoding makes four in five of its bytes whole sequences of UTF-8: up to here the bad ones are strays."""
NO_TEXT_SHARE = 0.01
"""No text has more zero bytes than that, once UTF-16 is ruled out."""
SURE = 8.0
"""Nats by which a guess has to lead every other reading, and another reading has to lead what server or declaration
say, for the letters not to fit; `make encodings` measures what that is worth."""


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


def choose(window: bytes, declared: str | None, options: FeedOptions) -> Choice:
    """The encoding of `window`, which is not plain ASCII; raises `FeedRefused` if none fits or several do."""
    if options.encoding:
        return Choice(codec_for(options.encoding) or _unknown(options.encoding))
    stated = codec_for(declared) if declared else None
    told = [codec for codec in (codec_for(options.charset) if options.charset else None, stated) if codec]
    if window.count(0) > NO_TEXT_SHARE * len(window):
        raise _no_encoding(declared)
    name = "utf-8" if _is_utf8(window, told) else _by_letters(window, told, options.language)
    if name is None:
        raise _no_encoding(declared)
    if declared and not stated:
        return Choice(name, [Repair.ENCODING_NAME])
    is_told = name == stated or (not declared and name in (*told, "utf-8"))
    return Choice(name, [] if is_told else [Repair.WRONG_DECLARATION])


def _unknown(name: str) -> str:
    raise FeedRefused(
        Code.FEED_ENCODING,
        f"the spec or --encoding names an unknown encoding {name[:40]!r}; the data engineer has to correct it",
    )


def _no_encoding(declared: str | None) -> FeedRefused:
    detail = f"the bytes are neither {declared or 'UTF-8'} nor any other known encoding; the shop has to fix this"
    return FeedRefused(Code.FEED_ENCODING, detail)


def _is_utf8(window: bytes, told: list[str]) -> bool:
    """Whether the bytes are UTF-8, but for strays where nothing else is said of them."""
    try:
        codecs.utf_8_decode(window, "strict", False)
    except UnicodeDecodeError:
        return set(told) <= {"utf-8"} and _bad_share(window) <= STRAY_SHARE
    return not EAST_ASIAN & set(told) or len(MULTIBYTE.findall(window)) >= SURE_SEQUENCES


def _by_letters(window: bytes, told: list[str], language: str | None) -> str | None:
    """What is said of the encoding, where its letters fit; else a sure guess; None: no text; raises `FeedRefused`."""
    sample = Sample.of(window)
    found = readings(sample, hints(window, language), tuple(told)) if sample.tokens else []
    if not found or beyond_reading(found[0]):
        return None
    best = found[0]
    for codec in told:
        reading = next((one for one in found if one.encoding == codec), None)
        if reading and (reading.words == best.words or margin(best, reading, sample) < SURE):
            return codec
    rivals = [rival for rival in found if rival.words != best.words]
    rivals.sort(key=lambda rival: margin(best, rival, sample))
    if rivals and margin(best, rivals[0], sample) < SURE:
        raise FeedRefused(Code.ENCODING_UNSURE, _unsure(sample, best, rivals[0]))
    return best.encoding


def _unsure(sample: Sample, *guesses: Reading) -> str:
    one, other = (f"{public_name(guess.encoding)} ({text!r})" for guess, text in sample.title(*guesses))
    return f"the bytes may be {one} or {other}; the shop has to declare the encoding that it sends"


def _bad_share(window: bytes) -> float:
    """Bytes that are no UTF-8, as a share of those that are not ASCII."""
    other = len(window) - len(window.translate(None, bytes(range(128, 256))))
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    return decoder.decode(window).count("\ufffd") / max(other, 1)
