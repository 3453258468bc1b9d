"""Labelled folders are known by their columns; labels are corrected; what stands on both sides is unwanted."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from schemas.tables import SCREEN_CLASSES
from training.data.corrections import corrected, read_corrections, sha256_of
from training.data.labelled import LATER, Kind, kind_of, read_folder, read_folders
from training.data.street import group_of, read_street
from training.data.tables import DataError, read_rows
from training.data.trained import content_key
from training.data.views import View, read_views, recall
from training.screen import classes as screen_classes
from training.screen.classes import screen_pictures
from udfs.pictures.detect import CLASSES


def write(path: Path, *rows: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(row.replace("|", "\t") for row in rows) + "\n", encoding="utf-8")


def photo(path: Path, seed: int, quality: int = 95) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    small = np.random.default_rng(seed).integers(0, 256, (5, 4, 3), dtype=np.uint8)
    picture = cv2.resize(small, (160, 200), interpolation=cv2.INTER_CUBIC)
    cv2.imwrite(str(path), picture, [cv2.IMWRITE_JPEG_QUALITY, quality])


@pytest.fixture
def folders(tmp_path: Path) -> list[Path]:
    catalog, unwanted, garments = tmp_path / "one", tmp_path / "two", tmp_path / "three"
    write(catalog / "views.tsv", "source|product_id|file|view|width|height", "luma|a|1.jpg|front|1|1",
          "luma|a|2.jpg|back|1|1", "luma|b|3.jpg|front|1|1")  # fmt: skip
    write(catalog / "views_colour.tsv", "source|product_id|file|colour_similarity_to_view_1", "luma|a|2.jpg|0.9")
    write(
        unwanted / "index.tsv",
        "file|class|source|licence|note",
        "logo/x.jpg|logo|o/r path|none|",
        "closeup/y.jpg|closeup|o/r p|none|",
    )
    write(garments / "index.tsv", "file|label|class|sender|kids|split|source|colour",
          "cd_1.jpg|Polo|top|48|False||clothing|", "fp_7.jpg|Caps|hat||False||fashion|")  # fmt: skip
    write(tmp_path / "titles" / "styles.csv", "id,brand", "7,Puma")
    for seed, name in enumerate(("1", "2", "3")):
        photo(catalog / "images" / f"{name}.jpg", seed)
    photo(unwanted / "logo" / "x.jpg", 10)
    photo(unwanted / "closeup" / "y.jpg", 2, quality=60)
    for name in ("cd_1", "fp_7"):
        photo(garments / "images" / f"{name}.jpg", 20 + len(name))
    return [catalog, unwanted, garments]


def test_kinds_are_known_by_columns(folders: list[Path], tmp_path: Path) -> None:
    assert [kind_of(folder) for folder in folders] == [Kind.CATALOG, Kind.UNWANTED, Kind.GARMENTS]
    assert kind_of(tmp_path) is None
    with pytest.raises(DataError, match="no index"):
        read_folder(tmp_path)


def test_only_the_first_view_of_a_product_is_surely_wanted(folders: list[Path]) -> None:
    _, pictures = read_folder(folders[0])
    assert {picture.path.name: picture.label for picture in pictures} == {
        "1.jpg": "wanted",
        "2.jpg": LATER,
        "3.jpg": "wanted",
    }


def test_one_repository_is_one_group_over_both_folders(folders: list[Path]) -> None:
    _, catalog = read_folder(folders[0])
    _, unwanted = read_folder(folders[1])
    assert {picture.group for picture in catalog} == {"magento/magento2-sample-data"}
    assert {picture.group for picture in unwanted} == {"o/r"}


def test_a_sender_or_a_brand_is_a_group(folders: list[Path]) -> None:
    _, pictures = read_folder(folders[2])
    assert {picture.group for picture in pictures} == {"sender/48", "brand/Puma"}


def test_a_picture_on_both_sides_goes_by_the_unwanted_label(folders: list[Path]) -> None:
    rows = screen_pictures(read_folders(folders))
    labels = {picture.path.name: SCREEN_CLASSES[name] for picture, name in rows}
    assert labels == {
        "1.jpg": "wanted",
        "cd_1.jpg": "wanted",
        "fp_7.jpg": "wanted",
        "x.jpg": "logo",
        "y.jpg": "closeup",
    }


def test_a_later_view_counts_where_a_correction_names_it(folders: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    back = folders[0] / "images" / "2.jpg"
    monkeypatch.setattr(screen_classes, "read_corrections", lambda _: {(sha256_of(back), LATER): "closeup"})
    rows = {picture.path.name: SCREEN_CLASSES[name] for picture, name in screen_pictures(read_folders(folders))}
    assert rows["2.jpg"] == "closeup"
    assert rows["1.jpg"] == "wanted"


def test_corrections_rename_and_drop(folders: list[Path], tmp_path: Path) -> None:
    _, pictures = read_folder(folders[0])
    sha256 = [sha256_of(picture.path) for picture in pictures]
    write(
        tmp_path / "m.tsv",
        "sha256|old|new|reason|initials",
        f"{sha256[0]}|wanted|closeup|x|v",
        f"{sha256[2]}|wanted|drop|x|v",
    )
    fixed = corrected(pictures, read_corrections("m", tmp_path))
    assert [(picture.path.name, picture.label) for picture in fixed] == [("1.jpg", "closeup"), ("2.jpg", LATER)]
    assert corrected(pictures, {(sha256[0], "logo"): "banner"}) == pictures, "a correction of another label"
    assert read_corrections("none", tmp_path) == {}


@pytest.mark.parametrize(
    ("row", "message"),
    [("a|wanted|logo|x|v", "is corrected from wanted to closeup and logo"), ("|wanted|logo|x|v", "needs sha256")],
)
def test_corrections_that_contradict_or_lack_a_key_are_named(tmp_path: Path, row: str, message: str) -> None:
    write(tmp_path / "m.tsv", "sha256|old|new|reason|initials", "a|wanted|closeup|x|v", row)
    with pytest.raises(DataError, match=message):
        read_corrections("m", tmp_path)


def test_a_short_row_is_named_with_its_line(tmp_path: Path) -> None:
    write(tmp_path / "t.tsv", "a|b", "1|2", "3")
    with pytest.raises(DataError, match=r"t\.tsv:3: 1 cells"):
        read_rows(tmp_path / "t.tsv")


def test_street_photos_have_known_unknown_and_ignored_boxes(tmp_path: Path) -> None:
    write(
        tmp_path / "images.tsv",
        "file|width|height|source|kind|source_split",
        "yc_1.jpg|100|200|yolo|boxes|",
        "ccp_0041.jpg|9|9|ccp|tags|",
    )
    write(tmp_path / "coverage.tsv", "source|classes_labelled|scope", "yolo|top,outerwear|x", "ccp|all|x")
    write(tmp_path / "boxes.tsv", "file|label|class|x0|y0|x1|y1|source|area_pct|small|note",
          "yc_1.jpg|hoodie|top|10|20|60|120|yolo||0|", "yc_1.jpg|x|ignore|0|0|50|50|yolo||0|",
          "yc_1.jpg|belt|belt|0|0|5|5|yolo||0|", "yc_1.jpg|t|top|0|0|5|5|yolo||1|")  # fmt: skip
    (found,) = read_street(tmp_path)
    assert np.allclose(found.boxes, [[0.1, 0.1, 0.6, 0.6]])
    assert len(found.ignored) == 2
    assert found.labelled.sum() == 2
    assert found.labelled[CLASSES.index("top")]
    assert group_of("ccp", "ccp_0041.jpg") == group_of("ccp", "ccp_0059.jpg") != group_of("ccp", "ccp_0060.jpg")


def test_recall_finds_the_product_among_first_views(folders: list[Path]) -> None:
    assert [view.first for view in read_views(folders[0])] == [True, False, True]
    views = [
        View(Path(str(n)), "s", product, first)
        for n, (product, first) in enumerate([("a", True), ("a", False), ("b", True)])
    ]
    vectors = np.array([[1, 0], [0.9, 0.1], [0, 1]], np.float32)
    assert recall(vectors, views, np.ones(3, bool)).at(1) == 1
    assert recall(vectors[[2, 1, 0]], views, np.ones(3, bool)).at(1) == 0
    assert content_key(folders[0] / "images" / "1.jpg") > 0
