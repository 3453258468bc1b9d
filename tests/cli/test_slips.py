"""What a caller gets wrong is one line that names it, never a stack trace."""

import json
import socket
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cli.main import program
from jobs.engine.models import release_folder
from schemas.errors import WrongInput
from tests.jobs.lake_of_offers import REPOSITORY, Shops
from tests.udfs.feeds.small_feeds import OFFER, feed


def run(*words: object) -> Result:
    return CliRunner().invoke(program(), [str(word) for word in words])


def test_a_page_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "feed.xml").write_bytes(feed(OFFER.format(1)))
    page = tmp_path / "nowhere" / "page.html"
    done = run("feeds", "check", tmp_path / "feed.xml", "--html", page)
    assert isinstance(done.exception, WrongInput)
    assert str(done.exception) == f"{page}: cannot be written: No such file or directory"


def test_a_port_that_is_taken(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        done = run("shop", "serve", tmp_path, "--port", port)
    assert isinstance(done.exception, WrongInput)
    assert str(done.exception) == f"--port: {port} cannot be opened: Address already in use"
    assert done.output == ""


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nosuch"], "nosuch: there is no such folder"),
        ([".", "--host", "0.0.0.0"], "--host: 0.0.0.0 is not a loopback address; use 127.0.0.1"),
    ],
)
def test_what_cannot_be_served_is_not_said_to_be(words: list[str], said: str) -> None:
    done = run("shop", "serve", *words)
    assert str(done.exception) == said
    assert done.output == ""


def test_too_few_offers_for_a_shop(tmp_path: Path) -> None:
    done = run("shop", "draw", "--out", tmp_path / "shops", "--offers", 5)
    assert done.exit_code == 2
    assert "--offers" in done.output
    assert not (tmp_path / "shops").exists()


def test_a_place_is_named_once(tmp_path: Path) -> None:
    with pytest.raises(WrongInput) as missing:
        release_folder("screen", tmp_path)
    assert str(missing.value).count("promoted.json") == 1
    (tmp_path / "promoted.json").write_text(json.dumps({"text": "0"}), encoding="utf-8")
    with pytest.raises(WrongInput) as unknown:
        release_folder("screen", tmp_path)
    assert str(unknown.value) == f"{tmp_path}/promoted.json: no release of 'screen' is promoted"
    assert str(WrongInput("s3://b/x.xml", None, "s3://b/x.xml: no credentials")) == "s3://b/x.xml: no credentials"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The project's own specs and models over a lake of its own."""
    monkeypatch.chdir(REPOSITORY)
    monkeypatch.setenv("SELVEDGE_LAKE", str(tmp_path / "lake"))
    monkeypatch.setenv("SELVEDGE_REPORTS", str(tmp_path / "reports"))
    return tmp_path


@pytest.mark.parametrize("words", [["night"], ["stage", "screen"], ["publish"]])
def test_a_run_that_could_have_no_report_is_not_begun(words: list[str], project: Path) -> None:
    done = run(*words, "--run", "a/b")
    assert isinstance(done.exception, WrongInput)
    assert str(done.exception).startswith("--run: 'a/b' is not a valid run id")
    assert not (project / "lake" / "tables").exists()


def test_a_letter_that_cannot_be_written(project: Path) -> None:
    (project / "file").touch()
    (project / "shop").mkdir()
    shops = Shops(project / "shop", one=[])
    done = CliRunner(
        env={"SELVEDGE_MAPPINGS": str(shops.root / "mappings"), "SELVEDGE_LAKE": str(shops.root / "lake")}
    ).invoke(program(), ["letter", "one", "--out", str(project / "file")])
    assert isinstance(done.exception, WrongInput)
    assert str(done.exception) == f"{project / 'file'}: cannot be written: File exists"


def test_a_night_whose_report_could_not_be_written_is_not_begun(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (project / "file").touch()
    monkeypatch.setenv("SELVEDGE_REPORTS", str(project / "file" / "reports"))
    done = run("night")
    assert isinstance(done.exception, WrongInput)
    assert str(done.exception) == f"{project / 'file' / 'reports'}: cannot be written: Not a directory"
    assert not (project / "lake" / "tables").exists()
