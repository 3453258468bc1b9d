"""The whole run on made-up pictures: train, score, release; a killed run goes on to the same weights."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from schemas.tables import SCREEN_CLASSES
from tests.training.data.test_labelled import photo, write
from training.data.named import named_pictures
from training.data.split import Part, part_of
from training.data.trained import unseen
from training.networks import features
from training.screen import train as screen
from udfs.runtime.models import load, promoted

CHUNK, SIDE = 16, 96


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Folders of noise, every class in many groups."""
    root = tmp_path_factory.mktemp("data")
    unwanted = [f"{name}/{n}.jpg" for name in SCREEN_CLASSES[1:] for n in range(8)]
    garments = [f"{name}_{n}.jpg" for name in ("top", "dress") for n in range(8)]
    street = [f"yc_{n}.jpg" for n in range(16)]
    write(root / "u" / "index.tsv", "file|class|source|licence|note",
          *(f"{file}|{file.split('/')[0]}|o{at}/r p|none|" for at, file in enumerate(unwanted)))  # fmt: skip
    write(root / "g" / "index.tsv", "file|label|class|sender|kids|split|source|colour",
          *(f"{file}|x|{file.split('_')[0]}|{at}|False||c|" for at, file in enumerate(garments)))  # fmt: skip
    write(root / "s" / "images.tsv", "file|width|height|source|kind|source_split",
          *(f"{file}|160|200|yc|boxes|" for file in street))  # fmt: skip
    write(root / "s" / "boxes.tsv", "file|label|class|x0|y0|x1|y1|source")
    places = [root / "u" / file for file in unwanted]
    places += [root / folder / "images" / file for folder, files in (("g", garments), ("s", street)) for file in files]
    write(
        root / "c" / "views.tsv", "source|product_id|file|view|width|height", "s|1|1.jpg|front|1|1", "s|2|2.jpg|a|1|1"
    )
    write(root / "c" / "products.tsv", "source|product_id|title|category", "s|1|Red Dress|", "s|2|Red Pants|")
    places += [root / "c" / "images" / file for file in ("1.jpg", "2.jpg")]
    for seed, path in enumerate(places):
        photo(path, seed)
    return [root / "u", root / "g", root / "s", root / "c"]


def train(data: list[Path], root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    words = ["screen", "--out", str(root / "models"), "--work", str(root / "work"), "--drawn", "0", "--data"]
    monkeypatch.setattr("sys.argv", [*words, *map(str, data)])
    monkeypatch.setattr(features, "CHUNK", CHUNK)
    for name, value in (("SIDE", SIDE), ("PENALTIES", (0.03,)), ("CLASS_PENALTIES", (0.2,))):
        monkeypatch.setattr(screen, name, value)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # two that wait for each other are slow on a machine that does other work
    screen.main()
    torch.set_num_threads(threads)


def test_named_photos_of_training_shops_train_the_class(data: list[Path]) -> None:
    [dress] = named_pictures(data)
    assert screen.may_train(dress, ["dress", "top"]) and not screen.may_train(dress, ["top"])
    held = next(name for name in map(str, range(99)) if part_of(name, screen.SALT) is Part.VALIDATION)
    assert not screen.may_train(replace(dress, group=held), ["dress", "top"])


def test_a_killed_run_goes_on_to_the_same_weights(
    data: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train(data, tmp_path / "whole", monkeypatch)
    seen: list[int] = []
    run = features._Extractor.run

    def killed(extractor: features._Extractor, pictures: list[np.ndarray]) -> np.ndarray:
        seen.append(len(pictures))
        if len(seen) == 3:
            raise KeyboardInterrupt
        return run(extractor, pictures)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(features._Extractor, "run", killed)
        train(data, tmp_path / "killed", patch)
    kept = list((tmp_path / "killed" / "work").rglob("*.npy"))
    assert len(kept) == 2, "what was done before the kill is kept"
    written = [path.stat().st_mtime_ns for path in kept]
    train(data, tmp_path / "killed", monkeypatch)
    assert [path.stat().st_mtime_ns for path in kept] == written, "and not done again"
    [dress] = named_pictures(data)
    assert unseen(promoted("screen", tmp_path / "whole" / "models"), [dress]) == [], "it is in no score"
    whole, resumed = (promoted("screen", tmp_path / name / "models") for name in ("whole", "killed"))
    assert whole.name == resumed.name
    assert load(resumed).run(np.zeros((1, SIDE, SIDE, 3), np.uint8))["screen"].shape == (1, len(SCREEN_CLASSES))
