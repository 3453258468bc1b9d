"""Compounds, hyphens and spaces make no difference to a garment's name."""

from collections.abc import Mapping

import pytest

from training.text.data import lexicon
from training.text.fit import garment_names
from training.text.spellings import compounds, spellings, with_spellings
from udfs.text.garment_sold import settled
from udfs.text.lexicon import Lexicon
from udfs.text.normalise import plain


@pytest.fixture(scope="module")
def names() -> Lexicon:
    return garment_names()


@pytest.mark.parametrize(
    ("written", "leaf"),
    [
        ("Tanktop / Tank-Top / tank top / TANK TOPS", "tank_top"),
        ("Sweatshirt / Sweat-Shirt / sweat shirt", "sweatshirt"),
        ("jumpsuit / jump-suit / Jump Suit", "jumpsuit"),
        ("raincoat / rain-coat / Rain coats", "raincoat"),
        ("trenchcoat / trench-coat / Trench Coat", "trench_coat"),
        ("handbag / hand-bag / hand bag", "handbag"),
        ("back pack / back-pack / Backpack", "backpack"),
        ("bomberjacket / bomber-jacket / bomber jacket", "bomber_jacket"),
        ("denimjacket / denim-jacket / denim jacket", "denim_jacket"),
        ("puffer-jacket / puffer jacket", "down_jacket"),
        ("sportsbra / sports-bra / sports bra", "bra"),
        ("polo-shirt / poloshirt / polo shirt", "polo"),
        ("nightgown / night-gown / night gown", "pajamas"),
        ("beltbag / belt-bag / belt bag", "waist_bag"),
        ("flipflops / flip-flops / flip flops", "sandals"),
        ("bowtie / bow-tie / bow tie", "tie"),
        ("Damenkleid / Damen-Kleid / Damen Kleid / Sommerkleider", "dress"),
        ("Herrenhemd / Herren-Hemd / Leinenhemden", "shirt"),
        ("Winterstiefel / Winter-Stiefel", "boots"),
        ("Kinderschuhe / Kinder-Schuhe", "shoes"),
        ("Lederhandtasche / Damentaschen-Handtasche", "handbag"),
        ("Lederjacke / Lederjacken", "leather_jacket"),
        ("Strickjacke / Strickjacken", "cardigan"),
        ("Winterjacke / Skijacken", "jacket"),
        ("Cordhose / Damenhosen", "trousers"),
        ("Wollröcke / Lederröcke", "skirt"),
        ("coupe-vent / coupe vent", "windbreaker"),
    ],
)
def test_a_name_is_found_however_it_is_written(written: str, leaf: str, names: Lexicon) -> None:
    for title in written.split(" / "):
        found = settled(*names.read(plain(f"Nora {title}", 100), ""))
        assert f"sold {leaf}" in found, (title, found)


@pytest.mark.parametrize(
    "written", ["Barock", "Shamrock green", "baby doll house", "t op", "car pet", "s weater", "polo-neck", "in-laws"]
)
def test_other_words_name_no_garment(written: str, names: Lexicon) -> None:
    found = settled(*names.read(plain(written, 100), ""))
    assert [feature for feature in found if feature.startswith("sold") and feature != "sold out_of_scope"] == []


def test_words_grow_together_in_some_languages_alone() -> None:
    assert set(spellings("tank top", "en", ())) == {"tank top", "tank-top", "tanktop"}
    assert set(spellings("robe longue", "fr", ())) == {"robe longue", "robe-longue"}
    assert set(spellings("handtasche", "de", ("tasche", "hand"))) == {"hand tasche", "hand-tasche"}
    assert set(spellings("tas", "nl", ("tas",))) == set(spellings("юбка макси", "ru", ())) == set()
    assert len(set(spellings("one two three", "en", ()))) == 9
    assert set(spellings("one two three four", "en", ())) == set(), "a phrase is no compound"


def test_a_listed_name_stays_what_it_is() -> None:
    listed = {"tank top": "tank_top", "tanktop": "top", "kleid": "dress", "abendkleid": "robe", "doll": "out_of_scope"}
    languages = {"tank top": "en", "tanktop": "en", "kleid": "de", "abendkleid": "de", "doll": "en"}
    found = with_spellings(listed, languages)
    assert (found["tanktop"], found["tank-top"], found["abendkleid"]) == ("top", "tank_top", "robe")
    assert found["damenkleid"] == "dress"
    assert "damenhemd" not in found, "its head is not listed"


def test_what_ends_a_compound_is_listed() -> None:
    listed = {name.strip() for _, _, name in lexicon()}
    assert {head for _, head in compounds()} <= listed


def test_a_compound_is_no_english_word(names: Lexicon) -> None:
    told: Mapping[str, str] = names.leaves
    assert {name for name, _ in compounds()} & {"those", "whose", "frock", "barock", "shamrock"} == set()
    assert told["damenkleid"] == "dress"
