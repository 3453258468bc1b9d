"""The embedding: the same bits in any batch and on any number of threads, unit length, colour apart from shape."""

import subprocess
import sys

import numpy as np
import pytest

from tests.udfs.pictures.promoted import FIRST, model, pictures
from udfs.pictures.crops import WHOLE, crop
from udfs.pictures.embed import embed


def test_embed_gives_the_same_bits_in_any_batch() -> None:
    crops = [crop(picture, WHOLE, 224) for picture in pictures()]
    every = embed(crops, model("embed"))
    for index in FIRST:
        alone = embed([crops[index]], model("embed"))
        assert np.array_equal(alone.embedding[0], every.embedding[index])
        assert alone.shape_code[0] == every.shape_code[index]
        assert alone.colour_code[0] == every.colour_code[index]


def test_embeddings_have_unit_length_and_codes_16_bytes() -> None:
    found = embed([crop(picture, WHOLE, 224) for picture in pictures()], model("embed"))
    assert found.embedding.shape == (len(pictures()), 256)
    assert found.embedding.dtype == np.float32
    assert np.abs(np.linalg.norm(found.embedding, axis=1) - 1).max() < 1e-5
    assert {len(code) for code in (*found.shape_code, *found.colour_code)} == {16}


@pytest.mark.parametrize("value", [0, 127, 188, 200, 255])
def test_a_crop_of_one_grey_or_one_pixel_has_a_vector_of_unit_length(value: int) -> None:
    grey = np.full((90, 60, 3), value, np.uint8)
    crops = [crop(grey, box, 224) for box in (WHOLE, (0.5, 0.5, 0.5, 0.5))]
    vectors = embed(crops, model("embed")).embedding
    assert np.isfinite(vectors).all()
    assert np.abs(np.linalg.norm(vectors, axis=1) - 1).max() < 1e-5


def test_white_ground_changes_a_vector_less_than_the_garments_colour() -> None:
    plain, ringed, other = (np.full((200, 200, 3), ground, np.uint8) for ground in (255, 235, 255))
    for picture, colour in ((plain, (200, 30, 40)), (ringed, (200, 30, 40)), (other, (30, 60, 200))):
        picture[40:160, 60:140] = colour
    found = embed([crop(picture, WHOLE, 224) for picture in (plain, ringed, other)], model("embed")).embedding
    assert found[0] @ found[1] > found[0] @ found[2] + 0.05


def test_colour_changes_the_colour_code_more_than_the_shape_code() -> None:
    shirt = np.full((200, 200, 3), 255, np.uint8)
    shirt[40:160, 60:140] = (200, 30, 40)
    blue = shirt[:, :, ::-1].copy()
    found = embed([crop(picture, WHOLE, 224) for picture in (shirt, blue)], model("embed"))

    def apart(codes: list[bytes]) -> int:
        first, second = (np.frombuffer(code, np.uint8) for code in codes)
        return int(np.bitwise_count(first ^ second).sum())

    assert apart(found.colour_code) > apart(found.shape_code)
    assert found.embedding[0] @ found.embedding[1] < 0.99


def test_the_number_of_threads_changes_no_bit() -> None:
    code = (
        "import hashlib;from tests.udfs.pictures.promoted import model, pictures;"
        "from udfs.pictures.crops import crop, WHOLE;from udfs.pictures.embed import embed;"
        "e=embed([crop(p, WHOLE, 224) for p in pictures()[:3]], model('embed'));"
        "print(hashlib.sha256(e.embedding.tobytes()).hexdigest())"
    )
    answers = set()
    for threads in ("1", "2"):
        environment = {"SELVEDGE_INTRA_OP_THREADS": threads, "PATH": "/usr/bin:/bin", "PYTHONPATH": ":".join(sys.path)}
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True)
        answers.add(done.stdout)
    assert len(answers) == 1


def test_no_crop_gives_no_vector() -> None:
    assert embed([], model("embed")).embedding.shape == (0, 256)
