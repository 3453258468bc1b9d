"""What a feed's bytes are in: asked of the bytes, the declaration and the look of the text, in this order."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.rejects import Code
from udfs.feeds.options import FeedOptions
from udfs.feeds.refusal import FeedRefused
from udfs.feeds.repairs import Repair, Repairs
from udfs.feeds.source.encoding import Choice, by_first_bytes, choose, declared_in
from udfs.feeds.source.labels import codec_for
from udfs.feeds.source.transcode import Transcoder

RUSSIAN = "Платье женское летнее с коротким рукавом, цвет белый, размер 44. " * 8
JAPANESE = "レディース ワンピース 半袖 ホワイト 春夏 カジュアル サイズ Ｍ 綿１００％。" * 8
DANISH = "<t>Blå kjole til børn i økologisk bomuld, størrelse små</t><t>Rød trøje, grøn hætte</t>" * 3
POLISH = "Sukienka damska z krótkim rękawem, kolor żółty, część garnituru, świąteczna zniżka. " * 8


@pytest.mark.parametrize(
    ("head", "found"),
    [
        (b"\xef\xbb\xbf<a/>", ("utf-8", 3)),
        ("\ufeff<a/>".encode("utf-16-le"), ("utf-16-le", 2)),
        ("<a/>".encode("utf-16-le"), ("utf-16-le", 0)),
        ("<?xml?>".encode("utf-16-be"), ("utf-16-be", 0)),
        ("\ufeff<a/>".encode("utf-32-le"), ("utf-32-le", 4)),
        (b"<a/>", None),
    ],
)
def test_the_first_bytes(head: bytes, found: tuple[str, int] | None) -> None:
    assert by_first_bytes(head) == found


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("windows-1251", "cp1251"),
        ("win-1251", "cp1251"),
        ("x-sjis", "cp932"),
        ("Shift_JIS", "cp932"),
        ("EUC-JP", "euc_jp"),
        ("ISO-8859-1", "cp1252"),
        ("utf-16", "utf-8"),
        ("utf-7", None),
        ("rot13", None),
        ("nobody-knows", None),
    ],
)
def test_names_are_widened_as_browsers_do(name: str, codec: str | None) -> None:
    assert codec_for(name) == codec


def test_a_declaration_is_found_where_it_is_not_first() -> None:
    assert declared_in(b"Warning: in line 3\n<?xml version='1.0' encoding=\"windows-1251\"?>") == "windows-1251"


@pytest.mark.parametrize(
    ("text", "codec"),
    [(RUSSIAN, "cp1251"), (JAPANESE, "cp932"), (JAPANESE, "euc_jp"), (RUSSIAN, "utf-8"), (POLISH, "utf-8")],
)
@pytest.mark.parametrize("declared", ["utf-8", "windows-1251", "shift_jis", "euc-jp", "iso-8859-1", None])
def test_a_wrong_word_is_found_out_and_counted(text: str, codec: str, declared: str | None) -> None:
    if codec != "utf-8" and declared == "windows-1251" != codec:
        pytest.skip("every byte is a letter of windows-1251: nothing in the bytes speaks against it")
    choice = choose(text.encode(codec), declared, FeedOptions())
    assert text.encode(codec).decode(choice.name) == text
    is_told = declared is None or codec_for(declared) == codec
    assert (Repair.WRONG_DECLARATION in choice.repairs) == (not is_told or (declared is None and codec != "utf-8"))


def test_a_name_that_nobody_knows_is_counted() -> None:
    assert choose(RUSSIAN.encode("cp1251"), "cp-nobody", FeedOptions()).repairs[0] is Repair.ENCODING_NAME


def test_the_spec_has_the_last_word_and_its_slip_is_said() -> None:
    assert choose(RUSSIAN.encode("cp1251"), "utf-8", FeedOptions(encoding="koi8-r")).name == "koi8-r"
    with pytest.raises(FeedRefused, match="unknown encoding 'cp-nobody'") as refused:
        choose(b"", None, FeedOptions(encoding="cp-nobody"))
    assert refused.value.code is Code.FEED_ENCODING


SPANISH = "<t>Vestido de niña</t><t>Pantalón pequeño</t><t>Camisa de algodón para señor</t><t>Falda de otoño</t>"
CZECH = "<t>Dlouhé lněné šaty žluté</t><t>Pánské džíny řepkové</t><t>Letní šaty ze lnu s kapsami, tělové</t>"
HEBREW = "<t>שמלת מידי כחולה</t><t>מכנסי ג'ינס לגבר</t><t>שמלה מפשתן</t><t>גזרה ישרה</t>"


FRENCH = "<t>Robe d'été brodée, écru</t><t>Chemise à carreaux, très légère</t><t>Pantalon côtelé façon</t>"
GREEK = "<t>Γυναικείο φόρεμα μακρύ</t><t>Ανδρικό παντελόνι μαύρο</t><t>Μπλούζα βαμβακερή λευκή</t>"
TURKISH = "<t>Kadın yeşil elbise</t><t>Erkek pantolonu, koyu kırmızı</t><t>Çocuk ayakkabısı, düğmeli gömlek</t>"


@pytest.mark.parametrize("declared", [None, "utf-8", "windows-1252"])
@pytest.mark.parametrize(
    ("text", "encoding"),
    [(SPANISH, "cp1252"), (CZECH, "iso-8859-2"), (CZECH, "cp1250"), (HEBREW, "cp1255"), (RUSSIAN, "koi8-r"),
     (DANISH, "cp850"), (SPANISH, "cp437"), (CZECH, "cp852"), (HEBREW, "cp862"), (FRENCH, "cp850"), (GREEK, "cp737"),
     (TURKISH, "cp857"), (TURKISH, "mac_turkish"), (CZECH, "mac_latin2")],
)  # fmt: skip
def test_letters_and_words_tell_an_encoding(text: str, encoding: str, declared: str | None) -> None:
    body = text.encode(encoding)
    assert body.decode(choose(body, declared, FeedOptions()).name) == text


def test_what_is_said_is_taken_where_it_reads_the_same() -> None:
    assert choose(HEBREW.encode("iso-8859-8"), "iso-8859-8-i", FeedOptions()) == Choice("iso-8859-8")


@pytest.mark.parametrize("declared", ["windows-1251", "iso-8859-1", "koi8-r"])
def test_valid_utf8_is_utf8_whatever_is_said(declared: str) -> None:
    assert choose("<t>für</t>".encode(), declared, FeedOptions(charset="iso-8859-2")).name == "utf-8"


def test_the_server_is_heard_before_the_declaration() -> None:
    body = "<t>Été</t>".encode("cp1252")
    assert choose(body, "iso-8859-2", FeedOptions(charset="iso-8859-15")).name == "iso-8859-15"
    assert choose(body, "iso-8859-2", FeedOptions(charset="nobody-knows")).name == "iso-8859-2"
    assert choose(body, None, FeedOptions(charset="iso-8859-15")) == Choice("iso-8859-15")


def test_a_server_whose_word_does_not_fit_is_not_heard() -> None:
    body = RUSSIAN.encode("cp1251")
    assert choose(body, "windows-1251", FeedOptions(charset="iso-8859-1")) == Choice("cp1251")
    assert choose(body, "windows-1251", FeedOptions(charset="utf-8")) == Choice("cp1251")


def test_one_that_is_unsure_is_refused_with_a_title_read_both_ways() -> None:
    body = "<t>Coat 10</t><t>½</t>".encode("cp1252")
    with pytest.raises(FeedRefused, match=r"windows-1252 \('½'\) or .* \('.'\)") as refused:
        choose(body, None, FeedOptions())
    assert refused.value.code is Code.ENCODING_UNSURE


def test_the_specs_language_helps() -> None:
    body = "<t>½</t><t>Nice kaffe</t>".encode("cp1252")
    with pytest.raises(FeedRefused):
        choose(body, None, FeedOptions())
    assert choose(body, None, FeedOptions(language="da")).name == "cp1252"


def test_more_is_read_until_it_is_sure() -> None:
    body = b"<t>\xbd</t>" + b"<t>Coat</t>" * 60_000 + DANISH.encode("cp1252")
    assert "størrelse små" in utf8(body, 65_536)[0]


def test_japanese_by_escapes_is_read_declared_or_not() -> None:
    assert utf8(JAPANESE.replace("Ｍ", "M").encode("iso2022_jp"), 4096)[0] == JAPANESE.replace("Ｍ", "M")


def test_bytes_that_are_no_text_are_refused() -> None:
    with pytest.raises(FeedRefused) as refused:
        choose(bytes(range(128, 256)) * 40 + b"\x81\x8d\x8f\x90\x9d" * 100, "utf-8", FeedOptions())
    assert refused.value.code is Code.FEED_ENCODING


def utf8(body: bytes, size: int, override: str | None = None) -> tuple[str, Repairs]:
    repairs = Repairs()
    pieces = (body[at : at + size] for at in range(0, len(body), size))
    return b"".join(Transcoder(pieces, FeedOptions(encoding=override), repairs)).decode(), repairs


@given(st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "cp1251", "euc_jp", "cp932"]), st.integers(1, 70))
def test_characters_cut_by_a_chunk_stay_whole(codec: str, size: int) -> None:
    text = f'<?xml version="1.0" encoding="{codec.removesuffix("-sig")}"?><a>' + (
        JAPANESE if codec in ("euc_jp", "cp932") else RUSSIAN
    )
    assert utf8(text.encode(codec), size)[0] == text


@pytest.mark.parametrize("wrong", ["cp1251", "cp1252"])
def test_text_that_was_encoded_twice_is_turned_back(wrong: str) -> None:
    letters = "Платье белое, размер сорок два. " if wrong == "cp1251" else "Sukienka żółta część ręka. "
    twice = "".join(char if char.isascii() else char.encode().decode(wrong, "ignore") for char in letters * 20).encode()
    text, repairs = utf8(b"<a>" + twice, 4096)
    assert repairs[Repair.ENCODED_TWICE] > 0
    assert letters.split()[0] in text


@given(st.binary(max_size=300), st.integers(1, 40))
def test_no_bytes_raise_anything_but_a_refusal(body: bytes, size: int) -> None:
    try:
        utf8(body, size)
    except FeedRefused as refused:
        assert refused.code in (Code.FEED_ENCODING, Code.ENCODING_UNSURE)
    except UnicodeDecodeError:
        pass  # bytes that are no UTF-8 pass through: the parser mends them, see `mend`
