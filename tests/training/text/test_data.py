"""Folders that are known by their columns."""

from pathlib import Path

import pytest

from schemas.tables import TEXTS
from training.text.augment import told_genders, with_paths, without_lone_descriptions
from training.text.coarse import fine
from training.text.data import Row, lexicon, names, out_of_scope_feeds, styles, titles, yields
from training.text.fit import garment_names
from udfs.text.classify import UNSAID
from udfs.text.features import Text
from udfs.text.garment_sold import settled
from udfs.text.lexicon import NOTHING, Lexicon
from udfs.text.normalise import plain

from .samples import write_samples


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_samples(tmp_path_factory.mktemp("any name"))


@pytest.fixture(scope="module")
def garments() -> Lexicon:
    return garment_names()


def test_titles_join_their_labels_and_ambiguous_ones_are_left_out(samples: Path) -> None:
    rows = titles(samples)
    assert len(rows) == 6 * 180
    assert {row.leaf for row in rows} == {"dress", "shirt", "out_of_scope"}
    assert {row.language for row in rows} == {"en", "ru"}
    assert all((row.gender == "women") == (row.leaf == "dress") for row in rows if row.language == "en")


def test_styles_by_article_type_and_brand(samples: Path) -> None:
    rows = styles(samples)
    assert len(rows) == 100
    assert {row.leaf for row in rows} == {"dress", "shirt"}
    assert "styles:brand3" in {row.source for row in rows}


def test_a_word_of_the_title_tells_a_broad_article_type_apart(tmp_path: Path) -> None:
    lines = [
        "articleType,productDisplayName",
        "Tshirts,Acme Men Polo T-shirt",
        "Tshirts,Acme Men T-shirt",
        "Vouchers,X",
    ]
    (tmp_path / "list.csv").write_text("\n".join(lines))
    assert [row.leaf for row in styles(tmp_path)] == ["polo", "t_shirt"]


def test_a_word_of_the_brands_name_tells_nothing(tmp_path: Path) -> None:
    lines = [
        "articleType,productDisplayName,brand",
        "Tshirts,Acme Polo Men T-shirt,Acme Polo",
        "Tshirts,Acme Polo,Acme",
    ]
    (tmp_path / "list.csv").write_text("\n".join(lines))
    assert [row.leaf for row in styles(tmp_path)] == ["t_shirt", "polo"]


def test_category_names(tmp_path: Path) -> None:
    (tmp_path / "tree.tsv").write_text(
        "id\ten\tja\tru\tleaf\n1\tDress | Gown\t\tЖенщинам > Платья\tdress\n2\tAll\t\t\tambiguous\n"
    )
    assert [(row.text.title, row.stated_path) for row in names(tmp_path)] == [
        ("Dress", ("Dress",)),
        ("Gown", ("Gown",)),
        ("Платья", ("Женщинам", "Платья")),
    ]


def test_feeds_out_of_scope(tmp_path: Path) -> None:
    (tmp_path / "index.tsv").write_text(
        "file\tfashion\tlanguage\tencoding_real\na.xml\tno\tru\twindows-1251\nb.xml\tyes\tru\tutf-8\n"
    )
    (tmp_path / "a.xml").write_bytes(
        '<?xml version="1.0" encoding="utf-8"?><shop><offer id="1"><name>Тонер</name></offer></shop>'.encode("cp1251")
    )
    (row,) = out_of_scope_feeds(tmp_path)
    assert (row.text.title, row.leaf, row.basis) == ("Тонер", "out_of_scope", "feed")


def test_an_empty_folder(tmp_path: Path) -> None:
    assert titles(tmp_path) + styles(tmp_path) + names(tmp_path) + out_of_scope_feeds(tmp_path) == []


def row(title: str, leaf: str, basis: str = "stated", source: str = "shop", gender: str | None = None) -> Row:
    return Row(Text(title), "en", source, leaf, basis, gender, ("Women", "Clothes"))


def test_paths_are_added_to_some_rows_and_all_names() -> None:
    stated = [row(f"Dress {'x' * number}", "dress") for number in range(100)]
    more = with_paths([*stated, row("Gown", "dress", "name")])
    assert more[:100] == stated
    added = more[101:]
    assert 15 < len(added) < 50
    assert all(each.text.category_path == ("Women", "Clothes") for each in added)
    assert added[-1].text.title == ""


