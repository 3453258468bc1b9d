"""Reads format and size of a picture from its file structure only: nothing is decoded, and no pixel is allocated."""

import io
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass

from PIL import Image

from schemas.rejects import Code

JPEG, PNG, WEBP, AVIF, GIF = "image/jpeg", "image/png", "image/webp", "image/avif", "image/gif"

SNIFFED_BYTES = 64
"""Bytes from the start of a body that `sniff` looks at."""

MAX_SCANS = 100
"""Encoders write 10 to 15 scans into a progressive JPEG; thousands of them are an attack on the decoder's time."""

PROFILE = b"ICC_PROFILE\0"
"""What a JPEG's segments begin with that hold parts of an ICC profile."""

ORIENTATION = 0x0112
"""EXIF tag 274: 1 to 8, how the stored pixels are to be turned and mirrored."""


class PictureRefused(Exception):
    """The bytes cannot be used as a picture: `code` is the kind of fault, `detail` one line for a person."""

    def __init__(self, code: Code, detail: str) -> None:
        super().__init__(code, detail)
        self.code = code
        self.detail = detail

    def __str__(self) -> str:
        return self.detail


@dataclass(frozen=True)
class Limits:
    """Limits for a picture. The pixel limit is checked before anything is decoded."""

    max_bytes: int = 20 << 20
    max_pixels: int = 64_000_000  # 8,000 x 8,000: 200 MB as RGB
    min_side: int = 8  # tracking pixels and spacers


@dataclass(frozen=True)
class Picture:
    """A picture as shown: width and height in pixels after the EXIF orientation is applied."""

    mime: str
    width: int
    height: int


@dataclass(frozen=True)
class Header:
    """A picture as stored: width and height before the EXIF orientation is applied."""

    mime: str
    width: int
    height: int
    orientation: int = 1
    channels: int | None = None  # JPEG alone: 1 grey, 3 colour, 4 CMYK
    profile: bytes | None = None  # JPEG alone: what its colours mean (ICC), not checked

    @property
    def upright(self) -> Picture:
        """The picture after EXIF: orientations 5 to 8 swap the sides."""
        sides = (self.height, self.width) if self.orientation >= 5 else (self.width, self.height)
        return Picture(self.mime, *sides)


LIMITS = Limits()


def inspect(body: bytes, limits: Limits = LIMITS) -> Picture:
    """The format and upright size of the picture in a body.

    Raises `PictureRefused`: FETCH_SIZE, FETCH_TYPE, PICTURE_PIXELS, PICTURE_TRUNCATED where the file's own structure
    ends early, PICTURE_DECODE where it is broken. Damage inside the compressed pixels is found by `decode` alone.
    """
    return read_header(body, limits).upright


def read_header(body: bytes, limits: Limits = LIMITS) -> Header:
    """The picture as stored; checks and errors as in `inspect`."""
    if len(body) > limits.max_bytes:
        raise PictureRefused(Code.FETCH_SIZE, f"{len(body)} bytes, the limit is {limits.max_bytes}")
    mime = sniff(body[:SNIFFED_BYTES])
    if mime is None:
        raise PictureRefused(Code.FETCH_TYPE, f"not a JPEG, PNG, WebP, AVIF or GIF: begins with {beginning(body)}")
    try:
        header = READERS[mime](body)
    except (struct.error, IndexError) as error:
        raise PictureRefused(Code.PICTURE_TRUNCATED, f"the {mime} is cut off after {len(body)} bytes") from error
    _check_size(header, limits)
    return header


def sniff(head: bytes) -> str | None:
    """The MIME type that the first bytes show, or None if it is not a supported picture."""
    if head.startswith(b"\xff\xd8\xff"):
        return JPEG
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return PNG
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return WEBP
    if head.startswith((b"GIF87a", b"GIF89a")):
        return GIF
    if head[4:8] == b"ftyp" and (b"avif" in head[8:] or b"avis" in head[8:]):
        return AVIF
    return None


def _check_size(header: Header, limits: Limits) -> None:
    if header.width * header.height > limits.max_pixels:
        what = f"the limit is {limits.max_pixels} in all"
    elif min(header.width, header.height) < limits.min_side:
        what = f"each side needs at least {limits.min_side}"
    else:
        return
    raise PictureRefused(Code.PICTURE_PIXELS, f"{header.width} x {header.height} pixels, {what}")


