"""One drawn shop for the tests of this folder, and pending decisions in a folder of the test."""

from pathlib import Path

import pytest

from desk.leaves import Leaves
from desk.state import Desk
from tests.desk.drawn import Drawn, desk_of, draw, leaves_of, text_model
from udfs.text.model import TextModel


@pytest.fixture(scope="session")
def model() -> TextModel:
    return text_model()


@pytest.fixture(scope="session")
def drawn(model: TextModel) -> Drawn:
    return draw("ru", 60, 400, 1, model)


@pytest.fixture(scope="session")
def leaves(model: TextModel) -> Leaves:
    return leaves_of(model)


@pytest.fixture(autouse=True)
def _state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


@pytest.fixture
def desk(drawn: Drawn, tmp_path: Path, model: TextModel) -> Desk:
    return desk_of(drawn, tmp_path / "mappings", model)