def test_genders_stated_named_implied_or_unsaid() -> None:
    stating = [row("Bra", "bra", source="one", gender="women") for _ in range(200)]
    rows = [
        row("Bra", "bra", source="one"),
        row("Men's shirt", "shirt", source="two"),
        row("Bra", "bra", source="two"),
        row("Umbrella", "umbrella", source="two"),
    ]
    assert told_genders([*stating, *rows])[200:] == [None, "men", "women", UNSAID]
    assert told_genders([*stating[:100], *rows])[102] == UNSAID


def test_rows_of_a_coarser_category_do_not_train() -> None:
    parent = {"trousers": "trousers", "jeans": "trousers", "dress": "dress"}
    kept = row("Wide trousers", "trousers")
    rows = [kept, row("Slim jeans", "trousers"), row("Slim jeans", "trousers", "title")]
    assert fine(rows, garment_names(), parent) == [kept, rows[2]]


def test_the_list_of_names_is_clean() -> None:
    listed = lexicon()
    assert len(listed) > 4000
    assert len({leaf for leaf, _, _ in listed}) > 80
    assert all(name == name.strip() and name for _, _, name in listed)
    assert TEXTS.schema.field("leaf").type == "string"


def test_a_description_is_no_sign_of_being_out_of_scope() -> None:
    toner = Row(Text("Тонер", "Чёрный"), "ru", "shop", "out_of_scope", "stated")
    dress = Row(Text("Dress", "Long"), "en", "shop", "dress", "stated")
    tea = Row(Text("Tea", "Green"), "en", "shop", "out_of_scope", "stated")
    assert [each.text.description for each in without_lone_descriptions([toner, dress, tea])] == ["", "Long", "Green"]


def test_names_yield_to_leaves_that_have_names() -> None:
    leaves = {leaf for leaf, _, _ in lexicon()}
    assert {leaf for pair in yields().items() for leaf in (pair[0], *pair[1])} <= leaves - {NOTHING}


@pytest.mark.parametrize(
    ("title", "description", "leaf"),
    [
        ("Ursula top", "Lined bikini top with ties", "swimwear"),
        ("Denim shirt dress", "", "dress"),
        ("Polo Club men shirt", "", "shirt"),
        ("Set of 6 wine glasses", "", "out_of_scope"),
        ("Boot cut jeans", "", "jeans"),
        ("Shirt style top", "", "top"),
        ("電動歯ブラシ 携帯用", "", "out_of_scope"),
        ("ロボット掃除機 エコバックス", "", "out_of_scope"),
        ("水着用インナーショーツ レディース", "", "underpants"),
        ("キャバドレス ワンショルダー キャミ", "", "dress"),
        ("スニーカーブーツ", "", "boots"),
        ("Платье-рубашка с поясом", "", "dress"),
        ("Сковорода, ручка в комплекте", "", "out_of_scope"),
        ("Сумка женская через плечо", "", "shoulder_bag"),
        ("ボタンダウン/長袖シャツ/L", "", "shirt"),
        ("ジャーマントレーナー/レザー", "", "sneakers"),
        ("脇高ブラ(R) ブラ&ショーツ(下着)", "", "lingerie"),
        ("Shampoo 300ml", "", "out_of_scope"),
        ("Klänning med knappar", "", "dress"),
        ("Rochie de seară", "", "dress"),
        ("Női télikabát", "", "coat"),
        ("Дамска рокля", "", "dress"),
        ("Botines de piel", "", "boots"),
        ("Doudoune longue femme", "", "down_jacket"),
        ("Áo khoác nam", "", "jacket"),
        ("여성 롱원피스", "", "dress"),
        ("女士 羽绒服", "", "down_jacket"),
    ],
)
def test_the_hand_written_names_find_what_is_sold(title: str, description: str, leaf: str, garments: Lexicon) -> None:
    fields = garments.read(plain(title, 100), plain(description, 100))
    assert f"sold {leaf}" in settled(*fields)
