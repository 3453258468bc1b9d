"""The page of a night: self-contained, escaped, and complete."""

import re

import pytest

from reports.facts import (
    Box,
    Changes,
    CoverageRow,
    FailureCount,
    Gallery,
    GateRow,
    HostRow,
    NightFacts,
    Part,
    PicturesAsked,
    RejectRow,
    RetailerRow,
    RuleRow,
    StageTime,
    Survey,
    ThresholdRow,
    Thumbnail,
    UnmappedRow,
    Whole,
)  # fmt: skip
from reports.night import render

HOSTILE = '<script>alert("1")</script>'
PIXEL = "data:image/jpeg;base64,/9j/4AAQ"


def survey() -> Survey:
    thumbnail = Thumbnail(PIXEL, HOSTILE, ["coat by text"], [Box("coat", 10.0, 20.0, 30.0, 40.0)])
    gallery = [Gallery("by category", 1, [thumbnail])]
    return Survey(
        funnel=[Whole("offers", [Part("read", 9, "through"), Part("offer_no_id", 1, "away", "the offer has no id")])],
        rejects=[RejectRow("parse", "offer_no_id", "the offer has no id", "the shop", 1, [HOSTILE])],
        hosts=[HostRow("img*.shop.test", 5000, [FailureCount("fetch_403", 480, 12, True)])], placeholders=gallery,
        turned_away=gallery, duplicates=[], garments=gallery, disagreeing=gallery,
        neighbours=gallery,
        coverage=[CoverageRow("a-shop", 9, 0.5, 0.25, 0.25, {"mapping": 0.5}, [RuleRow("m.xml:3", "coat", 4, 1, 0)],
                              ["m.xml:9"],
                              [UnmappedRow("Women / <b>New</b>", 2, [HOSTILE])])],
        asked={}, files=[], without_garments={}, suspected={},
        thresholds=[ThresholdRow("wanted", "pictures shown", 0.48, 0.58, 1000, 900, 0, 77)],
    )  # fmt: skip


def facts() -> NightFacts:
    return NightFacts(
        run="r1", date="2026-11-21", made_at="now", headline="Version 1 is live", notes=[HOSTILE], version=1,
        content_digest="ab" * 32, survey=survey(),
        stages=[StageTime("parse", 10, 9, 1, 0, 1.5, 6.7, 120.0, "done")],
        retailers=[RetailerRow("a-shop", "held", HOSTILE, "ab12", 1.0, 9, 12, PicturesAsked(5000, 3800, 4),
                              (HOSTILE,))],
        gates=[GateRow("canary", "", 1.0, 0.999, True, "")],
        changes=Changes(None, {"garments": {"added": 12, "changed": 0, "removed": 0}}, ["added: a-shop:1"]),
        models={"screen": "cd" * 32}, settings_digest="ef" * 32,
    )  # fmt: skip


def test_what_a_shop_sent_is_escaped() -> None:
    page = render(facts())
    assert HOSTILE not in page and "<b>New</b>" not in page
    assert page.count("&lt;script&gt;") >= 6


def test_the_page_asks_for_nothing_from_outside() -> None:
    page = render(facts())
    sources = re.findall(r'(?:src|href|url)\s*[=(]\s*"?([^"\s>)]+)', page)
    assert all(source.startswith(("data:", "#")) for source in sources), sources
    assert "default-src 'none'" in page


def test_every_section_is_there_with_its_figures() -> None:
    page = render(facts())
    sections = ("funnel", "retailers", "rejects", "fetching", "away", "garments", "disagreeing", "duplicates",
                "neighbours", "coverage", "gates", "thresholds", "changes", "time")  # fmt: skip
    assert all(f'id="{name}"' in page for name in sections)
    assert "90.0%" in page and "choice.wanted" in page and "left:10.0%" in page and "0.999" in page


def test_rules_at_work_and_rules_that_decide_nothing() -> None:
    page = re.sub(r"<[^>]+>|\s+", " ", render(facts()))
    assert re.search(
        r"Rules that apply: 1 .* m\.xml:3 +coat +4 +1 +0 .* Rules that apply to no product[^.]*: 1 +m\.xml:9", page
    )


def test_failures_of_fetching_and_what_is_still_to_be_asked_for() -> None:
    page = re.sub(r"<[^>]+>|\s+", " ", render(facts()))
    assert re.search(r"img\*\.shop\.test +5 000 +480 +fetch_403 +480 +\( *12 *\) +jumped", page)
    assert re.search(r"1 200 of 5 000 +complete in about 4 nights", page)


@pytest.mark.parametrize(
    ("nights", "said"),
    [(None, "no earlier night to estimate from"), (1, "complete in about 1 night"), (3, "complete in about 3 nights")],
)
def test_when_a_shop_is_whole(nights: int | None, said: str) -> None:
    assert PicturesAsked(10, 5, nights).whole == said


def test_the_parts_of_a_whole_add_up() -> None:
    whole = survey().funnel[0]
    assert whole.total == 10 and whole.through == 9
