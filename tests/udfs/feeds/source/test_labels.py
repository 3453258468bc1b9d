"""Names of encodings: what a shop writes, and what reads it."""

import codecs

import pytest

from udfs.feeds.source.labels import CODECS, codec_for, public_name


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("iso-8859-8-i", "iso-8859-8"),
        ("logical", "iso-8859-8"),
        (" ISO-8859-8 ", "iso-8859-8"),
        ("latin5", "cp1254"),
        ("ISO_8859-2:1987", "iso-8859-2"),
        ("TIS-620", "cp874"),
        ("ks_c_5601-1987", "cp949"),
        ("x-x-big5", "big5hkscs"),
        ("x-mac-ukrainian", "mac_cyrillic"),
        ("iso-2022-jp", "iso2022_jp"),
        ("win-1251", "cp1251"),
        ("cp1252", "cp1252"),
        ("iso8859_8", "iso-8859-8"),
        ("cp852", "cp852"),
        ("iso-2022-kr", "iso2022_kr"),
        ("utf-7", None),
        ("rot13", None),
        ("nobody-knows", None),
    ],
)
def test_a_name_and_its_codec(name: str, codec: str | None) -> None:
    assert codec_for(name) == codec


def test_every_codec_reads_and_has_a_name_that_shops_know() -> None:
    for codec in set(CODECS.values()):
        assert codecs.lookup(codec)
        assert codec_for(public_name(codec)) == codec
