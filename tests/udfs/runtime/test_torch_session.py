"""Every released network in torch answers as ONNX Runtime does; a card's troubles, with a card that is only played."""

import json
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from schemas.errors import Stop
from tests.udfs.pictures.promoted import MODELS, pictures
from tests.udfs.runtime.networks import BATCH, SIDE, release
from udfs.pictures.preprocess import letterbox
from udfs.runtime.device import CardLost, Device
from udfs.runtime.models import SAME_NUMERIC_CLASS, Model, cosine, promoted, read_from, read_release
from udfs.runtime.onnx_file import GraphUnreadable, read_graph
from udfs.runtime.sessions import Session, open_session
from udfs.runtime.torch_network import translated
from udfs.runtime.torch_session import LARGEST_BATCH, TorchSession, batch_size

NETWORKS = ("screen", "detect", "embed")
SAME = 0.9999
LABELS = {"screen": "depicts", "detect": "scores", "embed": "shape_code"}
MANY = 200


@pytest.fixture(scope="module", params=NETWORKS)
def network(request: pytest.FixtureRequest) -> Iterator[tuple[str, Model, Session, Session]]:
    model = Model(read_release(promoted(request.param, MODELS)))
    body = model.files[model.description.weights]
    yield request.param, model, open_session(body, Device("torch")), open_session(body, Device("cpu"))


def labels(name: str, answers: dict[str, np.ndarray]) -> np.ndarray:
    """What a stage decides by the answers, one row a picture: a class, cells with a garment, a code."""
    found = answers[LABELS[name]]
    return found.argmax(1)[:, None] if name == "screen" else (found.reshape(len(found), -1) > 0.05)


def test_torch_answers_as_onnx_runtime_does(network: tuple[str, Model, Session, Session]) -> None:
    name, model, ours, theirs = network
    inputs = np.stack([letterbox(picture, model.description.side)[0] for picture in pictures()[2:6]])
    found, expected = ours.run(inputs), theirs.run(inputs)
    assert list(found) == list(expected)
    for output, values in expected.items():
        assert found[output].dtype == values.dtype
        assert cosine(read_from(output, values), read_from(output, found[output])) >= SAME, output
    assert np.array_equal(labels(name, found), labels(name, expected))


def test_fp16_keeps_the_numeric_class(network: tuple[str, Model, Session, Session]) -> None:
    _, model, _, _ = network
    with np.load(promoted(model.description.name, MODELS) / "golden.npz") as golden:
        session = open_session(model.files["model.onnx"], Device("torch"), half=True)
        found = session.run(golden["inputs"])
        for output, values in found.items():
            expected = golden[f"output_{output}"]
            assert cosine(read_from(output, expected), read_from(output, values)) >= SAME_NUMERIC_CLASS, output
            assert values.dtype == expected.dtype


@pytest.mark.field
@pytest.mark.long
def test_real_photos_get_the_same_labels(network: tuple[str, Model, Session, Session], shared_data: Path) -> None:
    name, model, ours, theirs = network
    files = sorted((shared_data / "catalog" / "images").glob("*.jpg"))[::5][:MANY]
    inputs = np.stack([letterbox(cv2.imread(str(file))[..., ::-1], model.description.side)[0] for file in files])
    found, expected = ours.run(inputs), theirs.run(inputs)
    for output, values in expected.items():
        assert cosine(read_from(output, values), read_from(output, found[output])) >= SAME, output
    same = (labels(name, found) == labels(name, expected)).all(1)
    assert same.mean() >= 0.995


@pytest.fixture
def halving(tmp_path: Path) -> TorchSession:
    """A network that halves its pixels, in batches of BATCH."""
    return TorchSession((release(tmp_path) / "model.onnx").read_bytes(), Device("torch"))


def rows(count: int) -> np.ndarray:
    return np.random.default_rng(count).integers(0, 256, (count, SIDE, SIDE, 3), dtype=np.uint8)


@pytest.mark.parametrize("count", [1, BATCH, BATCH + 1, 5 * BATCH - 1])
def test_any_number_of_rows_gives_one_answer_each(halving: TorchSession, count: int) -> None:
    assert np.array_equal(halving.run(rows(count))["scaled"], rows(count) * np.float32(0.5))


def test_batches_are_powers_of_two_up_to_the_largest() -> None:
    assert [batch_size(count, LARGEST_BATCH, 8) for count in (1, 8, 9, 100, 256, 1000)] == [8, 8, 16, 128, 256, 256]
    assert [batch_size(count, 4, 1) for count in (1, 3, 100)] == [1, 4, 4]


def full_above(most: int, session: TorchSession, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """A card's memory holds batches of `most` rows; returns the sizes that are tried."""
    tried, module = [], session._module

    def narrow(size: int) -> torch.nn.Module:
        tried.append(size)
        if size > most:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB\nGPU 0 has ...")
        return module(size)

    monkeypatch.setattr(session, "_module", narrow)
    return tried


def test_a_batch_that_does_not_fit_is_halved_and_stays_so(
    halving: TorchSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = full_above(1, halving, monkeypatch)
    for _ in range(2):
        assert np.array_equal(halving.run(rows(7))["scaled"], rows(7) * np.float32(0.5))
    assert tried == [4, 2, 1]


def test_a_card_that_holds_no_picture_is_one_line(halving: TorchSession, monkeypatch: pytest.MonkeyPatch) -> None:
    full_above(0, halving, monkeypatch)
    with pytest.raises(CardLost, match=r"^GPU 0: not one picture fits into its memory: CUDA out of memory[^\n]*$"):
        halving.run(rows(3))


def test_a_card_that_disappears_is_one_line_and_exit_1(halving: TorchSession, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(_: int) -> torch.nn.Module:
        raise RuntimeError("CUDA error: unspecified launch failure\nCUDA kernel errors might be ...")

    monkeypatch.setattr(halving, "_module", gone)
    with pytest.raises(CardLost, match=r"^GPU 0: CUDA error: unspecified launch failure; .* to act: .*$") as caught:
        halving.run(rows(3))
    assert isinstance(caught.value, Stop)
    assert caught.value.exit_code == 1


def test_memory_that_runs_out_while_a_graph_is_recorded_halves_too(
    halving: TorchSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = halving._module

    def narrow(size: int) -> torch.nn.Module:
        if size > 2:
            try:
                raise torch.OutOfMemoryError("CUDA out of memory")
            finally:
                raise RuntimeError("CUDA error: operation failed due to a previous error during capture")
        return module(size)

    monkeypatch.setattr(halving, "_module", narrow)
    assert np.array_equal(halving.run(rows(7))["scaled"], rows(7) * np.float32(0.5))
    assert halving.largest == 2


def test_an_error_of_ours_stays_what_it_is(halving: TorchSession, monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(_: int) -> torch.nn.Module:
        raise RuntimeError("mat1 and mat2 shapes cannot be multiplied")

    monkeypatch.setattr(halving, "_module", wrong)
    with pytest.raises(RuntimeError, match="mat1") as caught:
        halving.run(rows(3))
    assert not isinstance(caught.value, Stop)


def test_an_operator_that_is_not_known_is_named(tmp_path: Path) -> None:
    body = (release(tmp_path) / "model.onnx").read_bytes().replace(b"\x22\x03Mul", b"\x22\x03Xyz")
    with pytest.raises(GraphUnreadable, match="knows no operator Xyz"):
        translated(read_graph(body), 1)


def test_every_release_is_in_the_parity_test() -> None:
    promoted_ones = json.loads((MODELS / "promoted.json").read_text())
    assert set(promoted_ones) - {"text"} == set(NETWORKS)