def _read_jpeg(body: bytes) -> Header:
    """Walk the segments up to the first scan (ITU-T T.81, annex B), then look for the end marker behind it."""
    width = height = channels = 0
    orientation = 1
    progressive = False
    profile: list[bytes] = []
    position = 2
    while True:
        if body[position : position + 2] not in _OPENING:  # seldom: then bytes lie between the segments
            position = _marker(body, position)
        marker, length = _SEGMENT.unpack_from(body, position)
        start = position + 4
        if marker == 0xDA:
            break
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width, channels = struct.unpack_from(">xHHB", body, start)
            progressive = marker in (0xC2, 0xC6, 0xCA, 0xCE)
        elif marker == 0xE1 and body.startswith(b"Exif\0\0", start):
            orientation = _orientation(body[start + 6 : position + 2 + length])
        elif marker == 0xE2 and not height and body.startswith(PROFILE, start):
            profile.append(body[start + len(PROFILE) : position + 2 + length])
        position += 2 + length
    if not width or not height:
        raise PictureRefused(Code.PICTURE_DECODE, "the JPEG does not state its size")
    if body.rfind(b"\xff\xd9", position) < 0:
        raise PictureRefused(Code.PICTURE_TRUNCATED, f"the JPEG ends after {len(body)} bytes without an end marker")
    if progressive and body.count(b"\xff\xda", position) > MAX_SCANS:
        raise PictureRefused(Code.PICTURE_DECODE, f"the JPEG has more than {MAX_SCANS} scans")
    return Header(JPEG, width, height, orientation, channels, _joined(profile))


def _joined(parts: list[bytes]) -> bytes | None:
    """An ICC profile from its parts, each behind its number and how many there are; None if one is missing."""
    if not parts or min(map(len, parts)) < 2:
        return None
    parts = sorted(parts)
    return b"".join(part[2:] for part in parts) if parts[0][1] == len(parts) else None


_SEGMENT = struct.Struct(">xBH")
"""A marker and the length of its segment."""

_OPENING = frozenset(bytes((0xFF, marker)) for marker in (*range(0xC0, 0xD0), *range(0xDA, 0xFF)))
"""Markers that a segment follows."""


def _marker(body: bytes, position: int) -> int:
    """The place of the next marker that opens a segment; like libjpeg, bytes between segments are passed over."""
    while True:
        position = body.find(b"\xff", position)
        if position < 0 or position + 3 >= len(body):
            raise PictureRefused(Code.PICTURE_TRUNCATED, f"the JPEG ends after {len(body)} bytes, before its pixels")
        marker = body[position + 1]
        if marker == 0xD9:
            raise PictureRefused(
                Code.PICTURE_TRUNCATED, f"the JPEG's end marker is at byte {position}, with no pixels before it"
            )
        if marker >= 0xC0 and marker != 0xFF and not 0xD0 <= marker <= 0xD8:
            return position
        position += 1 if marker == 0xFF else 2


def _read_png(body: bytes) -> Header:
    """Walk the chunks to IEND; those that a decoder needs must have the right checksum."""
    width, height = struct.unpack_from(">II", body, 16)
    orientation = 1
    position = 8
    kind = b""
    while kind != b"IEND":
        if position + 12 > len(body):
            raise PictureRefused(Code.PICTURE_TRUNCATED, f"the PNG ends after {len(body)} bytes without an end chunk")
        length, kind = struct.unpack_from(">I4s", body, position)
        end = position + 8 + length
        if end + 4 > len(body):
            raise PictureRefused(Code.PICTURE_TRUNCATED, f"the PNG ends after {len(body)} bytes inside a chunk")
        data = memoryview(body)[position + 4 : end]
        if kind[0] < ord("a") and zlib.crc32(data) != struct.unpack_from(">I", body, end)[0]:
            raise PictureRefused(Code.PICTURE_DECODE, f"the PNG's chunk at byte {position} has a wrong checksum")
        if kind == b"eXIf":
            orientation = _orientation(bytes(data[4:]))
        position = end + 4
    return Header(PNG, width, height, orientation)


