"""The retailer's spec: read as written, and refused with file and line."""

from ipaddress import ip_network
from pathlib import Path

import pytest

from schemas.errors import WrongInput
from schemas.retailer import errors_of_retailer, read_retailer, retailer_folders

MAPPINGS = Path(__file__).resolve().parents[2] / "mappings"

GOOD = """\
language: ru
feed:
  url: https://shop.example/feed.xml
"""


def written(tmp_path: Path, text: str, name: str = "shop") -> Path:
    folder = tmp_path / name
    folder.mkdir()
    (folder / "retailer.yaml").write_text(text, encoding="utf-8")
    return folder


def refusal(folder: Path) -> tuple[int | None, str]:
    with pytest.raises(WrongInput) as caught:
        read_retailer(folder)
    assert caught.value.exit_code == 2
    assert "\n" not in str(caught.value)
    return caught.value.line, caught.value.text


def test_three_lines_are_a_whole_spec(tmp_path: Path) -> None:
    retailer = read_retailer(written(tmp_path, GOOD))
    (file,) = retailer.files
    assert (retailer.name, retailer.enabled, file.feed.dialect, file.title) == ("shop", True, "auto", "shop")
    assert retailer.images.model_dump() == {
        "rate": 4, "connections": 2, "max_per_product": 8, "placeholder_products": 20, "allow_private_hosts": (),
        "contract": None,
    }  # fmt: skip
    assert retailer.gates.model_dump() == {
        "size_drop": {"percent": 50, "absolute": 10_000}, "offer_drop": {"percent": 30, "absolute": 50},
        "max_age": None, "withdraw_after": 14, "no_picture": 0.5, "no_price": 0.5, "no_category": 1,
        "orphan_category": 0.5, "category_cycles": 0, "changed_ids": 0.2, "reject_jump": 0.2,
    }  # fmt: skip
    assert retailer.category_order == ("mapping", "text", "image")
    assert retailer.mapping is None


def test_every_part_is_read_as_written(tmp_path: Path) -> None:
    folder = written(
        tmp_path,
        """\
enabled: false
language: ja
feed: {url: "s3://bucket/feed.xml", dialect: own.yaml, encoding: Shift_JIS, auth_env: SELVEDGE_FEED_SHOP}
images: {rate: 0.5, connections: 1, max_per_product: 3, allow_private_hosts: [10.1.0.0/16], contract: "mail of May 3"}
gates:
  size_drop: {percent: 10, absolute: 5}
  offer_drop: {percent: 20, absolute: 6}
  max_age: 2
  withdraw_after: null
  no_picture: 0.1
  no_price: 0.2
  no_category: 0.3
category_order: [text, mapping]
""",
    )
    (folder / "categories.xml").touch()
    (folder / "own.yaml").write_bytes("# Größe\r\n".encode())
    retailer = read_retailer(folder)
    assert not retailer.enabled
    (file,) = retailer.files
    assert (file.feed.dialect, file.dialect_file) == (str(folder / "own.yaml"), "# Größe\r\n")
    assert file.feed.encoding == "shift_jis"
    assert retailer.images.allow_private_hosts == (ip_network("10.1.0.0/16"),)
    assert retailer.gates.offer_drop.absolute == 6
    assert (retailer.gates.max_age, retailer.gates.withdraw_after) == (2, None)
    assert retailer.category_order == ("text", "mapping")
    assert retailer.mapping == folder / "categories.xml"


