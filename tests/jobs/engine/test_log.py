"""The log for machines: one JSON object a line, whatever a shop wrote."""

import json
from datetime import datetime, timedelta

import pytest

from jobs.engine.log import JsonLog
from jobs.engine.progress import Progress

EVIL = 'a\nb\r\x1b[31m\x00\x7f\x85\u202e"\ud800 \u2028{}'


def lines(text: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in text.splitlines()]


def test_a_line_says_when_what_and_where(capsys: pytest.CaptureFixture[str]) -> None:
    log = JsonLog("first", "parse")
    log.write("warning", "held", retailer="lane", trace=None)
    (line,) = lines(capsys.readouterr().err)
    at = datetime.fromisoformat(str(line.pop("time")))
    assert at.utcoffset() == timedelta(0)
    assert line == {"level": "warning", "run": "first", "stage": "parse", "message": "held", "retailer": "lane"}


def test_no_text_breaks_out_of_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    JsonLog(EVIL).write("info", EVIL, retailer=EVIL)
    said = capsys.readouterr().err
    assert [character for character in said[:-1] if not " " <= character <= "~"] == []
    (line,) = lines(said)
    assert (line["run"], line["message"], line["retailer"]) == (EVIL, EVIL, EVIL)


def test_progress_names_the_stage_that_it_is_in(capsys: pytest.CaptureFixture[str]) -> None:
    progress = Progress(quiet=True, log=JsonLog("first"))
    progress.say("begins")
    progress.enter("fetch")
    progress.say("goes on")
    progress.warn("slow", "lane")
    progress.enter(None)
    progress.say("ends")
    found = [(line["level"], line.get("stage"), line["message"]) for line in lines(capsys.readouterr().err)]
    assert found == [
        ("info", None, "begins"), ("info", "fetch", "goes on"), ("warning", "fetch", "slow"), ("info", None, "ends"),
    ]  # fmt: skip


def test_a_counter_writes_to_the_log(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jobs.engine.progress.LINE_SECONDS", 0.0)
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    with Progress(log=JsonLog("first")).stage("fetch", 7) as advance:
        advance(3)
    assert [line["message"] for line in lines(capsys.readouterr().err)] == ["fetch: 3 of 7"]


def test_without_a_log_a_warning_is_the_results_alone(capsys: pytest.CaptureFixture[str]) -> None:
    progress = Progress()
    progress.warn("held", "lane")
    progress.enter("fetch")
    progress.say("plain")
    assert capsys.readouterr().err == "plain\n"
