"""Train the image filter and the image class: `python -m training.screen --data FOLDER... --out models`.

Two linear heads read the pooled features of one frozen backbone. Penalties, weights and temperatures are chosen by
folds of the training part; the validation part is scored once, at the end.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from schemas.tables import SCREEN_CLASSES
from training.backbone import Backbone, imagenet
from training.features import Input, Pooled, cached
from training.labelled import Kind, Picture, read_folders
from training.linear import Scaler, balanced, fit, logits, temperature
from training.release import Release, promote, write_release
from training.screen_card import screen_card
from training.screen_report import at_kept, class_figures, figures, thresholds
from training.split import Part, fold_of, part_of
from training.tables import read_picture
from udfs.pictures.preprocess import letterbox

SIDE = 224
SALT = "screen2301"
"""The one of 3,000 salts whose validation part is nearest to a quarter of every class, taken before any training."""
FOLDS = 4
PENALTIES = (0.02, 0.06, 0.2)
BALANCE = 0.5


@dataclass(frozen=True)
class Head:
    """A calibrated linear head on scaled features."""

    scaler: Scaler
    layer: nn.Linear
    temperature: float
    penalty: float
    folded: np.ndarray
    """Logits [N, C] of the training rows, each by a head that did not see its fold; divided by the temperature."""

    def folded_in(self) -> nn.Linear:
        """One linear layer that does scaling, head and temperature at once."""
        weight = self.layer.weight.detach().double() * torch.from_numpy(self.scaler.inverse).double()
        bias = self.layer.bias.detach().double() - weight @ torch.from_numpy(self.scaler.mean).double()
        joined = nn.Linear(weight.shape[1], weight.shape[0])
        joined.weight = nn.Parameter((weight / self.temperature).float())
        joined.bias = nn.Parameter((bias / self.temperature).float())
        return joined


def train_head(features: np.ndarray, classes: np.ndarray, folds: np.ndarray, penalties: Sequence[float]) -> Head:
    """Choose the penalty by grouped folds, the temperature on the answers of those folds, then fit on all rows."""
    scaler = Scaler.of(features)
    scaled = scaler.apply(features)
    best: tuple[float, float, np.ndarray] | None = None
    for penalty in penalties:
        answers = np.zeros((len(classes), int(classes.max()) + 1), np.float32)
        for fold in range(FOLDS):
            seen, held = folds != fold, folds == fold
            layer = fit(scaled[seen], classes[seen], balanced(classes[seen], BALANCE), penalty)
            answers[held] = logits(layer, scaled[held])
        right = float(np.mean([(answers[classes == name].argmax(1) == name).mean() for name in np.unique(classes)]))
        if best is None or right > best[0]:
            best = right, penalty, answers
        print(f"penalty {penalty}: mean share right by class {right:.4f}", flush=True)
    assert best is not None
    _, penalty, answers = best
    scale = temperature(answers, classes)
    return Head(scaler, fit(scaled, classes, balanced(classes, BALANCE), penalty), scale, penalty, answers / scale)


class Screen(nn.Module):
    """Pixels [B, side, side, 3] uint8 to probabilities of the screen classes and of the image classes."""

    def __init__(self, backbone: Backbone, screen: nn.Linear, depicts: nn.Linear) -> None:
        super().__init__()
        self.pooled = Pooled(backbone)
        self.screen, self.depicts = screen, depicts

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        features = self.pooled(pixels)
        return self.screen(features).softmax(1), self.depicts(features).softmax(1)


def features_of(pictures: Sequence[Picture], work: Path) -> np.ndarray:
    """Pooled features float32 [N, D] of the letterboxed pictures."""
    inputs = [
        Input(str(picture.path), lambda path=picture.path: letterbox(read_picture(path), SIDE)[0])
        for picture in pictures
    ]
    return cached(inputs, "letterbox", SIDE, work)


def screen_pictures(found: dict[Kind, list[Picture]]) -> list[tuple[Picture, int]]:
    """Pictures with their screen class; a wanted one that also stands among the unwanted has been left out."""
    rows = [(picture, SCREEN_CLASSES.index(picture.label)) for picture in found.get(Kind.UNWANTED, [])]
    for kind in (Kind.CATALOG, Kind.GARMENTS, Kind.STREET):
        rows.extend((picture, 0) for picture in found.get(kind, []))
    return rows


@dataclass(frozen=True)
class Task:
    """The rows of one head: their features, classes, and which part and fold each is in."""

    pictures: list[Picture]
    features: np.ndarray
    classes: np.ndarray
    held_back: np.ndarray

    @classmethod
    def of(cls, rows: Sequence[tuple[Picture, int]], features: dict[Path, np.ndarray]) -> "Task":
        """Rows with a class each; the part of a row is that of its group."""
        pictures = [picture for picture, _ in rows]
        return cls(
            pictures,
            np.stack([features[picture.path] for picture in pictures]),
            np.array([name for _, name in rows], dtype=np.int64),
            np.array([part_of(picture.group, SALT) is Part.VALIDATION for picture in pictures]),
        )

    def train(self, penalties: Sequence[float]) -> Head:
        """The head of the training part."""
        seen = ~self.held_back
        folds = np.array([fold_of(picture.group, SALT, FOLDS) for picture in self.pictures])
        return train_head(self.features[seen], self.classes[seen], folds[seen], penalties)

    def validate(self, layer: nn.Linear) -> tuple[np.ndarray, np.ndarray]:
        """Probabilities and classes of the validation part."""
        answers = logits(layer, self.features[self.held_back])
        return probabilities(answers), self.classes[self.held_back]


def probabilities(answers: np.ndarray) -> np.ndarray:
    """Softmax of logits [N, C]."""
    return torch.from_numpy(answers).softmax(1).numpy()


def main() -> None:
    """Train both heads, score them on the validation part, release and promote."""
    parser = argparse.ArgumentParser(prog="python -m training.screen", description=__doc__)
    parser.add_argument("--data", type=Path, nargs="+", required=True, help="labelled folders of pictures")
    parser.add_argument("--out", type=Path, default=Path("models"), help="where releases lie")
    parser.add_argument("--work", type=Path, default=Path(".train"), help="cache of features")
    arguments = parser.parse_args()
    found = read_folders(arguments.data)
    pictures = [picture for part in found.values() for picture in part]
    features = dict(zip((p.path for p in pictures), features_of(pictures, arguments.work), strict=True))
    screening = Task.of(screen_pictures(found), features)
    names = sorted({picture.label for picture in found[Kind.GARMENTS]} - {"ignore"})
    depicting = Task.of([(p, names.index(p.label)) for p in found[Kind.GARMENTS] if p.label in names], features)
    screen, depicts = screening.train(PENALTIES), depicting.train(PENALTIES)
    bounds = thresholds(probabilities(screen.folded), screening.classes[~screening.held_back])
    module = Screen(imagenet(), screen.folded_in(), depicts.folded_in())
    judged, truth = screening.validate(module.screen)
    report = {
        "screen": figures(judged, truth, bounds["reject_below"]),
        "screen_at_995": at_kept(judged, truth, 0.995),
        "depicts": class_figures(*depicting.validate(module.depicts), names),
    }
    release = Release(
        name="screen",
        task="image filter and image class",
        preprocessing={"function": "letterbox", "side": SIDE, "revision": 1},
        batch=8,
        classes={"screen": list(SCREEN_CLASSES), "depicts": names},
        outputs=["screen", "depicts"],
        card=screen_card(report, bounds, screening.pictures),
        thresholds=bounds,
        split={"salt": SALT, "validation_share": 0.25},
        figures=report,
    )
    folder = write_release(release, module, arguments.out)
    promote("screen", folder, arguments.out)
    print(folder)


if __name__ == "__main__":
    main()
