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


FILES = """\
language: ru
gates: {max_age: 9, no_price: 0.1}
feeds:
  - {name: women, url: women.xml, dialect: own.yaml}
  - {name: men, url: men.xml, gates: {max_age: 1}}
  - {name: stock, url: stock.xml, kind: prices, auth_env: SELVEDGE_FEED_SHOP}
"""


def test_several_files_are_read_with_what_the_spec_says_of_each(tmp_path: Path) -> None:
    folder = written(tmp_path, FILES)
    (folder / "own.yaml").write_text("name: own\n")
    women, men, stock = read_retailer(folder).files
    assert [(file.title, file.kind) for file in (women, men, stock)] == [
        ("shop/women", "part"), ("shop/men", "part"), ("shop/stock", "prices"),
    ]  # fmt: skip
    assert (women.dialect_file, men.dialect_file) == ("name: own\n", None)
    assert [(file.gates.max_age, file.gates.no_price) for file in (women, men)] == [(9, 0.1), (1, 0.1)]
    assert stock.feed.auth_env == "SELVEDGE_FEED_SHOP"


ONE = "language: ru\nfeeds:\n  - {name: women, url: women.xml}\n"


@pytest.mark.parametrize(
    ("line", "text", "said"),
    [
        (1, ONE + "feed: {url: feed.xml}\n", "feed and feeds: say one of them"),
        (2, ONE + "  - {name: women, url: men.xml}\n", "feeds: names women twice"),
        (4, ONE + "  - {name: men}\n", "feeds.1.url: is missing"),
        (4, ONE + "  - {name: Men, url: men.xml}\n", "feeds.1.name: must be 1 to 40 characters"),
        (4, ONE + "  - {url: men.xml}\n", "feeds.1.name: is missing"),
        (4, ONE + "  - {name: men, url: men.xml, kind: extra}\n", "feeds.1.kind: must be 'part' or 'prices'"),
        (4, ONE + "  - {name: men, url: ../men.xml}\n", "feeds.1.url: a path must stay inside"),
        (4, ONE + "  - {name: men, url: men.xml, gates: {max_age: soon}}\n", "feeds.1.gates.max_age: must be a number"),
        (2, ONE.replace("women.xml", "women.xml, kind: prices"), "feeds: needs a file that is a part of the catalog"),
        (2, "language: ru\nfeeds: []\n", "feeds: lists 0 files; from 1 to 100 are allowed"),
        (
            2,
            ONE + "".join(f"  - {{name: a{at}, url: a.xml}}\n" for at in range(1000)),
            "feeds: lists 1001 files; from 1 to 100 are allowed",
        ),
        (1, ONE + "dialect_files: {a: b}\n", "dialect_files"),
    ],
)
def test_a_wrong_list_of_files_is_refused_with_its_line(tmp_path: Path, line: int, text: str, said: str) -> None:
    found, message = refusal(written(tmp_path, text))
    assert said in message
    assert found == line or "dialect_files" in said


def test_the_spec_in_the_page_on_several_files_is_right(tmp_path: Path) -> None:
    page = (MAPPINGS.parent / "docs" / "several-files.md").read_text(encoding="utf-8")
    folder = written(tmp_path, page.partition("```yaml\n")[2].partition("```")[0])
    (folder / "men.yaml").write_text("name: men\n")
    files = read_retailer(folder).files
    assert [(file.title, file.kind, file.gates.max_age, file.gates.withdraw_after) for file in files] == [
        ("shop/women", "part", 3, 14), ("shop/men", "part", 3, 14), ("shop/stock", "prices", 0.5, 2),
    ]  # fmt: skip
