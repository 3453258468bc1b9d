"""Releases in the lake: what stands under a digest, and the files that a worker without a folder loads."""

import hashlib
import json
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import lake.models
from lake.models import check_note, keep_file, keep_note, missing_files, model_file, read_note
from lake.store import DiskStore, Store
from schemas.errors import DamagedLake, WrongInput

DIGEST = "ab" * 32
PLACE = Path("models/screen/ab/model.json")
HAT = b'{"classes": ["hat"], "batch": 8}'
BODY = b"weights" * 1000
SHA256 = hashlib.sha256(BODY).hexdigest()


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return DiskStore(tmp_path / "lake")


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "temporary" / "cache"


def test_another_release_under_a_known_digest_is_refused(store: Store) -> None:
    assert not check_note(store, DIGEST, HAT, PLACE)
    keep_note(store, DIGEST, HAT, PLACE)
    assert check_note(store, DIGEST, HAT, PLACE)
    for ask in (check_note, keep_note):
        with pytest.raises(WrongInput, match=r"^models/screen/ab/model\.json: its classes.*to act: ") as caught:
            ask(store, DIGEST, b'{"classes": ["bag"], "batch": 8}', PLACE)
        assert caught.value.exit_code == 2
    assert read_note(store, f"models/{DIGEST}/release.json") == json.loads(HAT)


def test_a_note_of_another_version_of_the_program_is_compared_by_what_both_say(store: Store) -> None:
    keep_note(store, DIGEST, HAT, PLACE)
    assert check_note(store, DIGEST, b'{"classes": ["hat"], "more": 1}', PLACE)


@pytest.mark.parametrize("body", [b"{", HAT, HAT.replace(b"hat", b"bat") + b"\n" + b"0" * 64 + b"\n"])
def test_a_note_that_nobody_can_trust_is_said(store: Store, body: bytes) -> None:
    store.write(f"models/{DIGEST}/release.json", body)
    with pytest.raises(DamagedLake, match=rf"models/{DIGEST}/release\.json: is damaged; to act: the data engineer"):
        check_note(store, DIGEST, HAT, PLACE)


def test_only_what_is_missing_is_written(store: Store) -> None:
    sizes = {"model.onnx": len(BODY), "golden.npz": 3}
    assert missing_files(store, DIGEST, sizes) == ["model.onnx", "golden.npz"]
    keep_file(store, DIGEST, "model.onnx", BODY)
    keep_file(store, DIGEST, "golden.npz", b"cut")
    assert missing_files(store, DIGEST, sizes) == []
    assert missing_files(store, DIGEST, sizes | {"golden.npz": 4}) == ["golden.npz"]


def test_a_file_is_read_from_the_lake_once_a_machine(store: Store, cache: Path) -> None:
    keep_file(store, DIGEST, "model.onnx", BODY)
    assert model_file(store, DIGEST, "model.onnx", SHA256, cache) == BODY
    store.delete(f"models/{DIGEST}/model.onnx")
    assert model_file(store, DIGEST, "model.onnx", SHA256, cache) == BODY
    assert cache.stat().st_mode & 0o077 == 0


def test_the_cache_is_trusted_for_nothing(store: Store, cache: Path) -> None:
    keep_file(store, DIGEST, "model.onnx", BODY)
    cache.mkdir(parents=True)
    (cache / SHA256).write_bytes(BODY[:-1] + b"?")
    assert model_file(store, DIGEST, "model.onnx", SHA256, cache) == BODY
    assert (cache / SHA256).read_bytes() == BODY


def test_a_cache_that_cannot_be_written_costs_time_alone(store: Store, tmp_path: Path) -> None:
    keep_file(store, DIGEST, "model.onnx", BODY)
    (tmp_path / "file").touch()
    assert model_file(store, DIGEST, "model.onnx", SHA256, tmp_path / "file") == BODY


def test_what_is_not_the_release_is_refused(store: Store, cache: Path) -> None:
    with pytest.raises(DamagedLake, match=rf"models/{DIGEST}/model\.onnx: is missing; to act: the data engineer"):
        model_file(store, DIGEST, "model.onnx", SHA256, cache)
    keep_file(store, DIGEST, "model.onnx", b"others")
    with pytest.raises(DamagedLake, match=rf"model\.onnx: sha256 is \w+, expected {SHA256[:12]}; to act: "):
        model_file(store, DIGEST, "model.onnx", SHA256, cache)
    assert not cache.exists()


def test_the_cache_stays_below_its_bound(store: Store, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lake.models, "CACHE_BYTES", 2 * len(BODY))
    bodies = [bytes([number]) * len(BODY) for number in range(3)]
    names = [hashlib.sha256(body).hexdigest() for body in bodies]
    for number, (body, name) in enumerate(zip(bodies, names, strict=True)):
        keep_file(store, DIGEST, str(number), body)
        model_file(store, DIGEST, str(number), name, cache)
        os.utime(cache / name, (number, number))
        if number == 1:
            assert model_file(store, DIGEST, "0", names[0], cache) == bodies[0], "used again just now"
    assert {path.name for path in cache.iterdir()} == {names[0], names[2]}


def test_many_processes_may_fill_the_cache_at_once(store: Store, cache: Path) -> None:
    keep_file(store, DIGEST, "model.onnx", BODY)
    with ThreadPoolExecutor(16) as threads:
        read = threads.map(lambda _: model_file(store, DIGEST, "model.onnx", SHA256, cache), range(64))
        assert set(read) == {BODY}
    assert [path.name for path in cache.iterdir()] == [SHA256]
