"""No version goes live that the search tier cannot open, or encode with."""

import pytest

from tests.night.conftest import LANE
from tests.night.house import House

pytestmark = pytest.mark.night


def test_a_version_whose_encoder_is_damaged_is_not_published(house: House) -> None:
    before = house.manifest()
    (weights,) = house.lake.glob("encoders/*/embed/model.onnx")
    body = bytearray(weights.read_bytes())
    body[len(body) // 2] ^= 0xFF
    weights.write_bytes(body)
    house.edit_spec(LANE, enabled=False)
    ended = house.night()
    assert ended.code == 1
    assert "embed/model.onnx: its sha256 differs from the manifest's; nothing was published" in ended.err
    assert house.manifest() == before
    weights.unlink()
    assert house.night().code == 0
    assert LANE not in house.manifest().counts
