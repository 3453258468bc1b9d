"""Settings come from a file and the environment; a wrong one names its place."""

from pathlib import Path

import pytest

from schemas.errors import WrongInput
from schemas.settings import read_settings


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "selvedge.yaml"
    path.touch()
    monkeypatch.setenv("SELVEDGE_SETTINGS", str(path))
    return path


def test_the_environment_goes_before_the_file(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file.write_text("lake: here\nchoice: {wanted: 0.3, unsure: 0.6}\n")
    monkeypatch.setenv("SELVEDGE_CHOICE__WANTED", "0.4")
    found = read_settings(lake="there")
    assert (found.lake, found.choice.wanted, found.choice.unsure) == ("there", 0.4, 0.6)


def test_no_file_is_a_normal_case_unless_it_was_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SELVEDGE_SETTINGS", raising=False)
    assert read_settings().lake == "var/lake"
    monkeypatch.setenv("SELVEDGE_SETTINGS", "selvege.yaml")
    with pytest.raises(WrongInput, match=r"selvege.yaml: the file does not exist"):
        read_settings()


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("choice:\n  wanted: 7\n", 2, "choice.wanted"),
        ("lake: a\ncolour: red\n", 2, "colour: no such setting"),
        ("lake: [\n", 2, ""),
        ("lake: a\nlake: b\n", 2, "lake is set twice"),
    ],
)
def test_a_wrong_line_is_named(file: Path, text: str, line: int, said: str) -> None:
    file.write_text(text)
    with pytest.raises(WrongInput) as wrong:
        read_settings()
    assert (wrong.value.path, wrong.value.line) == (file, line)
    assert said in wrong.value.text


def test_a_wrong_variable_is_named(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SELVEDGE_CHOICE__WANTED", "much")
    with pytest.raises(WrongInput, match="SELVEDGE_CHOICE__WANTED: must be a number"):
        read_settings()


@pytest.mark.parametrize(
    ("variable", "said"),
    [
        (
            "SELVEDGE_CHOISE__WANTED",
            "SELVEDGE_CHOISE__WANTED: no such setting; did you mean SELVEDGE_CHOICE__WANTED\\?",
        ),
        ("SELVEDGE_LAKES", "SELVEDGE_LAKES: no such setting; did you mean SELVEDGE_LAKE\\?"),
        ("SELVEDGE_XYZ", "SELVEDGE_XYZ: no such setting$"),
    ],
)
def test_a_mistyped_variable_is_named(monkeypatch: pytest.MonkeyPatch, variable: str, said: str) -> None:
    monkeypatch.setenv(variable, "1")
    with pytest.raises(WrongInput, match=said):
        read_settings()


def test_variables_that_are_no_settings_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in (
        "SELVEDGE_FEED_SHOP",
        "SELVEDGE_TEST_KILLS",
        "SELVEDGE_DEVICE",
        "SELVEDGE_HOME",
        "SELVEDGE_ON_FAILURE",
    ):
        monkeypatch.setenv(variable, "x")
    assert read_settings()


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("SELVEDGE_SPARK", "local", "SELVEDGE_SPARK: must be JSON"),
        ("SELVEDGE_SPARK__CONF", "a=b", "SELVEDGE_SPARK__CONF: must be JSON"),
        ("SELVEDGE_CHOICE", '{"wanted": 7}', "SELVEDGE_CHOICE: wanted: must be at most 1"),
    ],
)
def test_a_wrong_group_of_settings_is_named(
    file: Path, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, said: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(WrongInput, match=said):
        read_settings()
    file.write_text("choice:\n  unsure: 9\n")
    monkeypatch.setenv(variable, "{}")
    with pytest.raises(WrongInput, match=r"selvedge.yaml:2: choice.unsure"):
        read_settings()
