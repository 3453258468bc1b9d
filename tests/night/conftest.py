"""Two small shops for a session, one finished night over them, and a copy of that house for each test that asks."""

import shutil
import socket
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from shops.draw import DrawOptions, draw
from shops.serve import serving
from tests.night.house import Ended, House, Shops, furnish

ATELIER, LANE = "atelier", "lane"


@pytest.fixture(scope="session")
def shops(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shops]:
    folder, drawn, seen = tmp_path_factory.mktemp("shops"), tmp_path_factory.mktemp("drawn"), Counter[str]()
    with socket.socket() as free:  # feeds hold addresses with the port, so it is chosen before they are drawn
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    draw(folder, DrawOptions(ATELIER, 3, 14, "en", "yml", url, pictures_per_product=2))
    draw(folder, DrawOptions(LANE, 5, 8, "ja", "google", url, pictures_per_product=2))
    for retailer in (ATELIER, LANE):
        shutil.copytree(folder / retailer, drawn / retailer, ignore=shutil.ignore_patterns("images"))
    with serving(folder, port=port, seen=seen):
        yield Shops(folder, drawn, url, seen, (ATELIER, LANE))


@pytest.fixture(scope="session")
def first_night(shops: Shops, tmp_path_factory: pytest.TempPathFactory) -> tuple[House, Ended]:
    """A night over both shops in a fresh lake, and how it ended. Nothing may change this house."""
    shops.reset()
    house = furnish(tmp_path_factory.mktemp("first"), shops, shops.retailers)
    return house, house.night()


@pytest.fixture
def house(first_night: tuple[House, Ended], tmp_path: Path) -> House:
    """A house after its first night, to do with as the test likes."""
    finished, ended = first_night
    assert ended.code == 0, ended.err
    root = tmp_path / "house"
    shutil.copytree(finished.root, root)
    finished.shops.reset()
    return House(root, finished.shops)


@pytest.fixture
def new_house(shops: Shops, tmp_path: Path) -> House:
    """A house in which no night has been."""
    shops.reset()
    return furnish(tmp_path / "house", shops, shops.retailers)
