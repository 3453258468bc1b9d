"""What a page says of the whole catalog is taken from the last night only where it would say the same."""

import os
import re
from datetime import timedelta
from pathlib import Path

import pytest

from jobs.answers import kept_survey
from jobs.answers.kept_survey import keep, surveyed
from jobs.answers.report import write_report
from jobs.answers.survey import survey
from jobs.engine.night import Night
from jobs.live.products import keep as keep_products
from reports.facts import SURVEY_FILE, Survey
from schemas.rejects import Code
from schemas.tables import FETCHES
from tests.jobs.lake_of_offers import FIRST, Shops
from tests.jobs.live.lake_of_nights import Nights
from tests.jobs.stages.publishing import Tried

URL = "https://shop.test/0"


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[Survey]:
    """The surveys that were made anew."""
    found: list[Survey] = []

    def one(night: Night) -> Survey:
        found.append(survey(night))
        return found[-1]

    monkeypatch.setattr(kept_survey, "survey", one)
    return found


@pytest.fixture
def shops(tmp_path: Path) -> Shops:
    shops = Shops(tmp_path, shop=[URL])
    keep_products(shops.night(), ["shop"])
    return shops


def failed(shops: Shops, night: int) -> None:
    row = {"url": URL, "attempt": night + 1, "function": bytes(32), "status": "rejected", "code": str(Code.FETCH_404)}
    shops.write(FETCHES, [row | {"night": FIRST + timedelta(days=night)}])


def test_a_night_with_nothing_new_writes_its_own_page_over_the_survey_of_the_last(
    shops: Shops, made: list[Survey]
) -> None:
    first = write_report(shops.night(), "first").read_text()
    second = write_report(shops.night(2), "second").read_text()
    assert len(made) == 1
    assert "Run first · night of 2026-01-10" in first and "Run second · night of 2026-01-12" in second
    ages = [float(re.findall(r'<td class="n">(-?[\d.]+)<td><code>', page)[0]) for page in (first, second)]
    assert ages[1] - ages[0] == pytest.approx(48, abs=0.2)
    cut = [page[page.index('<section id="rejects">') : page.index('<section id="gates">')] for page in (first, second)]
    assert cut[0] == cut[1]


def test_a_kept_survey_is_the_one_that_was_made(shops: Shops, made: list[Survey]) -> None:
    failed(shops, 0)
    keep(shops.night())
    assert surveyed(shops.night()) == made[0] == survey(shops.night())
    assert len(made) == 1


def test_failures_of_last_night_are_those_of_before_tonight(shops: Shops, made: list[Survey]) -> None:
    failed(shops, 0)
    for night in range(3):
        keep(shops.night(night))
        assert len(made) == 1
        assert surveyed(shops.night(night)) == survey(shops.night(night))
        assert [one.before for row in surveyed(shops.night(night)).hosts for one in row.failures] == [min(night, 1)] * 2


def test_a_kept_survey_that_cannot_be_read_is_made_again(shops: Shops, made: list[Survey]) -> None:
    keep(shops.night())
    file = shops.root / "reports" / SURVEY_FILE
    file.write_bytes(file.read_bytes()[:-9])
    keep(shops.night())
    assert surveyed(shops.night()) == made[1] == made[0]
    assert len(made) == 2


@pytest.mark.parametrize("seed", [int(seed) for seed in os.environ.get("SELVEDGE_TEST_NIGHTS", "6").split()])
def test_whatever_happens_a_night_says_what_is_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    Tried().patch(monkeypatch)
    lake = Nights(tmp_path, seed)
    for _ in range(2 * int(os.environ.get("SELVEDGE_TEST_ROUNDS", "2"))):
        said = lake.happens()
        for stage in lake.stages(lake.draw.choice((0, 8))):
            lake.work(stage)
        keep(lake.night(lake.on))
        if lake.draw.random() < 0.3:
            lake.another_night()
        else:
            said = f"{said}, {lake.happens()}"
        assert surveyed(lake.night(lake.on)) == survey(lake.night(lake.on)), said
