"""Cases of which CI runs a few; `make long-test` runs all."""

from collections.abc import Iterable
from typing import Any

import pytest


def few_of(cases: Iterable[Any], few: int) -> list[Any]:
    """The cases as parameters; those after the first `few` carry the marker `long`."""
    every = list(cases)
    values = [case if isinstance(case, tuple) else (case,) for case in every[few:]]
    return [*every[:few], *(pytest.param(*one, marks=pytest.mark.long) for one in values)]
