"""What is kept, erased, checked and made again of a shop that sends several files."""

from datetime import timedelta
from pathlib import Path

import pytest

from jobs.engine.recheck import Draw
from jobs.live.feeds import states_by_retailer
from jobs.stages.parse import STAGE
from jobs.vacuum.needed import Needed
from lake.doctor.finding import Lake
from lake.doctor.other_files import _accepted
from lake.erased import hash_of, note_erased
from lake.feeds import open_feed
from lake.vacuum.versions import Kept
from schemas.manifest import Facts, Manifest, RetailerState
from tests.jobs.several_files import NOON, SeveralFiles, offered, part, prices

NOTHING_KEPT = Kept([], [], [])
MONTH = 30
"""The setting `vacuum.nights`."""


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SeveralFiles:
    return SeveralFiles(tmp_path, monkeypatch, women="part", men="part", stock="prices")


def kept(shop: SeveralFiles, versions: Kept = NOTHING_KEPT) -> set[int]:
    """Attempts of the rows of `feeds` that stay."""
    return {attempt for _, attempt in Needed(shop.night(), versions)._feed_rows}


def test_what_each_file_has_live_stays_however_old(shop: SeveralFiles) -> None:
    shop.sends(women=part("a"), men=part("c"), stock=prices(a=15))
    shop.sends(women=part("a", "b"), stock=prices(a=16))
    assert kept(shop) == {1, 2, 3, 4, 5}
    shop.nights += MONTH + 2
    assert kept(shop) == {2, 4, 5}
    night = shop.night()
    needed = Needed(night, NOTHING_KEPT)
    live = {kinds["accepted"]["feed"] for kinds in states_by_retailer(night)["shop"].values()}
    assert needed.raw_feeds == {feed for _, feed, _ in needed._offer_feeds} == live


def test_a_file_that_left_goes_as_a_whole(shop: SeveralFiles) -> None:
    shop.sends(women=part("a"), men=part("c"), stock=prices(a=15))
    shop.nights += MONTH + 2
    shop.lists(shop.file("women"))
    shop.sends()
    assert kept(shop) == {1, 2, 3, 4, 5}, "they were live until tonight"
    shop.nights += MONTH + 2
    assert kept(shop) == {1}, "and nothing of it is left that could count as live again"


def test_the_parts_of_a_kept_version_stay_and_still_count_as_gone(shop: SeveralFiles) -> None:
    shop.sends(women=part("a"), men=part("c"), stock=prices(a=15))
    states = {"shop": RetailerState(feed_sha256="00", status="fresh")}
    facts = Facts(retailers=states, models={}, taxonomy="", mappings={})
    version = Manifest.model_construct(version=1, published_at=NOON + timedelta(days=1, hours=1), facts=facts, files=[])
    shop.lists(shop.file("women"))
    shop.sends(women=part("a", "b"))
    shop.nights += MONTH + 2
    assert kept(shop, Kept([version], [], [])) == {1, 2, 3, 4, 5, 6}
    assert offered(shop.night()).keys() == {"a", "b"}


def test_what_was_erased_is_taken_out_of_every_later_file(shop: SeveralFiles) -> None:
    address = "https://shop.test/a.jpg"
    note_erased(shop.night().store, [hash_of(address)], NOON.date())
    night = shop.sends(women=part("a", "b"), men=part("a", "c"), stock=part("a", price=9))
    stored = {kinds["newest"]["feed"] for kinds in states_by_retailer(night)["shop"].values()}
    assert len(stored) == 3
    for sha256 in stored:
        with open_feed(night.store, sha256) as source:
            assert address.encode() not in source.read()


def test_the_doctor_asks_for_the_bytes_of_each_file(shop: SeveralFiles) -> None:
    night = shop.sends(women=part("a"), men=part("c"), stock=prices(a=15))
    accepted = {row["feed"] for row in _accepted(Lake(night.store, Path("models"), 60))}
    assert accepted == {kinds["accepted"]["feed"] for kinds in states_by_retailer(night)["shop"].values()}


def test_the_rows_of_each_file_can_be_made_again(shop: SeveralFiles) -> None:
    night = shop.sends(women=part("a", "b"), men=part("c"), stock=prices(a=15))
    assert STAGE.recheck is not None
    pairs = [*STAGE.recheck.again(night, Draw())]
    assert [pair.stored.num_rows for pair in pairs] == [2, 1, 1]
    assert all(pair.stored.sort_by("position").equals(pair.made.cast(pair.stored.schema)) for pair in pairs)
