"""The folder that a searcher embeds with: named by its content, whole once its card is there."""

import hashlib
import json
from pathlib import Path

import pytest

from lake.encoders import keep_encoder
from lake.store import DiskStore

FILES = {"detect": {"model.json": b"{}", "model.onnx": b"boxes"}, "embed": {"model.onnx": b"vectors"}}


@pytest.fixture
def models(tmp_path: Path) -> dict[str, Path]:
    for part, files in FILES.items():
        (tmp_path / "models" / part).mkdir(parents=True)
        for name, body in files.items():
            (tmp_path / "models" / part / name).write_bytes(body)
    return {part: tmp_path / "models" / part for part in ("embed", "detect")}


@pytest.fixture
def store(tmp_path: Path) -> DiskStore:
    return DiskStore(tmp_path / "lake")


def sha256(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def test_every_file_is_copied_and_listed_with_its_digest(store: DiskStore, models: dict[str, Path]) -> None:
    kept = keep_encoder(store, models, 7)
    bodies = {f"{part}/{name}": body for part, files in FILES.items() for name, body in files.items()}
    bodies["pixels.json"] = b'{"revision": 7}'
    digests = {name: sha256(body) for name, body in bodies.items()}
    assert kept.digest == sha256(json.dumps(dict(sorted(digests.items()))).encode())
    root = f"encoders/{kept.digest}"
    names = ("encoder.json", "detect/model.json", "detect/model.onnx", "embed/model.onnx", "pixels.json")
    assert [file.path for file in kept.files] == [f"{root}/{name}" for name in names]
    for file in kept.files:
        body = store.read(file.path)
        assert (file.bytes, file.sha256) == (len(body), sha256(body))
    card = json.loads(store.read(f"{root}/encoder.json"))
    assert card == {"digest": kept.digest, "parts": ["detect", "embed"], "files": digests}
    assert store.read(f"{root}/embed/model.onnx") == b"vectors"
    assert len(store.list("encoders")) == 5


def test_a_whole_folder_is_not_written_again(
    store: DiskStore, models: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = keep_encoder(store, models, 7)
    monkeypatch.setattr(store, "write", lambda path, body: pytest.fail(f"{path} was written again"))
    assert keep_encoder(store, models, 7) == first


def test_the_card_comes_last(store: DiskStore, models: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[str] = []
    write = store.write
    monkeypatch.setattr(store, "write", lambda path, body: (written.append(path), write(path, body)))
    keep_encoder(store, models, 7)
    assert written[-1].endswith("/encoder.json")


def test_another_place_or_content_is_another_encoder(store: DiskStore, models: dict[str, Path]) -> None:
    digests = {keep_encoder(store, models, 7).digest}
    digests.add(keep_encoder(store, {"detect": models["embed"], "embed": models["detect"]}, 7).digest)
    digests.add(keep_encoder(store, models, 8).digest)
    (models["embed"] / "model.onnx").write_bytes(b"vectorz")
    digests.add(keep_encoder(store, models, 7).digest)
    assert len(digests) == 4
