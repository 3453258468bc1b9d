import re
from collections import Counter, defaultdict
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, UnidentifiedImageError

from schemas.errors import WrongInput
from schemas.rejects import Code
from schemas.retailer import read_retailer
from schemas.tables import SCREEN_CLASSES
from shops.draw import DrawOptions, draw
from shops.labelled import DETECTED
from shops.layout import SampleShop
from shops.truth import PUBLISHED
from tests.shops.conftest import OFFERS
from tests.shops.reading import feed_of, files_of, offers_of, pictures_of

BROKEN = {Code.PICTURE_TRUNCATED, Code.FETCH_TYPE, Code.FETCH_404}


def test_feed_says_what_the_truth_says(shop: SampleShop) -> None:
    stated, truth = feed_of(shop.feed), offers_of(shop)

    assert len(stated) == len(truth) == shop.offers == OFFERS
    for read, true in zip(stated, truth, strict=True):
        assert (read.offer_id, read.group, read.title) == (true["offer_id"], true["group"], true["title"])
        assert (read.price, read.colour) == (true["price"], true["colour"])
        assert [url.split("/", 4)[4] for url in read.pictures] == true["pictures"]
        assert len(read.category) == (2 if true["leaf"] == "out_of_scope" else 3)


def test_faults_are_there_and_are_what_they_are_called(shop: SampleShop) -> None:
    stated, truth = feed_of(shop.feed), offers_of(shop)
    fates = Counter(true["fate"] for true in truth)

    assert fates[PUBLISHED] > 0.8 * OFFERS
    assert {Code.OFFER_NO_ID, Code.OFFER_NO_PICTURE, Code.OFFER_BAD_PRICE, Code.TEXT_OUT_OF_SCOPE} <= set(fates)
    for read, true in zip(stated, truth, strict=True):
        assert (read.offer_id is None) == (true["fate"] == Code.OFFER_NO_ID)
        assert (not read.pictures) == (true["fate"] == Code.OFFER_NO_PICTURE)
        assert (re.fullmatch(r"\d+(\.\d\d)?", read.price) is None) == (true["fate"] == Code.OFFER_BAD_PRICE)


def test_every_picture_is_as_the_truth_says(shop: SampleShop) -> None:
    pictures = pictures_of(shop)

    assert len(pictures) == shop.pictures == len({picture["file"] for picture in pictures})
    assert {picture["fault"] for picture in pictures} == {None, *BROKEN}
    for picture in pictures:
        path = shop.folder / picture["file"]
        match picture["fault"]:
            case Code.FETCH_404:
                assert not path.exists()
            case Code.FETCH_TYPE:
                with pytest.raises(UnidentifiedImageError):
                    Image.open(path)
            case Code.PICTURE_TRUNCATED:
                with pytest.raises(OSError, match="truncated"):
                    Image.open(path).load()
            case _:
                Image.open(path).load()


def test_all_kinds_of_pictures_and_classes_are_there(yml_shop: SampleShop, google_shop: SampleShop) -> None:
    pictures = pictures_of(yml_shop) + pictures_of(google_shop)

    assert {picture["kind"] for picture in pictures} == {*SCREEN_CLASSES, "out_of_scope"}
    assert {picture["scene"] for picture in pictures} >= {"flat", "hanger", "worn", "outfit", "repeat"}
    assert {seen["class"] for picture in pictures for seen in picture["seen"]} == set(DETECTED)


def test_boxes_are_tight_round_a_garment_on_white(yml_shop: SampleShop) -> None:
    checked = 0
    for picture in pictures_of(yml_shop):
        if picture["scene"] != "flat" or picture["fault"]:
            continue
        pixels = np.asarray(Image.open(yml_shop.folder / picture["file"]).convert("L")).astype(int)
        left, top, right, bottom = picture["seen"][0]["box"]
        assert 0 <= left < right <= 1 and 0 <= top < bottom <= 1
        height, width = pixels.shape
        if pixels[0].min() > 250 and pixels[:, 0].min() > 250 and picture["seen"][0]["colour"] != "white":
            rows, columns = np.nonzero(pixels < 200)
            assert abs(columns.min() / width - left) < 0.04 and abs(rows.min() / height - top) < 0.04
            checked += 1
    assert checked >= 3


