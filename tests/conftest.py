"""Fixtures that more than one room's tests use."""

from pathlib import Path

import pytest

SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The real data beside the project; tests that ask for it carry the marker `field`."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"the real data is not beside the project ({SHARED_DATA.parent.name}/{SHARED_DATA.name})")
    return SHARED_DATA
