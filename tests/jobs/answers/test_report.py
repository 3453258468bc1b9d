"""What the page of a run says of itself."""

from datetime import UTC, datetime
from pathlib import Path

from jobs.answers.explain import explain
from jobs.answers.rejects import reject_rows
from jobs.answers.report import night_of
from jobs.answers.report_pictures import Pictures
from jobs.engine.records import of_run, record
from jobs.engine.stage import Counts
from jobs.live.catalog import Catalog
from jobs.live.functions import parser_of
from schemas.tables import OFFERS
from tests.jobs.lake_of_offers import FEED, FIRST, Shops
from tests.lake.published import catalog, publish_night
from tests.udfs.feeds.small_feeds import OFFER, feed, read


def test_a_page_that_is_written_again_is_still_of_its_own_night(tmp_path: Path) -> None:
    night = Shops(tmp_path).night()
    yesterday = datetime(2026, 1, 9, 23, 50, tzinfo=UTC)
    record(night.tables, "yesterday", "acquire", Counts(started_at=yesterday.timestamp()), "done")
    record(night.tables, night.run, "acquire", Counts(started_at=yesterday.timestamp()), "done")
    assert night_of(night, "yesterday", of_run(night.tables, "yesterday")) == "2026-01-09"
    assert night_of(night, night.run, of_run(night.tables, night.run)) == FIRST.isoformat(), "what --date gave it"


def test_the_line_of_a_reject_is_stated_once(tmp_path: Path) -> None:
    shops = Shops(tmp_path, shop=[])
    key = {"retailer": "shop", "feed": FEED, "function": parser_of(shops.night().retailers["shop"].files[0])}
    rows, _ = read(feed(OFFER.format(""), OFFER.format("a7").replace("Coat a7", ""), OFFER.format("a8")))
    shops.write(OFFERS, [row | key for row in rows])
    samples = {row.code: row.samples for row in reject_rows(shops.night())}
    assert samples["offer_no_id"] == ["shop  line 1: the offer has no id; the shop has to add one"]
    assert samples["offer_no_title"] == ["shop:a7  line 2: offer 'a7' has no title; the shop has to add one"]
    (said,) = (verdict for verdict in explain(shops.night(), "a7") if verdict.stage == "parse")
    assert (said.what, said.detail.count("line 2")) == ("shop:a7", 1)


def test_neighbours_are_of_ten_garments_that_differ_in_class(tmp_path: Path) -> None:
    night = Shops(tmp_path).night()
    publish_night(night.store, catalog({"shop": 40}))
    shown = [gallery.name for gallery in Pictures(night, Catalog.of(night)).neighbours()]
    assert len(shown) == 10
    kinds = [int(title.partition(":")[2]) % 3 for title in shown]  # shirts, dresses and skirts in turn
    assert [set(kinds[at : at + 3]) for at in (0, 3, 6)] == [{0, 1, 2}] * 3
