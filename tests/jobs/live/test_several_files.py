"""A catalog in several files: the union of its parts, each held on its own, and leaving by decision alone."""

from pathlib import Path

import pytest

from jobs.live.feeds import catalog_digest, live_feeds, states_by_retailer
from jobs.live.functions import PARSER_REVISION, Reading, _dialects, digest_of, parser_digest
from schemas.tables import FEEDS, OFFERS
from tests.jobs.several_files import SeveralFiles, offered, part, state

MANY = [f"w{at}" for at in range(100)]


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SeveralFiles:
    return SeveralFiles(tmp_path, monkeypatch, women="part", men="part")


def test_a_feed_is_read_under_the_digest_that_it_had_before_there_were_files() -> None:
    """Or every offer of every lake would be due anew."""
    said = ("", "ru", "", "given")
    assert parser_digest(Reading("yml", language="ru")) == digest_of(str(PARSER_REVISION), "yml", *said, *_dialects())
    assert parser_digest(Reading("yml", language="ru", kind="prices")) != parser_digest(Reading("yml", language="ru"))


def ids(text: str) -> set[str]:
    return set(text.split())


def test_the_offers_are_those_of_all_parts(shop: SeveralFiles) -> None:
    night = shop.sends(women=part("a", "b"), men=part("c"))
    assert offered(night).keys() == ids("a b c")
    assert (state(night).status, state(night).reason) == ("fresh", None)
    rows = night.tables.sql(
        "select retailer, attempt, part, file_kind from feeds order by attempt", [FEEDS]
    ).to_pylist()
    assert [(row["attempt"], row["part"], row["file_kind"]) for row in rows] == [
        (1, "women", "part"),
        (2, "men", "part"),
    ]


def test_an_id_in_two_parts_is_the_offer_of_the_first(shop: SeveralFiles) -> None:
    night = shop.sends(women=part("a", "b"), men=part("b", "c", title="Blue shirt"))
    assert offered(night) == {"a": "Red dress a", "b": "Red dress b", "c": "Blue shirt c"}
    shop.lists(shop.file("men"), shop.file("women"))
    assert offered(shop.night()) == {"a": "Red dress a", "b": "Blue shirt b", "c": "Blue shirt c"}


def test_two_parts_of_the_same_bytes(shop: SeveralFiles) -> None:
    night = shop.sends(women=part("a", "b"), men=part("a", "b"))
    assert offered(night).keys() == ids("a b")
    assert night.tables.sql("select count(*) n from offers", [OFFERS])["n"][0].as_py() == 2
    night = shop.sends(men=part("c"))
    assert offered(night).keys() == ids("a b c")


@pytest.mark.parametrize("body", [None, part("c")[:-60]])
def test_a_part_that_is_missing_or_refused_is_held_alone(shop: SeveralFiles, body: bytes | None) -> None:
    shop.sends(women=part("a"), men=part("c", "d"))
    night = shop.sends(women=part("a", "b"), men=body)
    assert offered(night).keys() == ids("a b c d")
    assert state(night).status == "held"
    assert str(state(night).reason).startswith("shop/men: ")
    assert "shop/women" not in str(state(night).reason)
    night = shop.sends(men=part("c"))
    assert offered(night).keys() == ids("a b c")
    assert state(night).status == "fresh"


def test_a_part_that_never_came_holds_the_retailer_and_no_other_part(shop: SeveralFiles) -> None:
    night = shop.sends(women=part("a"), men=None)
    assert offered(night).keys() == ids("a")
    assert (state(night).status, str(state(night).reason)[:10]) == ("held", "shop/men: ")


def test_each_part_has_gates_of_its_own(shop: SeveralFiles) -> None:
    shop.lists(shop.file("women"), shop.file("men", gates={"max_age": 1}), gates={"max_age": 10})
    old = {"day": "2026-01-06 12:00"}
    night = shop.sends(women=part("a", **old), men=part("c", **old))
    assert offered(night).keys() == ids("a")
    assert "shop/men: max_age_days" in str(state(night).reason)


def test_a_part_held_for_too_long_leaves_alone(shop: SeveralFiles) -> None:
    shop.lists(shop.file("women"), shop.file("men", gates={"withdraw_after": 3}))
    shop.sends(women=part("a"), men=part("c"))
    shop.sends(men=None)
    shop.nights += 3
    assert offered(shop.night()).keys() == ids("a c")
    shop.nights += 1
    assert offered(shop.night()).keys() == ids("a")
    assert state(shop.night()).status == "held"
    assert str(state(shop.night()).reason).endswith("; held for longer than `withdraw_after`, so its offers left")


