"""Titles of strangers do not command the terminal of whoever looks at them."""

import json
from queue import Queue
from threading import Event

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.context import print_json
from cli.terminal import COMMANDING, printable, say, served_at


@pytest.mark.parametrize("character", ["\x1b", "\x9b", "\u202e", "\u2066", "\u200f", "\x00", "\x7f", "\u2028", "\r"])
def test_a_character_that_commands_is_shown_by_its_number(character: str, capsys: pytest.CaptureFixture[str]) -> None:
    say(f"coat{character}[31m")
    assert capsys.readouterr().out == f"coat\\u{ord(character):04x}[31m\n"


@pytest.mark.parametrize("text", ["Платье, 40 €\tnew\n", "ワンピース", "שמלה", "naïve café", "👗 👩‍🦰"])
def test_writing_of_any_language_stays(text: str) -> None:
    assert printable(text) == text


@given(st.dictionaries(st.text(max_size=10), st.text(max_size=30), max_size=5))
def test_json_says_the_same_and_commands_nothing(document: dict[str, str]) -> None:
    shown = printable(json.dumps(document, ensure_ascii=False))
    assert not COMMANDING.search(shown)
    assert json.loads(shown) == document


def test_json_of_a_command_is_shown_so(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"title": "\u202etaoc\x9b"})
    shown = capsys.readouterr().out
    assert json.loads(shown) == {"title": "\u202etaoc\x9b"}
    assert not COMMANDING.search(shown)


def test_a_browser_that_is_waited_for_does_not_keep_its_page_from_being_served(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked, closed = Queue[str](), Event()
    monkeypatch.setattr("webbrowser.open", lambda address: (asked.put(address), closed.wait()))
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    try:
        served_at("desk", "http://127.0.0.1:1/t/")
        assert asked.get(timeout=5) == "http://127.0.0.1:1/t/"
    finally:
        closed.set()
    assert capsys.readouterr().out == "desk     http://127.0.0.1:1/t/   (Ctrl-C ends it)\n"
