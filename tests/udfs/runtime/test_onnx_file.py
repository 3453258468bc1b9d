"""ONNX files are read without the package `onnx`, and what is no ONNX file is refused."""

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from tests.udfs.pictures.promoted import MODELS
from tests.udfs.runtime.networks import BATCH, SIDE, graph
from udfs.runtime.models import promoted
from udfs.runtime.onnx_file import GraphUnreadable, beyond, read_graph, until


def test_a_released_graph_is_what_the_package_reads() -> None:
    body = (promoted("screen", MODELS) / "model.onnx").read_bytes()
    found, expected = read_graph(body), onnx.load_from_string(body).graph
    assert [(n.operator, n.inputs, n.outputs) for n in found.nodes] == [
        (n.op_type, [*n.input], [*n.output]) for n in expected.node
    ]
    for ours, theirs in zip(found.nodes, expected.node, strict=True):
        for attribute in theirs.attribute:
            value = helper.get_attribute_value(attribute)
            value = numpy_helper.to_array(value) if isinstance(value, TensorProto) else value
            assert np.array_equal(
                ours.attributes[attribute.name], value.decode() if isinstance(value, bytes) else value
            )
    assert set(found.weights) == {weight.name for weight in expected.initializer}
    for weight in expected.initializer:
        assert np.array_equal(found.weights[weight.name], numpy_helper.to_array(weight))


def test_input_and_outputs_have_type_and_shape() -> None:
    found = read_graph(graph(0.5).SerializeToString())
    assert (found.input.name, found.input.dtype, found.input.shape) == ("pixels", np.uint8, (BATCH, SIDE, SIDE, 3))
    assert [(port.name, port.dtype) for port in found.outputs] == [("scaled", np.float32)]
    assert found.batch == BATCH


@pytest.mark.parametrize("cut", [0, 1, 40, -1])
def test_a_cut_file_is_refused(cut: int) -> None:
    with pytest.raises(GraphUnreadable, match="no ONNX file that can be read") as caught:
        read_graph(graph(0.5).SerializeToString()[:cut])
    assert caught.value.exit_code == 2


def test_weights_that_lie_in_another_file_are_refused() -> None:
    model = graph(0.5)
    weight = model.graph.initializer[0]
    weight.data_location = TensorProto.EXTERNAL
    weight.external_data.add(key="location", value="/etc/passwd")
    weight.ClearField("raw_data")
    with pytest.raises(GraphUnreadable, match="factor is not stored as raw bytes"):
        read_graph(model.SerializeToString())


def test_a_network_in_two_parts_is_the_whole() -> None:
    body = graph(0.5).SerializeToString()
    shape = (BATCH, SIDE, SIDE, 3)
    first, rest = until(body, "real"), beyond(body, "real", shape)
    assert rest is not None
    assert [node.operator for part in (first, rest) for node in read_graph(part).nodes] == ["Cast", "Mul"]
    assert [*read_graph(first).weights] == []
    pixels = np.arange(np.prod(shape), dtype=np.uint8).reshape(shape)
    for part, name in ((first, "pixels"), (rest, "real")):
        session = onnxruntime.InferenceSession(part, providers=["CPUExecutionProvider"])
        assert session.get_inputs()[0].shape == [*shape]
        (pixels,) = session.run(None, {name: pixels})
    assert np.array_equal(pixels.ravel()[:300], (np.arange(300, dtype=np.uint8) * np.float32(0.5)))


def test_what_reads_the_input_once_more_is_no_part_of_its_own() -> None:
    model = graph(0.5)
    model.graph.node.extend(
        [
            helper.make_node("Cast", ["pixels"], ["again"], to=TensorProto.FLOAT),
            helper.make_node("Add", ["scaled", "again"], ["more"]),
        ]
    )
    model.graph.output[0].name = "more"
    assert beyond(model.SerializeToString(), "real", (BATCH, SIDE, SIDE, 3)) is None
