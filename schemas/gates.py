"""Bounds of the gates that a snapshot must pass before it goes live: `mappings/gates.yaml`."""

from pathlib import Path
from typing import Annotated

from pydantic import Field

from schemas.errors import WrongInput
from schemas.retailer import Drop, Strict
from schemas.yaml_lines import errors_of_model, read_model

Points = Annotated[float, Field(ge=0, le=100)]
"""Percentage points: a share that goes from 40% to 25% has moved by 15 points."""


class Shift(Strict):
    """How far a category's share may move. The gate fails only if both bounds are exceeded.

    The absolute bound scales with a small catalog, as in `Drop`.
    """

    points: Points
    absolute: int = Field(ge=0, description="garments")


class Comparison(Strict):
    """Bounds against the last version. Only retailers that are in both versions count."""

    garments_drop: Drop
    products_drop: Drop
    category_shift: Shift


class RetailerGates(Comparison):
    """Gates per retailer. If one fails, the retailer keeps its rows of the last version."""

    coverage_drop: Points = Field(
        description="allowed drop of mapped plus ignored products, if there is a mapping file"
    )


class FirstVersion(Strict):
    """Minimum sizes of the first version, which has no earlier version to compare with."""

    garments: int = Field(ge=1)
    products: int = Field(ge=1)


class Canary(Strict):
    """Some garments are embedded again from their stored pictures; each must match its published vector."""

    count: int = Field(64, ge=1, le=4096)
    cosine: float = Field(0.999, gt=0, le=1)


class WholeIndex(Comparison):
    """Gates over all retailers together. If one fails, the snapshot is refused."""

    first_version: FirstVersion
    canary: Canary = Canary()
    norm_tolerance: float = Field(
        1e-3, gt=0, le=0.1, description="how far a vector's length may be from 1; rounding alone is 1e-6"
    )


class Gates(Strict):
    """The whole file."""

    whole_index: WholeIndex
    retailer: RetailerGates


def errors_of_gates(path: Path) -> list[WrongInput]:
    """All errors in the file, by line."""
    return errors_of_model(path, Gates)


def read_gates(path: Path) -> Gates:
    """The file's gates. Raises WrongInput with file and line for the first error."""
    return read_model(path, Gates)
