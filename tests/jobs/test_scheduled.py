"""What a scheduler asks of a night becomes the words of its tasks."""

from pathlib import Path
from typing import Any

import pytest

from jobs.scheduled import WrongRequest, is_wanted, retailers_of, words

ALL: dict[str, Any] = {"retailers": [], "until": "publish", "accept": [], "reason": ""}


@pytest.fixture
def mappings(tmp_path: Path) -> Path:
    for name, spec in {"a": "enabled: true", "b": "enabled: false", "c": "enabled: [", "_d": "enabled: true"}.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "retailer.yaml").write_text(spec)
    return tmp_path


def test_the_retailers_are_the_enabled_ones_and_those_whose_spec_cannot_be_read(mappings: Path) -> None:
    assert retailers_of(mappings, ALL) == ["a", "c"]
    assert retailers_of(mappings, ALL | {"retailers": ["c"]}) == ["c"]


@pytest.mark.parametrize(
    ("asked", "said"),
    [({"retailers": ["a", "b"]}, "retailers: b: not enabled; enabled are a, c"), ({"accept": ["canary"]}, "a reason")],
)
def test_what_no_stage_can_follow_is_refused(mappings: Path, asked: dict[str, Any], said: str) -> None:
    with pytest.raises(WrongRequest, match=said):
        retailers_of(mappings, ALL | asked)


def test_a_night_goes_until_a_stage() -> None:
    assert [is_wanted(stage, ALL | {"until": "fetch"}) for stage in ("parse", "fetch", "screen")] == [True, True, False]


def test_a_gate_goes_to_the_task_that_judges_by_it() -> None:
    asked = ALL | {"accept": ["a/offer_drop", "a/prices/size_drop", "canary"], "reason": "a sale"}
    of_feeds = ["--accept", "a/offer_drop", "--accept", "a/prices/size_drop", "--reason", "a sale"]
    assert words("acquire", "r", ["a", "c"], asked) == [
        "stage", "acquire", "--run", "r", "--retailer", "a", "--retailer", "c", *of_feeds,
    ]  # fmt: skip
    assert words("acquire", "r", ["c"], asked)[6:] == words("parse", "r", ["a"], asked)[6:] == []
    assert words("publish", "r", [], asked)[4:] == ["--accept", "canary", "--reason", "a sale"]