def _read_gif(body: bytes) -> Header:
    """Walk the blocks to the trailer (GIF89a, appendix A)."""
    width, height, flags = struct.unpack_from("<HHB", body, 6)
    position = 13 + _colour_table_bytes(flags)
    while (kind := body[position]) != 0x3B:
        if kind == 0x2C:
            position += 11 + _colour_table_bytes(body[position + 9])
        elif kind == 0x21:
            position += 2
        else:
            raise PictureRefused(Code.PICTURE_DECODE, f"the GIF has an unknown block at byte {position}")
        while (length := body[position]) != 0:
            position += 1 + length
        position += 1
    return Header(GIF, width, height)


def _colour_table_bytes(flags: int) -> int:
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _read_webp(body: bytes) -> Header:
    """Read the first chunk of the RIFF container, and EXIF where its flag is set."""
    size = struct.unpack_from("<I", body, 4)[0] + 8
    if size > len(body):
        raise PictureRefused(Code.PICTURE_TRUNCATED, f"the WebP has {len(body)} of its {size} bytes")
    kind = body[12:16]
    if kind == b"VP8X":
        flags = body[20]
        width, height = (int.from_bytes(body[at : at + 3], "little") + 1 for at in (24, 27))
        return Header(WEBP, width, height, _webp_orientation(body, size) if flags & 0x08 else 1)
    if kind == b"VP8L":
        packed = struct.unpack_from("<I", body, 21)[0]
        return Header(WEBP, (packed & 0x3FFF) + 1, (packed >> 14 & 0x3FFF) + 1)
    if kind == b"VP8 ":
        width, height = struct.unpack_from("<HH", body, 26)
        return Header(WEBP, width & 0x3FFF, height & 0x3FFF)
    raise PictureRefused(Code.PICTURE_DECODE, f"the WebP begins with an unknown chunk {beginning(kind)}")


def _webp_orientation(body: bytes, size: int) -> int:
    position = 12
    while position + 8 <= size:
        kind, length = struct.unpack_from("<4sI", body, position)
        if kind == b"EXIF":
            return _orientation(body[position + 8 : position + 8 + length].removeprefix(b"Exif\0\0"))
        position += 8 + length + (length & 1)
    return 1


def _read_avif(body: bytes) -> Header:
    """Check that the outer boxes are whole (ISO/IEC 14496-12), and let libavif read what is in them."""
    position = 0
    while position + 8 <= len(body):
        length = struct.unpack_from(">I", body, position)[0]
        if length == 1:
            length = struct.unpack_from(">Q", body, position + 8)[0]
        if length == 0:
            break
        if length < 8 or position + length > len(body):
            raise PictureRefused(Code.PICTURE_TRUNCATED, f"the AVIF ends after {len(body)} bytes inside a box")
        position += length
    with open_picture(body, AVIF) as image:
        return Header(AVIF, *image.size, _valid(image.getexif().get(ORIENTATION)))


def open_picture(body: bytes, mime: str) -> Image.Image:
    """Open a body with Pillow as the one format that it was found to be.

    Raises `PictureRefused`. Hostile bytes make Pillow's plug-ins raise nearly anything, so all of it is caught.
    """
    try:
        return Image.open(io.BytesIO(body), formats=[mime.removeprefix("image/").upper()])
    except Exception as error:
        raise PictureRefused(Code.PICTURE_DECODE, f"the {mime} cannot be opened: {one_line(error)}") from error


def beginning(body: bytes) -> str:
    """The first bytes as a person reads them: text where they are, else hexadecimal digits."""
    head = body[:16]
    text = head.decode("ascii", "replace")
    return (text if text.isprintable() and head.isascii() else head.hex(" ")) or "nothing"


def one_line(error: BaseException) -> str:
    """An error's message on one line of at most 200 characters, without the addresses that make it differ by run."""
    text = " ".join(str(error).split()) or type(error).__name__
    return text.partition(" <_io")[0][:200]


def _orientation(exif: bytes) -> int:
    """The orientation that an EXIF block states; 1 where it states none or is broken, as browsers take it."""
    block = Image.Exif()
    try:
        block.load(exif)
        return _valid(block.get(ORIENTATION))
    except Exception:
        return 1


def _valid(orientation: object) -> int:
    return orientation if isinstance(orientation, int) and 1 <= orientation <= 8 else 1


READERS: dict[str, Callable[[bytes], Header]] = {
    JPEG: _read_jpeg,
    PNG: _read_png,
    WEBP: _read_webp,
    AVIF: _read_avif,
    GIF: _read_gif,
}