def test_repeats_look_like_their_originals(shop: SampleShop) -> None:
    pictures = {picture["file"]: picture for picture in pictures_of(shop)}
    repeats = [picture for picture in pictures.values() if picture["repeats"] and not picture["fault"]]

    assert len(repeats) >= 5
    for repeat in repeats:
        original = pictures[repeat["repeats"]]
        assert original["kind"] == repeat["kind"] == "wanted"
        assert [seen["leaf"] for seen in original["seen"]] == [seen["leaf"] for seen in repeat["seen"]]
        same, other = (_garment(shop.folder / one["file"], one["seen"][0]["box"]) for one in (repeat, original))
        assert (shop.folder / repeat["file"]).read_bytes() != (shop.folder / original["file"]).read_bytes()
        assert np.abs(same - other).mean() < 25


def _garment(path: Path, box: list[float]) -> np.ndarray:
    """(16, 16) grey levels of what is in the box."""
    image = Image.open(path).convert("L")
    width, height = image.size
    left, top, right, bottom = box
    return np.asarray(image.crop((left * width, top * height, right * width, bottom * height)).resize((16, 16)), float)


def test_two_products_share_a_picture_that_shows_both(shop: SampleShop) -> None:
    pictures = {picture["file"]: picture for picture in pictures_of(shop)}
    leaves = defaultdict(set)
    for offer in offers_of(shop):
        for file in offer["pictures"]:
            if pictures[file]["scene"] == "outfit":
                leaves[file].add(offer["leaf"])

    assert leaves
    for file, sold in leaves.items():
        assert len(sold) == 2
        assert sold <= {seen["leaf"] for seen in pictures[file]["seen"]}


def test_sizes_are_variants_and_colours_are_products(shop: SampleShop) -> None:
    offers = [offer for offer in offers_of(shop) if offer["offer_id"]]
    sizes, colours = defaultdict(set), defaultdict(set)
    for offer in offers:
        sizes[offer["group"], offer["colour"]].add(offer["size"])
        colours[offer["group"]].add(offer["colour"])

    assert len({offer["offer_id"] for offer in offers}) == len(offers)
    assert max(map(len, sizes.values())) >= 3
    assert max(map(len, colours.values())) == 3


def test_names_of_pictures_say_nothing(shop: SampleShop) -> None:
    for picture in pictures_of(shop):
        assert re.fullmatch(r"images/([0-9a-f]{2})/\1[0-9a-f]{22}\.jpg", picture["file"])


def test_a_seed_gives_the_same_bytes_whatever_the_workers(tmp_path: Path) -> None:
    options = DrawOptions("twice", seed=6, offers=25, feed="google")
    first = draw(tmp_path / "a", options)
    second = draw(tmp_path / "b", replace(options, workers=2))
    other = draw(tmp_path / "c", replace(options, seed=7))

    remembered = "truth/drawn.json"  # holds the number of workers
    one, two = files_of(first.folder), files_of(second.folder)
    assert one.keys() == two.keys()
    assert all(one[name] == two[name] for name in one if name != remembered)
    assert first.feed.read_bytes() != other.feed.read_bytes()


def test_more_offers_begin_with_the_same_offers(tmp_path: Path) -> None:
    options = DrawOptions("longer", seed=6, offers=20, pictures_per_product=1)
    short = offers_of(draw(tmp_path / "a", options))
    long = offers_of(draw(tmp_path / "b", replace(options, offers=40)))

    assert long[:20] == short


def test_a_large_shop_reuses_pictures(tmp_path: Path) -> None:
    made = draw(tmp_path, DrawOptions("large", offers=3_000, drawn_styles=8, pictures_per_product=1))

    assert made.offers == 3_000 and made.pictures < 60
    assert len({offer["title"] for offer in offers_of(made)}) > 300


def test_spec_is_ready_for_the_night(shop: SampleShop) -> None:
    spec = read_retailer(shop.folder)

    assert spec.feed.url == shop.feed_url
    assert [str(network) for network in spec.images.allow_private_hosts] == ["127.0.0.0/8"]


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"retailer": "Not A Name"}, "'Not A Name' must be 1 to 40"),
        ({"offers": 0}, "--offers: 0 is not between"),
        ({"language": "de"}, "'de' is none of en, ja, ru"),
        ({"feed": "csv"}, "'csv' is none of yml, google"),
        ({"pictures_per_product": 9}, "--pictures: 9 is not between"),
        ({"workers": 0}, "--workers: 0 is below 1"),
    ],
)
def test_wrong_options_are_named(tmp_path: Path, wrong: dict[str, object], told: str) -> None:
    with pytest.raises(WrongInput, match=re.escape(told)):
        draw(tmp_path, replace(DrawOptions("shop", offers=10), **wrong))


def test_a_folder_that_is_no_shop_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "letter.txt").write_text("mine")

    with pytest.raises(WrongInput, match="not empty and is not a shop"):
        draw(tmp_path, DrawOptions("shop", offers=10))
    assert (tmp_path / "shop" / "letter.txt").read_text() == "mine"
