"""Layers that two networks begin with run once for a picture, and the answers stay the same to the bit."""

import hashlib

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

from tests.udfs.pictures.promoted import model, pictures
from udfs.pictures.preprocess import letterbox
from udfs.runtime import models, shared_layers
from udfs.runtime.device import Device
from udfs.runtime.models import GoldenDiffers, Model, share
from udfs.runtime.onnx_file import read_graph, until
from udfs.runtime.onnx_session import OnnxSession
from udfs.runtime.shared_layers import Following, SharedLayers, together, where_they_part

CPU = Device("cpu")
SIDE = 8


def body(name: str) -> bytes:
    found = model(name)
    return found.files[found.description.weights]


def canvases() -> np.ndarray:
    return np.stack([letterbox(picture, model("screen").description.side)[0] for picture in pictures()])


def network(*factors: float, side: int = SIDE) -> bytes:
    """pixels uint8 -> one 1x1 convolution a factor, each on the one before."""
    nodes = [
        helper.make_node("Cast", ["pixels"], ["real"], to=TensorProto.FLOAT),
        helper.make_node("Transpose", ["real"], ["made0"], perm=[0, 3, 1, 2]),
    ]
    weights = []
    for at, factor in enumerate(factors):
        weights.append(
            numpy_helper.from_array(np.eye(3, dtype=np.float32)[..., None, None] * np.float32(factor), f"w{at}")
        )
        nodes.append(helper.make_node("Conv", [f"made{at}", f"w{at}"], [f"made{at + 1}"]))
    entry = helper.make_tensor_value_info("pixels", TensorProto.UINT8, [4, side, side, 3])
    last = helper.make_tensor_value_info(f"made{len(factors)}", TensorProto.FLOAT, [4, 3, side, side])
    made = helper.make_graph(nodes, "chain", [entry], [last], weights)
    return helper.make_model(made, opset_imports=[helper.make_opsetid("", 17)], ir_version=8).SerializeToString()


def linked(first: bytes, second: bytes) -> tuple[Following, Following]:
    found = together(first, second, CPU)
    assert found is not None, "both have the same first layers and canvas"
    return found


def test_the_promoted_filter_and_detector_answer_as_apart() -> None:
    pixels = canvases()
    for name, session in zip(("screen", "detect"), linked(body("screen"), body("detect")), strict=True):
        found, expected = session.run(pixels), OnnxSession(body(name), CPU).run(pixels)
        assert [*found] == [*expected]
        assert all(np.array_equal(found[output], values) for output, values in expected.items())


def test_shared_layers_run_once_for_both(monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[bytes] = []
    once = SharedLayers.made
    monkeypatch.setattr(SharedLayers, "made", lambda layers, row: ran.append(row.tobytes()) or once(layers, row))
    first, second = linked(network(2, 3), network(2, 5))
    ran.clear()
    rows = np.arange(3 * SIDE * SIDE * 3, dtype=np.uint8).reshape(3, SIDE, SIDE, 3)
    rows[:, 0, 0, 0] = (7, 8, 9)
    for session, factor in ((first, 6), (second, 10)):
        (answer,) = session.run(rows).values()
        assert np.array_equal(answer, rows.transpose(0, 3, 1, 2).astype(np.float32) * factor)
    assert ran == [row.tobytes() for row in rows]
    second.run(rows[:1])
    assert len(ran) == 4, "what was taken is gone"


def test_of_pictures_that_nobody_takes_the_last_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared_layers, "MOST_KEPT", 2)
    layers = SharedLayers(until(network(2, 3), "made1"), CPU)
    rows = [np.full((4, SIDE, SIDE, 3), value, np.uint8) for value in range(3)]
    for row in rows:
        layers.kept(row)
    assert [layers._kept.keys() == {hashlib.sha256(row).digest() for row in rows[1:]}] == [True]


@pytest.mark.parametrize(
    ("first", "second", "parted"),
    [
        (network(2, 3, 4), network(2, 3, 5), ("made2", "made2")),
        (network(2, 3), network(4, 3), None),
        (network(2, 3), network(2, 5, side=2 * SIDE), None),
        (network(2, 3), network(2, 3), None),
    ],
    ids=["the third differs", "the first differs", "another canvas", "nothing differs"],
)
def test_where_two_networks_part(first: bytes, second: bytes, parted: tuple[str, str] | None) -> None:
    assert where_they_part(read_graph(first), read_graph(second)) == parted
    assert (together(first, second, CPU) is None) == (parted is None)


def test_the_embedding_shares_nothing_with_the_filter() -> None:
    assert together(body("screen"), body("embed"), CPU) is None


def test_models_share_from_then_on_and_on_a_cpu_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    pair = [Model(model(name).release) for name in ("screen", "detect")]
    monkeypatch.setattr(models, "this_process", lambda: Device("cuda"))
    share.__wrapped__(*pair)
    monkeypatch.setattr(models, "this_process", lambda: CPU)
    assert pair[0]._sessions == {}
    share.__wrapped__(*pair)
    assert all(isinstance(one.session, Following) for one in pair)


def test_nothing_is_shared_where_the_golden_answers_differ(monkeypatch: pytest.MonkeyPatch) -> None:
    pair = [Model(model(name).release) for name in ("screen", "detect")]
    monkeypatch.setattr(models, "this_process", lambda: CPU)

    def differs(*_: object) -> None:
        raise GoldenDiffers("another network")

    monkeypatch.setattr(pair[1], "_check_golden", differs)
    share.__wrapped__(*pair)
    assert [one._sessions for one in pair] == [{}, {}]
