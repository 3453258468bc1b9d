"""Exhibits that are binary or large, made when they are looked at."""

import gzip
import io
import random
import struct
import zipfile
import zlib
from collections.abc import Callable

from PIL import Image

COAT = "<offer id='1'><name>Coat</name><price>10</price><picture>http://s.test/1.jpg</picture></offer>"
SCARF = "<offer id='2'><name>Scarf</name><price>5</price><picture>http://s.test/2.jpg</picture></offer>"
HEAD, TAIL = "<yml_catalog><shop><offers>", "</offers></shop></yml_catalog>"


def _feed(inside: str, before: str = "") -> bytes:
    return f"{before}{HEAD}{inside}{TAIL}".encode()


def _in_offer(inside: str) -> bytes:
    return _feed(f"<offer id='1'><name>Coat</name>{inside}<picture>http://s.test/1.jpg</picture></offer>" + SCARF)


def _zip(*members: tuple[str, bytes]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in members:
            archive.writestr(zipfile.ZipInfo(name), body, zipfile.ZIP_DEFLATED)
    return target.getvalue()


def _picture(kind: str, size: tuple[int, int] = (40, 30), **options: object) -> bytes:
    target, (width, height) = io.BytesIO(), size
    Image.frombytes("RGB", size, random.Random(7).randbytes(width * height * 3)).save(target, kind, **options)
    return target.getvalue()


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _png_of(width: int, height: int) -> bytes:
    """A PNG that states a size of its own; its pixels are packed zeros."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = zlib.compress(b"\0" * 100_000_000, 9)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", pixels) + _chunk(b"IEND", b"")


def _entities() -> bytes:
    steps = "".join(f"<!ENTITY l{n} '{f'&l{n - 1};' * 10}'>" for n in range(1, 10))
    return _feed("<offer id='1'><name>&l9;</name></offer>", f"<!DOCTYPE x [<!ENTITY l0 'lol'>{steps}]>")


def _truncated(body: bytes) -> bytes:
    return body[: len(body) // 2]


def _damaged(body: bytes) -> bytes:
    at = body.index(b"IDAT") + 10
    return body[:at] + bytes([body[at] ^ 0xFF]) + body[at + 1 :]


def _scans() -> bytes:
    body = _picture("JPEG", progressive=True)
    scan = body[body.rindex(b"\xff\xda") : -2]
    return body[:-2] + scan * 1_000 + b"\xff\xd9"


EVILS: dict[str, Callable[[], bytes]] = {
    # feeds
    "png": lambda: b"\x89PNG\r\n\x1a\n" + b"\0" * 200,
    "noise": lambda: random.Random(7).randbytes(5_000),
    "bad_bytes": lambda: _feed(COAT.replace("Coat", "Пальто ~")).replace(b"~", b"\xff\xfe"),
    "entity_bomb": _entities,
    "quadratic": lambda: _feed(
        f"<offer id='1'><name>{'&a;' * 10_000}</name></offer>", f"<!DOCTYPE x [<!ENTITY a '{'a' * 10_000}'>]>"
    ),
    "deep": lambda: ("<a>" * 5_000 + "</a>" * 5_000).encode(),
    "deep_offer": lambda: _in_offer("<a>" * 5_000 + "</a>" * 5_000),
    "attributes": lambda: ("<a " + " ".join(f"x{n}='1'" for n in range(1_000_000)) + "/>").encode(),
    "attributes_in_offer": lambda: _in_offer("<a " + " ".join(f"x{n}='1'" for n in range(60_000)) + "/>"),
    "many_names": lambda: ("<yml_catalog><shop>" + "".join(f"<n{n}/>" for n in range(10_000)) + TAIL).encode(),
    "endless_offer": lambda: _in_offer(f"<description>{'x' * 2_000_000}</description>"),
    "gzip_bomb": lambda: gzip.compress(b"<a>" + b"0" * 120_000_000, mtime=0),
    "zip_bomb": lambda: _zip(("feed.xml", b"<a>" + b"0" * 120_000_000)),
    "zip_slip": lambda: _zip(("../../feed.xml", _feed(COAT))),
    "zip_of_two": lambda: _zip(("a.xml", _feed(COAT)), ("b.xml", _feed(SCARF))),
    "zip_empty": lambda: _zip(),
    "gzip_cut_off": lambda: _truncated(
        gzip.compress(_feed(COAT * 300 + random.Random(1).randbytes(4_000).hex()), mtime=0)
    ),
    "gzip_nested": lambda: gzip.compress(gzip.compress(gzip.compress(_feed(COAT)))),
    "long_title": lambda: _feed(COAT.replace("Coat", "Coat " * 6_000)),
    "long_description": lambda: _in_offer(f"<description>{'Warm. ' * 5_000}</description>"),
    # pictures
    "html": lambda: b"<!DOCTYPE html><html><body>404: no such picture</body></html>",
    "nothing": lambda: b"",
    "svg": lambda: b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
    "one_pixel": lambda: _picture("GIF", (1, 1)),
    "pixel_bomb": lambda: _png_of(120_000, 120_000),
    "many_bytes": lambda: b"\xff\xd8\xff" + b"\0" * (21 << 20),
    "truncated_jpeg": lambda: _truncated(_picture("JPEG")),
    "truncated_png": lambda: _truncated(_picture("PNG")),
    "damaged_png": lambda: _damaged(_picture("PNG")),
    "many_scans": _scans,
    "odd_gif": lambda: _picture("GIF")[:13] + b"\x77" * 900,
}
