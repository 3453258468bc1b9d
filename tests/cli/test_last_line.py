"""The line that says why a command ended, in the form that was asked for."""

import json
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.main import main

BAD_SETTING = "SELVEDGE_CHOICE__WANTED"


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A lake of its own, and the handlers of before."""
    monkeypatch.setenv("SELVEDGE_LAKE", str(tmp_path / "lake"))
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def ended(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    monkeypatch.setattr(sys, "argv", ["selvedge", *words])
    with pytest.raises(SystemExit) as end:
        main()
    return int(end.value.code or 0)


def test_an_error_is_one_json_line_if_it_is_asked_for(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(BAD_SETTING, "7")
    assert ended(monkeypatch, "night", "--run", "first", "--log-json") == 2
    line = json.loads(capsys.readouterr().err)
    assert (line["level"], line["run"]) == ("error", "first")
    assert line["message"].startswith(BAD_SETTING)
    assert ended(monkeypatch, "night", "--run", "first") == 2
    assert capsys.readouterr().err.startswith(f"selvedge: {BAD_SETTING}"), "the next command has not asked"
    assert ended(monkeypatch, "stage", "parse", "--run", "?", "--log-json") == 2
    line = json.loads(capsys.readouterr().err)
    assert "run" not in line, "it has none yet"
    assert line["message"].startswith("--run: ")


def test_a_bug_is_one_line_with_its_trace(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def broken(*_: object) -> None:
        raise KeyError("nobody")

    monkeypatch.setattr("cli.night.finish", broken)
    monkeypatch.setattr("cli.night.checked", lambda night: night)
    assert ended(monkeypatch, "night", "--run", "first", "--log-json") == 1
    line = json.loads(capsys.readouterr().err)
    assert line["message"] == "a bug: KeyError: 'nobody'"
    assert "in broken" in line["trace"]
    monkeypatch.setattr(sys, "argv", ["selvedge", "night"])
    with pytest.raises(KeyError):
        main()


def test_an_interrupted_command_says_so_in_its_log(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("cli.night.checked", lambda night: signal.raise_signal(signal.SIGTERM))
    assert ended(monkeypatch, "night", "--log-json") == 130
    assert json.loads(capsys.readouterr().err)["message"].startswith("interrupted; ")


def test_an_interrupted_command_does_not_interrupt_the_next_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cli.night.checked", lambda night: signal.raise_signal(signal.SIGTERM))
    assert ended(monkeypatch, "night") == 130

    def broken(*_: object) -> None:
        raise OSError("no such disk")

    monkeypatch.setattr("cli.night.checked", broken)
    assert ended(monkeypatch, "night") == 1