@pytest.mark.parametrize(
    ("line", "text", "said"),
    [
        (4, GOOD + "colour: red\n", "colour: no such setting"),
        (1, "language: russian\nfeed: {url: 'https://a.b/c'}\n", "language: must be a two-letter language code"),
        (1, "language: no\nfeed: {url: 'https://a.b/c'}\n", "language: must be text; put quotes around it"),
        (4, GOOD + "enabled: perhaps\n", "enabled: must be true or false"),
        (4, GOOD + "images: {rate: fast}\n", "images.rate: must be a number"),
        (4, GOOD + "images: {connections: 1.5}\n", "images.connections: must be a whole number"),
        (4, GOOD + "images: {connections: 99}\n", "images.connections: must be at most 32"),
        (1, "language: ru\n", "feed: is missing"),
        (3, "language: ru\nfeed:\n  url: ftp://shop.example/feed\n", "http(s) or s3"),
        (3, "language: ru\nfeed:\n  url: https://user:word@shop.example/feed\n", "auth_env"),
        (3, "language: ru\nfeed:\n  url: ../../etc/passwd\n", "must stay inside the feeds folder"),
        (3, "language: ru\nfeed:\n  url: /etc/passwd\n", "must stay inside the feeds folder"),
        (4, GOOD + "  auth_env: AWS_SECRET_ACCESS_KEY\n", "feed.auth_env"),
        (4, GOOD + "  dialect: ../other.yaml\n", "feed.dialect"),
        (4, GOOD + "  encoding: klingon\n", "unknown encoding klingon"),
        (5, GOOD + "images:\n  allow_private_hosts: [169.254.0.0/16]\n", "link-local"),
        (5, GOOD + "images:\n  allow_private_hosts: [0.0.0.0/0]\n", "link-local"),
        (5, GOOD + "images:\n  allow_private_hosts: ['fe80::/64']\n", "link-local"),
        (5, GOOD + "images:\n  allow_private_hosts: ['::ffff:a9fe:0/112']\n", "link-local"),
        (
            6,
            GOOD + "images:\n  allow_private_hosts:\n    - not-a-network\n",
            "allow_private_hosts.0: is not a network",
        ),
        (
            5,
            GOOD + "gates:\n  offer_drop: {percent: 130, absolute: 1}\n",
            "offer_drop.percent: must be at most 100",
        ),
        (5, GOOD + "gates:\n  size_drop: {percent: 30}\n", "gates.size_drop.absolute: is missing"),
        (4, GOOD + "category_order: [text, text]\n", "twice"),
        (4, GOOD + "category_order: [text, guess]\n", "category_order.1: must be 'mapping', 'text' or 'image'"),
        (4, GOOD + "category_order: []\n", "category_order: needs at least 1"),
        (4, GOOD + "language: ja\n", "language is set twice"),
        (4, GOOD + "name: other\n", "name"),
        (3, "language: ru\nfeed: [\n", "expected"),
        (1, "- a\n- b\n", "the file must consist of lines of the form `name: value`"),
        (2, "a: &all [1]\nb: *all\n", "aliases"),
        (4, GOOD + "extra: 2026-02-30\n", "day is out of range"),
    ],
)
def test_each_mistake_is_said_with_its_line(tmp_path: Path, line: int, text: str, said: str) -> None:
    found_line, found = refusal(written(tmp_path, text))
    assert said in found
    assert found_line == line


def test_every_error_of_a_spec_is_found(tmp_path: Path) -> None:
    folder = written(tmp_path, "enabled: perhaps\nlanguage: russian\nfeed:\n  url: ftp://shop.example/feed\n  hat: 1\n")
    found = errors_of_retailer(folder)
    assert [wrong.line for wrong in found] == [1, 2, 4, 5]
    assert errors_of_retailer(written(tmp_path, GOOD, "right")) == []


def test_a_folder_needs_a_spec_and_a_plain_name(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert refusal(tmp_path / "empty") == (None, "the file does not exist")
    assert "a-z" in refusal(written(tmp_path, GOOD, "Shop_1"))[1]


def test_the_specs_of_the_sample_shops_are_right() -> None:
    retailers = [read_retailer(folder) for folder in retailer_folders(MAPPINGS)]
    assert [retailer.name for retailer in retailers] == ["atelier-nord", "hanami-lane"]
    assert [retailer.mapping is not None for retailer in retailers] == [True, False]
