"""One small drawn shop of each dialect, drawn once a session."""

from pathlib import Path

import pytest

from shops.draw import DrawOptions, draw
from shops.layout import SampleShop

OFFERS = 110
"""Enough for every fault that a shop carries on purpose, and for every kind of picture."""


@pytest.fixture(scope="session")
def yml_shop(tmp_path_factory: pytest.TempPathFactory) -> SampleShop:
    """A Russian shop in YML. Read it; who changes a shop draws one."""
    out = tmp_path_factory.mktemp("yml")
    return draw(out, DrawOptions("yml-shop", seed=3, offers=OFFERS, language="ru", feed="yml"))


@pytest.fixture(scope="session")
def google_shop(tmp_path_factory: pytest.TempPathFactory) -> SampleShop:
    """A Japanese shop in Google Merchant's form."""
    out = tmp_path_factory.mktemp("google")
    return draw(out, DrawOptions("google-shop", seed=4, offers=OFFERS, language="ja", feed="google"))


@pytest.fixture(params=["yml", "google"])
def shop(request: pytest.FixtureRequest) -> SampleShop:
    """Both shops in turn."""
    made: SampleShop = request.getfixturevalue(f"{request.param}_shop")
    return made


@pytest.fixture
def small_shop(tmp_path: Path) -> SampleShop:
    """A shop of its own for a test that changes it."""
    return draw(tmp_path, DrawOptions("small", seed=5, offers=20, language="en", feed="google", pictures_per_product=1))
