"""Fixtures that more than one room's tests use."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("steady", deadline=None)
settings.load_profile("steady")
"""A busy machine makes no example wrong."""

REPOSITORY = Path(__file__).resolve().parents[1]
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(REPOSITORY), os.environ.get("PYTHONPATH")]))
"""Workers import nothing from the working directory, and the works of some tests are in none of our packages."""

SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The real data beside the project; tests that ask for it carry the marker `field`."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"the real data is not beside the project ({SHARED_DATA.parent.name}/{SHARED_DATA.name})")
    return SHARED_DATA