def test_deletions_of_one_part_are_withheld_and_what_moved_to_another_is_there(shop: SeveralFiles) -> None:
    shop.sends(women=part(*MANY), men=part("c"))
    night = shop.sends(women=part(*MANY[:60]), men=part("c", *MANY[60:80], title="Blue shirt"))
    assert offered(night).keys() == {*MANY, "c"}
    assert "publish --accept shop/women/offer_drop" in str(state(night).reason)
    assert offered(night)["w70"] == "Blue shirt w70"
    assert offered(night)["w90"] == "Red dress w90"


def test_a_part_that_the_spec_does_not_list_leaves_and_that_is_said(shop: SeveralFiles) -> None:
    shop.sends(women=part("a"), men=part("c"))
    shop.lists(shop.file("women"))
    night = shop.sends()
    assert offered(night).keys() == ids("a")
    newest = states_by_retailer(night)["shop"]["men"]["newest"]
    assert (newest["code"], newest["detail"]) == ("feed_removed", "shop/men: the spec does not list it any more")
    assert state(night).status == "fresh"
    versions = night.tables.open(FEEDS).version()
    assert shop.sends().tables.open(FEEDS).version() == versions, "it leaves once"
    shop.lists(shop.file("women"), shop.file("men"))
    assert offered(shop.sends(men=None)).keys() == ids("a"), "what left does not come back by its name alone"
    assert offered(shop.sends(men=part("c"))).keys() == ids("a c")


def test_a_renamed_part_stays_until_it_came_under_its_new_name(shop: SeveralFiles) -> None:
    shop.sends(women=part("a"), men=part(*MANY))
    shop.lists(shop.file("women"), shop.file("gentlemen", url="men.xml"))
    night = shop.sends(men=None)
    assert offered(night).keys() == {"a", *MANY}
    said = str(state(night).reason)
    assert "shop/gentlemen: " in said
    assert "shop/men: the spec does not list it any more; its offers stay" in said
    assert state(night).feed_sha256 == catalog_digest([feed.feed for feed in live_feeds(night)]).hex()

    night = shop.sends(men=part(*MANY[:60]))
    assert offered(night).keys() == {"a", *MANY}, "the gates compare with what had its address before"
    assert "publish --accept shop/gentlemen/offer_drop" in str(state(night).reason)

    night = shop.sends(men=part(*MANY[:90]))
    assert offered(night).keys() == {"a", *MANY[:90]}
    assert states_by_retailer(night)["shop"]["men"]["newest"]["detail"] == "shop/men: is called shop/gentlemen now"


def test_a_part_in_place_of_another_is_awaited_but_not_for_ever(shop: SeveralFiles) -> None:
    shop.lists(shop.file("women"), shop.file("men"), gates={"withdraw_after": 3})
    shop.sends(women=part("a"), men=part("c"))
    shop.lists(shop.file("women"), shop.file("kids"), gates={"withdraw_after": 3})
    assert offered(shop.sends()).keys() == ids("a c")
    shop.nights += 4
    assert offered(shop.sends()).keys() == ids("a")


def test_one_feed_becomes_a_list_and_nothing_of_it_is_read_anew(shop: SeveralFiles) -> None:
    shop.writes_spec({"language": "en", "feed": {"url": "women.xml"}})
    before = shop.sends(women=part("a", "b"))
    (alone,) = live_feeds(before)
    assert (alone.part, state(before).feed_sha256) == (None, alone.feed.hex())
    rows = before.tables.open(OFFERS).version()
    shop.lists(shop.file("women"))
    night = shop.sends()
    assert offered(night) == offered(before)
    (listed,) = live_feeds(night)
    assert (listed.part, listed.feed, listed.function) == ("women", alone.feed, alone.function)
    assert state(night).feed_sha256 == state(before).feed_sha256
    assert night.tables.open(OFFERS).version() == rows
    assert states_by_retailer(night)["shop"][None]["newest"]["detail"] == "shop: is called shop/women now"
    shop.writes_spec({"language": "en", "feed": {"url": "women.xml"}})
    assert offered(shop.sends()) == offered(before)
