"""Any bytes become a label or a reason: never an exception of ours, never a NaN."""

import io

import numpy as np
import pytest
from PIL import Image

from schemas.rejects import MEANINGS
from tests.udfs.pictures.promoted import model as promoted_model
from udfs.pictures.decode import decode
from udfs.pictures.inspect import PictureRefused
from udfs.pictures.screen import screen


def body(mode: str, size: tuple[int, int], kind: str) -> bytes:
    """A picture of noise as a file."""
    pixels = np.random.default_rng(0).integers(0, 256, (size[1], size[0], len(Image.new(mode, (1, 1)).getbands())))
    picture = Image.fromarray(pixels.astype(np.uint8).squeeze(-1) if mode == "L" else pixels.astype(np.uint8), mode)
    file = io.BytesIO()
    picture.save(file, kind)
    return file.getvalue()


JPEG = body("RGB", (160, 120), "jpeg")
BODIES = {
    "1 x 1": body("RGB", (1, 1), "png"),
    "strip": body("RGB", (20_000, 10), "png"),
    "standing strip": body("RGB", (10, 20_000), "jpeg"),
    "grey": body("L", (300, 200), "jpeg"),
    "CMYK": body("CMYK", (300, 200), "jpeg"),
    "transparent": body("RGBA", (300, 200), "png"),
    "cut short": JPEG[: len(JPEG) // 2],
    "corrupt": JPEG[:200] + bytes(range(256)) * 8 + JPEG[2300:],
    "no picture": b"<html>404</html>",
    "empty": b"",
}


@pytest.mark.parametrize("name", BODIES)
def test_a_label_or_a_reason(name: str) -> None:
    model = promoted_model("screen")
    try:
        pixels = decode(BODIES[name], model.description.side)
    except PictureRefused as refused:
        assert refused.code in MEANINGS
        assert refused.detail
        return
    found = screen([pixels], model)
    assert np.isfinite(found.probabilities).all()
    assert np.isclose(found.probabilities.sum(), 1, atol=1e-3)
    assert found.depicts[0] in model.description.classes["depicts"]
    assert 0 < found.depicts_score[0] <= 1


def test_plain_oddities_are_read_not_refused() -> None:
    for name in ("strip", "grey", "CMYK", "transparent"):
        assert decode(BODIES[name], 288).shape[2] == 3
