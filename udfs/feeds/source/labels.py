"""The names that encodings go by: every label of the WHATWG's Encoding Standard, and a few that shops use besides."""

import codecs

LABELS = {
    "big5hkscs": "big5 big5-hkscs cn-big5 csbig5 x-x-big5",
    "cp1250": "cp1250 windows-1250 x-cp1250",
    "cp1251": "cp1251 windows-1251 x-cp1251",
    "cp1252": (
        "cp1252 cp819 csisolatin1 ibm819 iso-8859-1 iso-ir-100 iso8859-1 iso88591 iso_8859-1 "
        "iso_8859-1:1987 l1 latin1 windows-1252 x-cp1252"
    ),
    "cp1253": "cp1253 windows-1253 x-cp1253",
    "cp1254": (
        "cp1254 csisolatin5 iso-8859-9 iso-ir-148 iso8859-9 iso88599 iso_8859-9 iso_8859-9:1989 l5 latin5 "
        "windows-1254 x-cp1254"
    ),
    "cp1255": "cp1255 windows-1255 x-cp1255",
    "cp1256": "cp1256 windows-1256 x-cp1256",
    "cp1257": "cp1257 windows-1257 x-cp1257",
    "cp1258": "cp1258 windows-1258 x-cp1258",
    "cp866": "866 cp866 csibm866 ibm866",
    "cp874": "dos-874 iso-8859-11 iso8859-11 iso885911 tis-620 windows-874",
    "cp932": "csshiftjis ms932 ms_kanji shift-jis shift_jis sjis windows-31j x-sjis",
    "cp949": (
        "cseuckr csksc56011987 euc-kr iso-ir-149 korean ks_c_5601-1987 ks_c_5601-1989 ksc5601 ksc_5601 windows-949"
    ),
    "euc_jp": "cseucpkdfmtjapanese euc-jp x-euc-jp",
    "gb18030": "chinese csgb2312 csiso58gb231280 gb18030 gb2312 gb_2312 gb_2312-80 gbk iso-ir-58 x-gbk",
    "iso-8859-10": "csisolatin6 iso-8859-10 iso-ir-157 iso8859-10 iso885910 l6 latin6",
    "iso-8859-13": "iso-8859-13 iso8859-13 iso885913",
    "iso-8859-14": "iso-8859-14 iso8859-14 iso885914",
    "iso-8859-15": "csisolatin9 iso-8859-15 iso8859-15 iso885915 iso_8859-15 l9",
    "iso-8859-16": "iso-8859-16",
    "iso-8859-2": "csisolatin2 iso-8859-2 iso-ir-101 iso8859-2 iso88592 iso_8859-2 iso_8859-2:1987 l2 latin2",
    "iso-8859-3": "csisolatin3 iso-8859-3 iso-ir-109 iso8859-3 iso88593 iso_8859-3 iso_8859-3:1988 l3 latin3",
    "iso-8859-4": "csisolatin4 iso-8859-4 iso-ir-110 iso8859-4 iso88594 iso_8859-4 iso_8859-4:1988 l4 latin4",
    "iso-8859-5": ("csisolatincyrillic cyrillic iso-8859-5 iso-ir-144 iso8859-5 iso88595 iso_8859-5 iso_8859-5:1988"),
    "iso-8859-6": (
        "arabic asmo-708 csiso88596e csiso88596i csisolatinarabic ecma-114 iso-8859-6 iso-8859-6-e "
        "iso-8859-6-i iso-ir-127 iso8859-6 iso88596 iso_8859-6 iso_8859-6:1987"
    ),
    "iso-8859-7": (
        "csisolatingreek ecma-118 elot_928 greek greek8 iso-8859-7 iso-ir-126 iso8859-7 iso88597 "
        "iso_8859-7 iso_8859-7:1987 sun_eu_greek"
    ),
    "iso-8859-8": (
        "csiso88598e csiso88598i csisolatinhebrew hebrew iso-8859-8 iso-8859-8-e iso-8859-8-i iso-ir-138 "
        "iso8859-8 iso88598 iso_8859-8 iso_8859-8:1988 logical visual"
    ),
    "iso2022_jp": "csiso2022jp iso-2022-jp",
    "koi8-r": "cskoi8r koi koi8 koi8-r koi8_r",
    "koi8-u": "koi8-ru koi8-u",
    "mac_cyrillic": "x-mac-cyrillic x-mac-ukrainian",
    "mac_roman": "csmacintosh mac macintosh x-mac-roman",
    "utf-8": (
        "ansi_x3.4-1968 ascii csunicode iso-10646-ucs-2 ucs-2 unicode unicode-1-1-utf-8 unicode11utf8 "
        "unicode20utf8 unicodefeff unicodefffe us-ascii utf-16 utf-16be utf-16le utf-32 utf-8 utf8 "
        "x-unicode20utf8"
    ),
}
"""The codec that reads what is sent under these names: the wider one where a narrow name is used for it. Plain ASCII
and UTF-16 stand under UTF-8: a byte order mark would have been seen, and so would the zero bytes."""

CODECS = {label: codec for codec, labels in LABELS.items() for label in labels.split()}
NOT_TEXT = {"utf-7", "idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined", "mbcs", "oem"}
"""Python's own codecs that no feed is in."""


def codec_for(name: str) -> str | None:
    """Python's codec for a name, widened as browsers do; None where nobody knows the name."""
    label = name.strip().lower()
    for spelling in (label, label.replace("win-", "windows-"), label.removeprefix("x-")):
        if spelling in CODECS:
            return CODECS[spelling]
    try:
        found = codecs.lookup(label)
    except (LookupError, ValueError):
        return None
    is_text = found.name not in NOT_TEXT and getattr(found, "_is_text_encoding", True)
    return CODECS.get(found.name.replace("_", "-"), found.name) if is_text else None


def public_name(codec: str) -> str:
    """The name that a shop knows a codec by."""
    return {"cp932": "shift_jis", "cp949": "euc-kr", "cp866": "ibm866", "big5hkscs": "big5", "mac_roman": "macintosh",
            "mac_cyrillic": "x-mac-cyrillic", "cp850": "ibm850", "cp437": "ibm437", "cp852": "ibm852",
            }.get(codec, codec.replace("cp", "windows-").replace("_", "-"))  # fmt: skip
