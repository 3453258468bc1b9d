"""Stand-in releases of the four models: real networks of a few kB that nobody had to train.

They answer by the mean colours of a picture, so that a shop drawn for them gets a verdict of every kind.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import numpy_helper

from schemas.tables import SCREEN_CLASSES
from tests.udfs.text.small_model import write_small_model
from udfs.pictures.detect import CLASSES
from udfs.runtime.device import Device
from udfs.runtime.models import Description, digest_of
from udfs.runtime.onnx_session import OnnxSession

BATCH = 4
SEEN = ["dress", "top", "trousers"]
"""Classes of a single-garment picture: warm colours are a dress, cold ones a top, dark ones trousers."""

SCREEN = """<ir_version: 8, opset_import: ["": 17]>
screen (uint8[4,288,288,3] pixels) => (float[4,6] screen, float[4,3] depicts) {
  real = Cast<to = 1>(pixels)
  differences = MatMul(real, neighbours)
  sizes = Abs(differences)
  colourful = ReduceMean<axes = [1, 2], keepdims = 0>(sizes)
  weighed = MatMul(colourful, screen_weights)
  screen_scores = Add(weighed, screen_bias)
  screen = Softmax<axis = 1>(screen_scores)
  mean = ReduceMean<axes = [1, 2], keepdims = 0>(real)
  warm = MatMul(mean, seen_weights)
  seen_scores = Add(warm, seen_bias)
  depicts = Softmax<axis = 1>(seen_scores)
}"""

DETECT = """<ir_version: 8, opset_import: ["": 17]>
detect (uint8[4,320,320,3] pixels) => (float[4,10,10,10] scores, float[4,10,4,10,10] boxes) {
  real = Cast<to = 1>(pixels)
  mean = ReduceMean<axes = [1, 2], keepdims = 0>(real)
  weighed = MatMul(mean, box_weights)
  box_scores = Add(weighed, box_bias)
  chances = Sigmoid(box_scores)
  of_class = Reshape(chances, class_shape)
  scores = Mul(of_class, middle_cell)
  boxes = Expand(corners, boxes_shape)
}"""

_CODE = """
  above_{code} = Greater({values}, step)
  eights_{code} = Reshape(above_{code}, code_shape)
  bits_{code} = Cast<to = 1>(eights_{code})
  bytes_{code} = MatMul(bits_{code}, powers)
  whole_{code} = Cast<to = 2>(bytes_{code})
  {code} = Flatten(whole_{code})"""
"""128 numbers to 16 bytes, a bit for each that is above `step`."""

EMBED = f"""<ir_version: 8, opset_import: ["": 17]>
embed (uint8[4,224,224,3] pixels) => (float[4,256] embedding, uint8[4,16] shape_code, uint8[4,16] colour_code) {{
  real = Cast<to = 1>(pixels)
  planes = Transpose<perm = [0, 3, 1, 2]>(real)
  cells = AveragePool<kernel_shape = [28, 28], strides = [28, 28]>(planes)
  light = ReduceMean<axes = [1], keepdims = 1>(cells)
  both = Concat<axis = 1>(cells, light)
  flat = Flatten(both)
  centred = Sub(flat, grey)
  length = ReduceL2<axes = [1], keepdims = 1>(centred)
  embedding = Div(centred, length)
  halves = AveragePool<kernel_shape = [14, 28], strides = [14, 28]>(planes)
  shades = ReduceMean<axes = [1], keepdims = 1>(halves)
  level = ReduceMean<axes = [2, 3], keepdims = 1>(shades)
  relief = Sub(shades, level)
  {_CODE.format(values="relief", code="shape_code")}
  red, green, blue = Split<axis = 1>(cells)
  warm = Sub(red, green)
  cold = Sub(green, blue)
  hues = Concat<axis = 1>(warm, cold)
  {_CODE.format(values="hues", code="colour_code")}
}}"""

RED_LESS_BLUE = np.array([1, 0, -1])
DARK = -np.ones(3) / 3
NEVER = -6.0


def release_all(root: Path) -> None:
    """Write the four releases below `root`, a folder `models/`, and promote them."""
    seen = np.stack([RED_LESS_BLUE, -RED_LESS_BLUE, 4 * DARK], axis=1) / 8
    folders = [
        _release(root, "screen", _graph(SCREEN, **_screen(), seen_weights=seen, seen_bias=np.array([0, 0, 70])),
                 {"function": "letterbox", "side": 288, "revision": 1},
                 {"screen": list(SCREEN_CLASSES), "depicts": SEEN}, {}),
        _release(root, "detect", _graph(DETECT, **_detect()),
                 {"function": "letterbox", "side": 320, "revision": 1}, {"boxes": list(CLASSES)}, {"score": 0.3}),
        _release(root, "embed", _graph(EMBED, **_embed()), {"function": "crop", "side": 224, "revision": 1}, {}, {}),
        write_small_model(root),
    ]  # fmt: skip
    promoted = {folder.parent.name: folder.name for folder in folders}
    (root / "promoted.json").write_text(json.dumps(promoted, indent=1) + "\n", encoding="utf-8")


def _screen() -> dict[str, np.ndarray]:
    """A picture is wanted as far as it is colourful; one in black and white is a size chart."""
    weights = np.zeros((2, len(SCREEN_CLASSES)))
    weights[:, SCREEN_CLASSES.index("wanted")] = 0.3
    bias = np.full(len(SCREEN_CLASSES), NEVER)
    bias[[SCREEN_CLASSES.index("wanted"), SCREEN_CLASSES.index("sizechart")]] = -3, 0
    return {"neighbours": np.array([[1, 0], [-1, 1], [0, -1]]), "screen_weights": weights, "screen_bias": bias}


def _detect() -> dict[str, np.ndarray]:
    """One box in the middle of the picture, of the class that its colours say; none where they say little."""
    weights, bias = np.zeros((3, len(CLASSES))), np.full(len(CLASSES), NEVER)
    weights[:, [CLASSES.index(name) for name in SEEN]] = np.stack([RED_LESS_BLUE, -RED_LESS_BLUE, 4 * DARK], axis=1) / 8
    bias[[CLASSES.index(name) for name in SEEN]] = -2, -2, 60
    middle = np.zeros((1, 1, 10, 10))
    middle[..., 5, 5] = 1
    corners = np.array([48, 24, 272, 296]).reshape(1, 1, 4, 1, 1)
    return {
        "box_weights": weights, "box_bias": bias, "middle_cell": middle, "corners": corners,
        "class_shape": np.array([BATCH, len(CLASSES), 1, 1], np.int64),
        "boxes_shape": np.array([BATCH, len(CLASSES), 4, 10, 10], np.int64),
    }  # fmt: skip


def _embed() -> dict[str, np.ndarray]:
    """A vector of the mean colours of 8 x 8 cells. Half a step beside every grey, so that no picture has length 0."""
    return {
        "grey": np.array(126.5), "step": np.array(4.0), "powers": 2.0 ** np.arange(7, -1, -1).reshape(8, 1),
        "code_shape": np.array([BATCH, 16, 8], np.int64),
    }  # fmt: skip


def _graph(text: str, **constants: np.ndarray) -> onnx.ModelProto:
    """The network of a text, its constants float32 unless they are whole numbers of 64 bits."""
    model = onnx.parser.parse_model(text)
    for name, values in constants.items():
        kept = values if name.endswith("_shape") else values.astype(np.float32)
        model.graph.initializer.append(numpy_helper.from_array(kept, name))
    onnx.checker.check_model(model, full_check=True)
    return model


def _release(
    root: Path,
    name: str,
    graph: onnx.ModelProto,
    preprocessing: Mapping[str, Any],
    classes: Mapping[str, list[str]],
    thresholds: Mapping[str, float],
) -> Path:
    """A release folder with weights, description, golden answers and card."""
    body = graph.SerializeToString()
    sha256 = hashlib.sha256(body).hexdigest()
    digest = digest_of(sha256, preprocessing, "float")
    folder = root / name / digest[:12]
    folder.mkdir(parents=True)
    (folder / "model.onnx").write_bytes(body)
    description = Description(
        name=name, digest=digest, task="stand-in of a test", weights="model.onnx", weights_sha256=sha256,
        numeric_class="float", preprocessing=preprocessing, batch=BATCH, classes=classes, golden="golden.npz",
        thresholds=thresholds,
    )  # fmt: skip
    (folder / "model.json").write_text(json.dumps(asdict(description), indent=1) + "\n", encoding="utf-8")
    (folder / "card.md").write_text(f"# {name}\n\nA stand-in of a few lines for tests; it has learnt nothing.\n")
    _write_golden(folder, preprocessing["side"])
    return folder


def _write_golden(folder: Path, side: int) -> None:
    """Answers for two pictures of coloured blocks."""
    blocks = np.random.default_rng(side).integers(0, 256, (2, 4, 4, 3), dtype=np.uint8)
    inputs = blocks.repeat(side // 4, axis=1).repeat(side // 4, axis=2)
    answers = OnnxSession((folder / "model.onnx").read_bytes(), Device("cpu")).run(inputs)
    np.savez_compressed(
        folder / "golden.npz", inputs=inputs, **{f"output_{name}": values for name, values in answers.items()}
    )
