"""Lakes to publish from; whoever asks for one publishes without a network."""

from pathlib import Path

import pytest

from jobs.stages.publish import publish
from tests.jobs.stages.publishing import Index, Tried


@pytest.fixture
def tried(monkeypatch: pytest.MonkeyPatch) -> Tried:
    tried = Tried()
    tried.patch(monkeypatch)
    return tried


@pytest.fixture
def index(tmp_path: Path, tried: Tried) -> Index:
    return Index(tmp_path, atelier=8, lane=4)


@pytest.fixture(scope="session")
def first_version(tmp_path_factory: pytest.TempPathFactory) -> Index:
    """Nothing may change it."""
    index = Index(tmp_path_factory.mktemp("first"), atelier=8, lane=4)
    with pytest.MonkeyPatch.context() as patched:
        Tried().patch(patched)
        publish(index.ready())
    return index


@pytest.fixture
def live(first_version: Index, tmp_path: Path, tried: Tried) -> Index:
    """After a first version of 8 and 4 garments, all hats."""
    return first_version.copied(tmp_path / "live")
