"""Bounds of the gates before a snapshot goes live: `mappings/gates.yaml`."""

from pathlib import Path
from typing import Annotated

from pydantic import Field

from schemas.errors import WrongInput
from schemas.retailer import Drop, Strict
from schemas.yaml_lines import errors_of_model, read_model

Points = Annotated[float, Field(ge=0, le=100)]
"""Percentage points: a share of 40% that becomes 25% has moved by 15."""


class Shift(Strict):
    """A move of a category's share; refused beyond both bounds."""

    points: Points
    absolute: int = Field(ge=0, description="garments")


class Comparison(Strict):
    """Bounds against the last version; only retailers in both count."""

    garments_drop: Drop
    products_drop: Drop
    category_shift: Shift


class RetailerGates(Comparison):
    """One that fails keeps that retailer's last rows."""

    coverage_drop: Points = Field(
        description="of the mapped and ignored shares together, where there is a mapping file"
    )


class FirstVersion(Strict):
    """A first version has nothing to be compared with."""

    garments: int = Field(ge=1)
    products: int = Field(ge=1)


class Canary(Strict):
    """Garments that are embedded again from their stored pictures and must land on their own row."""

    count: int = Field(64, ge=1, le=4096)
    cosine: float = Field(0.999, gt=0, le=1)


class WholeIndex(Comparison):
    """One that fails refuses the snapshot."""

    first_version: FirstVersion
    canary: Canary = Canary()
    norm_tolerance: float = Field(1e-3, gt=0, le=0.1, description="of a vector's length from 1; rounding is 1e-6")


class Gates(Strict):
    """The whole file."""

    whole_index: WholeIndex
    retailer: RetailerGates


def errors_of_gates(path: Path) -> list[WrongInput]:
    """Everything that is wrong with the file, by line."""
    return errors_of_model(path, Gates)


def read_gates(path: Path) -> Gates:
    """Raises WrongInput with file and line for the first error."""
    return read_model(path, Gates)
