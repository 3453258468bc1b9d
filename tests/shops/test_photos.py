import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from schemas.errors import WrongInput
from shops.labelled import DETECTED, read
from shops.photos import PhotoOptions, make
from shops.truth import PUBLISHED
from tests.shops.reading import feed_of, files_of, offers_of, pictures_of


def table(path: Path, *lines: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(line.replace("|", "\t") for line in lines) + "\n", encoding="utf-8")


def picture(path: Path, grey: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full((40, 30, 3), grey, np.uint8)).save(path)


@pytest.fixture
def folders(tmp_path: Path) -> list[Path]:
    """One folder of each form, under names that say nothing."""
    one, two, three, four, five = (tmp_path / name for name in "abcde")
    table(one / "p.tsv", "source|product_id|title|brand|price|currency|gender|category|colour|description|url",
          "s|1|Red \"big\" dress|Norra|49|GBP|women|Women/Dresses|red|soft|", "s|2||||||Women/Shoes|||")  # fmt: skip
    table(
        one / "v.tsv",
        "source|product_id|file|view",
        "s|1|1a.jpg|front",
        "s|1|1b.jpg|back",
        "s|2|2.jpg|front",
        "s|2|gone.jpg|x",
    )
    table(two / "index.tsv", "file|label|class|sender|kids|split|source|colour",
          "t.jpg|T-Shirt|top|9|False||x|Blue", "i.jpg|Body|ignore|9|True||x|",
          "j.jpg|Bracelet|jewellery|9|False||x|")  # fmt: skip
    table(three / "boxes.tsv", "file|label|class|x0|y0|x1|y1|source|area_pct|small|note",
          "w.jpg|skirt|skirt|3|20|27|40|x|1|0|", "w.jpg|coat|outerwear|0|0|30|24|x|1|0|")  # fmt: skip
    table(four / "index.tsv", "file|class|source|licence|note", "logo/l.png|logo|x|none|")
    table(five / "labels.tsv", "source|category|count|leaf|basis", "k|Tees|2|t_shirt|stated", "k|Skirts|1|skirt|stated")
    table(five / "leaves.tsv", "leaf|english|japanese|russian|parent", "t_shirt|T-shirt|x|x|top",
          "skirt|skirt|x|x|skirt", "coat|coat|x|x|outerwear")  # fmt: skip
    table(five / "sources.tsv", "source|language|rows", "k|en|3")
    table(five / "any.tsv", "source|id|title|description|brand|gender|category|price|currency",
          "k|1|Plain tee||Acme|Men|Tees|12.50|USD", "k|2|Midi skirt||||Skirts||")  # fmt: skip
    names = {one: ("1a.jpg", "1b.jpg", "2.jpg"), two: ("t.jpg", "i.jpg", "j.jpg"), three: ("w.jpg",)}
    paths = [folder / "images" / name for folder, of in names.items() for name in of] + [four / "logo" / "l.png"]
    for number, path in enumerate(paths):
        picture(path, 20 * number)
    return [one, two, three, four, five]


OPTIONS = PhotoOptions("real", unwanted_share=1.0)


def test_every_form_of_folder_becomes_offers(folders: list[Path], tmp_path: Path) -> None:
    made = make(folders, tmp_path / "out", OPTIONS)
    by_title = {offer["title"]: offer for offer in offers_of(made)}

    assert set(by_title) >= {'Red "big" dress', "Plain tee", "Midi skirt", ""}
    assert by_title['Red "big" dress']["price"] == "49" and by_title['Red "big" dress']["leaf"] is None
    assert by_title["Plain tee"]["leaf"] == "t_shirt" and by_title["Plain tee"]["fate"] == PUBLISHED
    assert sorted(offer["leaf"] or "-" for offer in by_title.values() if offer["class"] in {"outerwear", "skirt"}) in (
        ["coat", "skirt"], ["skirt"],
    )  # fmt: skip
    assert [seen["class"] for one in pictures_of(made) for seen in one["seen"]].count("skirt") == 1


def test_feed_and_truth_agree_and_pictures_are_there(folders: list[Path], tmp_path: Path) -> None:
    made = make(folders, tmp_path / "out", OPTIONS)
    stated, truth = feed_of(made.feed), offers_of(made)

    assert made.offers == len(stated) == len(truth)
    for read_offer, true in zip(stated, truth, strict=True):
        assert [url.split("/", 4)[4] for url in read_offer.pictures] == true["pictures"]
    for one in pictures_of(made):
        assert re.fullmatch(r"images/[0-9a-f]{2}/[0-9a-f]{32}\.(jpg|png)", one["file"])
        Image.open(made.folder / one["file"]).load()
    assert [one["kind"] for one in pictures_of(made)].count("logo") == 1


def test_the_same_folders_and_seed_give_the_same_bytes(folders: list[Path], tmp_path: Path) -> None:
    first = make(folders, tmp_path / "a", OPTIONS)
    second = make(list(reversed(folders)), tmp_path / "b", OPTIONS)

    assert files_of(first.folder) == files_of(second.folder)


def test_limit_is_kept(folders: list[Path], tmp_path: Path) -> None:
    assert make(folders, tmp_path, replace(OPTIONS, limit=2)).offers == 2


def test_rows_without_a_picture_are_counted(folders: list[Path]) -> None:
    assert read(folders).missing == 1


def test_a_picture_outside_the_folder_is_not_taken(folders: list[Path], tmp_path: Path) -> None:
    picture(tmp_path / "secret.jpg", 7)
    table(
        folders[1] / "index.tsv", "file|label|class|sender|kids|split|source|colour", "../../secret.jpg|Polo|top|9|||x|"
    )

    found = read([folders[1]])
    assert not found.products and found.missing == 1


@pytest.mark.parametrize(("lines", "told"), [(("a|b", "1|2"), "index.tsv: a, b"), ((), "no .tsv file")])
def test_an_unknown_folder_is_named(tmp_path: Path, lines: tuple[str, ...], told: str) -> None:
    (tmp_path / "odd").mkdir()
    if lines:
        table(tmp_path / "odd" / "index.tsv", *lines)

    with pytest.raises(WrongInput, match=rf"odd: no table with known columns; .*{re.escape(told)}"):
        make([tmp_path / "odd"], tmp_path / "out", PhotoOptions())


def test_wrong_options_are_named(folders: list[Path], tmp_path: Path) -> None:
    for wrong in (PhotoOptions("No"), PhotoOptions(limit=-1), PhotoOptions(language="xx")):
        with pytest.raises(WrongInput):
            make(folders, tmp_path / "out", wrong)


@pytest.mark.field
def test_real_folders_become_a_shop(shared_data: Path, tmp_path: Path) -> None:
    folders = [shared_data / name for name in ("catalog", "garments", "street", "unwanted", "titles")]
    made = make(folders, tmp_path, PhotoOptions("real", seed=2, limit=1_000, feed="google", language="ru"))
    stated, truth, pictures = feed_of(made.feed), offers_of(made), pictures_of(made)

    assert made.offers == len(stated) == 1_000
    assert all(read_offer.pictures for read_offer in stated)
    assert sum(bool(read_offer.title) for read_offer in stated) > 980
    assert {offer["class"] for offer in truth} >= set(DETECTED)
    assert {one["kind"] for one in pictures} == {"wanted", "sizechart", "texture", "closeup", "banner", "logo"}
    assert sum(bool(re.search("[а-я]", read_offer.title or "")) for read_offer in stated) > 400
    assert all((made.folder / one["file"]).is_file() for one in pictures)
