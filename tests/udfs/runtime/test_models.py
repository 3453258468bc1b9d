"""Releases: what is checked before a network is loaded, and when it is."""

import json
from pathlib import Path

import numpy as np
import pytest

from tests.udfs.runtime.networks import BATCH, SIDE, release
from udfs.runtime import models
from udfs.runtime.device import Device
from udfs.runtime.models import (
    GoldenDiffers,
    ModelError,
    WeightsChanged,
    cosine,
    describe,
    load,
    opened,
    promoted,
    read_release,
)


def pictures(count: int) -> np.ndarray:
    return np.random.default_rng(count).integers(0, 256, (count, SIDE, SIDE, 3), dtype=np.uint8)


def rewrite(folder: Path, **changes: object) -> None:
    path = folder / "model.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_any_number_of_inputs_gives_one_output_each(tmp_path: Path) -> None:
    model = load(release(tmp_path / "one"))
    for count in (1, BATCH - 1, BATCH, BATCH + 1, 3 * BATCH):
        inputs = pictures(count)
        assert np.array_equal(model.run(inputs)["scaled"], inputs.astype(np.float32) * 0.5)


def test_nothing_cannot_be_run(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="a network needs at least one input"):
        load(release(tmp_path / "one")).run(pictures(0))


def test_a_model_is_loaded_once_a_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = []
    real = models.open_session
    monkeypatch.setattr(models, "open_session", lambda *a: opened.append(1) or real(*a))
    folder = release(tmp_path / "one")
    for _ in range(3):
        load(folder).run(pictures(2))
    load(tmp_path / "." / "one").run(pictures(1))
    assert len(opened) == 1


def test_the_digest_is_known_without_loading_a_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models, "open_session", lambda *_: pytest.fail("a network was loaded"))
    folder = release(tmp_path / "one")
    assert load(folder).digest == describe(folder).digest


def test_the_digest_covers_weights_preprocessing_and_numeric_class() -> None:
    base = models.digest_of("aa", {"side": 8}, "float")
    others = [("ab", {"side": 8}, "float"), ("aa", {"side": 9}, "float"), ("aa", {"side": 8}, "int8")]
    assert len({base, *(models.digest_of(*parts) for parts in others)}) == 4


def test_changed_weights_are_refused_with_path_and_digests(tmp_path: Path) -> None:
    folder = release(tmp_path / "one")
    weights = folder / "model.onnx"
    weights.write_bytes(weights.read_bytes() + b"\0")
    with pytest.raises(WeightsChanged) as caught:
        load(folder)
    assert caught.value.path == weights
    assert caught.value.found != caught.value.expected == describe(folder).weights_sha256


def test_a_release_exchanged_after_its_digest_was_taken_is_refused(tmp_path: Path) -> None:
    """The one that comes is whole and right: only the digest that was taken before tells."""
    known = read_release(release(tmp_path / "one"))
    release(tmp_path / "one", factor=2.0)
    with pytest.raises(WeightsChanged, match=r"model\.onnx: sha256 is .*to act: the data engineer") as caught:
        opened(known).run(pictures(1))
    assert caught.value.exit_code == 2


def test_weights_exchanged_after_they_were_read_are_not_what_runs(tmp_path: Path) -> None:
    model = load(release(tmp_path / "one"))
    release(tmp_path / "one", factor=2.0)
    inputs = pictures(3)
    assert np.array_equal(model.run(inputs)["scaled"], inputs.astype(np.float32) * 0.5)


def test_other_class_names_make_another_release_under_the_same_digest(tmp_path: Path) -> None:
    folder = release(tmp_path / "one")
    first = read_release(folder)
    rewrite(folder, figures={"map": 1.0})
    assert read_release(folder) == first
    rewrite(folder, classes={"boxes": ["top"]})
    second = read_release(folder)
    assert second.digest == first.digest
    assert second != first


@pytest.mark.parametrize(
    "changes",
    [
        {"digest": "00" * 32},
        {"preprocessing": {"side": 9}},
        {"numeric_class": "bfloat16"},
        {"weights": "../elsewhere/model.onnx"},
        {"golden": "../elsewhere/golden.npz"},
        {"unknown": 1},
    ],
)
def test_a_description_that_does_not_hold_is_refused(tmp_path: Path, changes: dict[str, object]) -> None:
    folder = release(tmp_path / "one")
    rewrite(folder, **changes)
    with pytest.raises(ModelError, match=r"model\.json"):
        describe(folder)


def test_other_answers_to_the_golden_inputs_are_refused(tmp_path: Path) -> None:
    folder = release(tmp_path / "one")
    with np.load(folder / "golden.npz") as golden:
        inputs, wrong = golden["inputs"], golden["output_scaled"].copy()
    wrong[1] = wrong[1][::-1]
    np.savez(folder / "golden.npz", inputs=inputs, output_scaled=wrong)
    with pytest.raises(GoldenDiffers, match="scaled"):
        load(folder).run(pictures(1))


class Coarse:
    """A session on a card whose fp16 is another numeric class; in fp32 it answers right."""

    batch = None

    def __init__(self, half: bool | None) -> None:
        self.half = half

    def run(self, rows: np.ndarray) -> dict[str, np.ndarray]:
        return {"scaled": rows.astype(np.float32) * 0.5 + (0 if self.half is False else 99 * (rows % 2))}


def test_a_network_that_loses_too_much_in_fp16_runs_in_fp32(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    card = Device("cuda", 1)
    monkeypatch.setattr(models, "this_process", lambda: card)
    monkeypatch.setattr(models, "open_session", lambda body, device, half=None: Coarse(half))
    model = models.Model(read_release(release(tmp_path / "one")))
    assert np.array_equal(model.run(pictures(3))["scaled"], pictures(3).astype(np.float32) * 0.5)
    assert ["it runs in fp32" in record.getMessage() for record in caplog.records] == [True]


def test_another_card_gets_a_session_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = []
    monkeypatch.setattr(models, "open_session", lambda body, device, half=None: opened.append(device) or Coarse(False))
    model = models.Model(read_release(release(tmp_path / "one")))
    for index in (0, 1, 0):
        monkeypatch.setattr(models, "this_process", lambda index=index: Device("cuda", index))
        model.run(pictures(1))
    assert opened == [Device("cuda", 0), Device("cuda", 1)]


def test_promoted_names_the_folder(tmp_path: Path) -> None:
    (tmp_path / "promoted.json").write_text('{"screen": "abc"}')
    assert promoted("screen", tmp_path) == tmp_path / "screen" / "abc"
    with pytest.raises(ModelError, match="embed"):
        promoted("embed", tmp_path)
    with pytest.raises(ModelError, match="does not exist"):
        promoted("screen", tmp_path / "nowhere")


def test_cosine_sees_nan_zero_and_other_shapes() -> None:
    rows = np.array([[1.0, 0.0], [0.0, 0.0]])
    assert cosine(rows, rows) == 1.0
    assert cosine(rows, np.array([[1.0, 0.0], [1.0, 0.0]])) == 0.0
    assert cosine(rows, np.full((2, 2), np.nan)) == 0.0
    assert cosine(rows, rows[:1]) == 0.0
