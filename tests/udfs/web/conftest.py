"""Ports of loopback servers come back, and must not bring a former server's rules with them."""

from collections.abc import Iterator

import pytest

from udfs.web import robots


@pytest.fixture(autouse=True)
def no_rules_held() -> Iterator[None]:
    yield
    robots._held.clear()
