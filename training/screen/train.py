"""Train the image filter and the image class: `python -m training.screen.train --data FOLDER... --out models`.

Linear heads read the pooled features of one frozen backbone: of the picture the filter and the class, of what is cut
out of it the class once more. Penalties, temperatures and thresholds are chosen by folds of the training part; the
validation part is scored once, at the end.
"""

import argparse
from collections.abc import Callable, Sequence
from hashlib import sha256
from pathlib import Path

import numpy as np
from torch import Tensor, nn

from schemas.tables import SCREEN_CLASSES
from training.data.charts import draw_chart
from training.data.corrections import garment_pictures
from training.data.labelled import LATER, Kind, Picture, read_folders
from training.data.named import named_pictures
from training.data.split import GARMENTS_SALT, VALIDATION_SHARE, Part, part_of
from training.data.tables import read_picture
from training.linear import logits
from training.networks.backbone import Backbone, imagenet
from training.networks.features import Input, Placed, Pooled, cached, placed
from training.release.release import Release, promote, write_release
from training.screen import outliner
from training.screen.baseline import floor
from training.screen.card import OnlyTrained, screen_card
from training.screen.classes import screen_pictures
from training.screen.heads import Head, Rows, Task, probabilities, share_right
from training.screen.report import at_kept, class_figures, figures, mean_rejected, thresholds
from udfs.pictures.cut_out import cut_out
from udfs.pictures.preprocess import letterbox
from udfs.pictures.screen import Chances, in_doubt, joined

SIDE = 288
SALT = GARMENTS_SALT
PENALTIES = (0.002, 0.006, 0.03)
CLASS_PENALTIES = (0.01, 0.03, 0.1)
DRAWN_CHARTS = 240
AGAIN = {"again_below": 0.9, "again_wanted": 0.1}
"""Which pictures are looked at again, cut out: of single garments 0.27 are, and looking at all would win no more."""


class Screen(nn.Module):
    """Pixels [B, side, side, 3] uint8 to probabilities.

    Of the screen classes, of the image classes for a picture and for a cut-out, and of each place [B, side / 8,
    side / 8] to belong to the subject.
    """

    def __init__(self, backbone: Backbone, screen: nn.Linear, depicts: nn.Linear, cut_out: nn.Linear) -> None:
        super().__init__()
        self.backbone, self.outliner = backbone, outliner.load()
        self.screen, self.depicts, self.cut_out = screen, depicts, cut_out

    def forward(self, pixels: Tensor) -> tuple[Tensor, ...]:
        maps = self.backbone(pixels)
        features = placed(maps)
        heads = (self.screen, self.depicts, self.cut_out)
        outline = self.outliner.outline(maps)
        return *(head(features).softmax(1) for head in heads), outline


class Outlined(Pooled):
    """Pixels to outlines [B, side / 8, side / 8]."""

    def __init__(self, backbone: Backbone) -> None:
        super().__init__(backbone)
        self.outliner = outliner.load()

    def forward(self, pixels: Tensor) -> Tensor:
        return self.outliner.outline(self.backbone(pixels))


def letterboxed(path: Path) -> Callable[[], np.ndarray]:
    """Reads a picture as the network does."""
    return lambda: letterbox(read_picture(path), SIDE)[0]


def features_of(pictures: Sequence[Picture], work: Path) -> dict[Path, np.ndarray]:
    """Features [D] of the letterboxed pictures, as `Placed` gives them."""
    inputs = [Input(str(picture.path), letterboxed(picture.path)) for picture in pictures]
    features = cached(inputs, "letterbox-placed", SIDE, work, Placed)
    return dict(zip((picture.path for picture in pictures), features, strict=True))


def cut_out_features_of(pictures: Sequence[Picture], work: Path) -> dict[Path, np.ndarray]:
    """Features [D] of what the outliner cuts out of the pictures."""
    digest = sha256(outliner.WEIGHTS.read_bytes()).hexdigest()[:8]

    def reader(path: Path, outline: np.ndarray) -> Callable[[], np.ndarray]:
        return lambda: cut_out(read_picture(path), outline, SIDE)

    whole = [Input(str(picture.path), letterboxed(picture.path)) for picture in pictures]
    outlines = cached(whole, f"outline-{digest}", SIDE, work, Outlined)
    inputs = [
        Input(str(picture.path), reader(picture.path, outline))
        for picture, outline in zip(pictures, outlines, strict=True)
    ]
    features = cached(inputs, f"cut-out-{digest}", SIDE, work, Placed)
    return dict(zip((picture.path for picture in pictures), features, strict=True))


def pictures_of(found: dict[Kind, list[Picture]], screened: Sequence[tuple[Picture, int]]) -> list[Picture]:
    """Every picture with a label; later views come last, so that those before them stay in the cache."""
    pictures = [picture for part in found.values() for picture in part if picture.label != LATER]
    known = {picture.path for picture in pictures}
    return pictures + [picture for picture, _ in screened if picture.path not in known]


def drawn_charts(count: int, photos: Sequence[Picture], work: Path) -> Rows:
    """Features of drawn size charts, some beside one of `photos`."""

    def reader(number: int) -> Callable[[], np.ndarray]:
        photo = photos[number % len(photos)]
        return lambda: letterbox(draw_chart(number, read_picture(photo.path)), SIDE)[0]

    inputs = [Input(f"chart {n} {photos[n % len(photos)].path.name}", reader(n)) for n in range(count)]
    chart = SCREEN_CLASSES.index("sizechart")
    return Rows(cached(inputs, "charts-placed", SIDE, work, Placed), np.full(count, chart))


def may_train(picture: Picture, names: Sequence[str]) -> bool:
    """Whether a catalogue photo's class is one of `names` and its shop is held back from neither head."""
    return picture.label in names and part_of(picture.group, SALT) is Part.TRAIN


def answers_of(task: Task, head: Head) -> np.ndarray:
    """Probabilities [N, C] by a head, of this task or another that reads the same features, of the validation part."""
    return probabilities(logits(head.layer, task.rows.where(task.held_back).features))


def twice(screened: np.ndarray, depicted: np.ndarray, cut: np.ndarray) -> np.ndarray:
    """Probabilities [N, C] of the class after the looks that the night takes."""
    again = in_doubt(Chances(screened, depicted), AGAIN)[:, np.newaxis]
    return np.where(again, joined(depicted, cut), depicted)


def main() -> None:
    """Train the heads, score them on the validation part, release and promote."""
    parser = argparse.ArgumentParser(prog="python -m training.screen.train", description=__doc__)
    parser.add_argument("--data", type=Path, nargs="+", required=True, help="labelled folders of pictures")
    parser.add_argument("--out", type=Path, default=Path("models"), help="where releases lie")
    parser.add_argument("--work", type=Path, default=Path(".train"), help="cache of features")
    parser.add_argument("--drawn", type=int, default=DRAWN_CHARTS, help="size charts to draw; 0: real ones alone")
    arguments = parser.parse_args()
    found = read_folders(arguments.data)
    screened = screen_pictures(found)
    features = features_of(pictures_of(found, screened), arguments.work)
    shown = [picture for picture in found[Kind.STREET] if part_of(picture.group, SALT) is Part.TRAIN]
    drawn = drawn_charts(arguments.drawn, shown, arguments.work) if arguments.drawn else None
    screening = Task.of(screened, features, drawn, SALT)
    single = garment_pictures(found[Kind.GARMENTS])
    names = sorted({picture.label for picture in single} - {"ignore"})
    garments = [(picture, names.index(picture.label)) for picture in single if picture.label in names]
    named = [
        (picture, names.index(picture.label)) for picture in named_pictures(arguments.data) if may_train(picture, names)
    ]
    cut_out_features = cut_out_features_of([picture for picture, _ in (*garments, *named)], arguments.work)
    depicting, cutting = (
        Task.of(garments, read, Rows.of(named, read) if named else None, SALT) for read in (features, cut_out_features)
    )
    screen = screening.train(PENALTIES, mean_rejected)
    depicts, cut = (task.train(CLASS_PENALTIES, share_right) for task in (depicting, cutting))
    seen = ~screening.held_back
    groups = [picture.group for picture, kept in zip(screening.pictures, seen, strict=True) if kept]
    bounds = thresholds(screen.folded, screening.rows.classes[seen], groups)
    judged, truth = screening.validate(screen)
    cut_out_answers, classes = cutting.validate(cut)
    answers = twice(answers_of(depicting, screen), answers_of(depicting, depicts), cut_out_answers)
    report = {
        "screen": figures(judged, truth, bounds["reject_below"]),
        "screen_at_995": at_kept(judged, truth, 0.995),
        "depicts": class_figures(answers.argmax(1), classes, names),
        "floor": floor(screening, depicting, names),
    }
    release = Release(
        name="screen",
        task="image filter and image class",
        preprocessing={"function": "letterbox", "side": SIDE, "revision": 1, **AGAIN},
        batch=8,
        classes={"screen": list(SCREEN_CLASSES), "depicts": names},
        outputs=["screen", "depicts", "depicts_cut_out", "outline"],
        card=screen_card(report, bounds, screening.pictures, OnlyTrained(arguments.drawn, len(named))),
        trained=[*screening.trained, *depicting.trained, *(picture.path for picture, _ in named)],
        thresholds=bounds,
        split={"salt": SALT, "validation_share": VALIDATION_SHARE},
        figures=report,
    )
    folder = write_release(release, Screen(imagenet(), screen.layer, depicts.layer, cut.layer), arguments.out)
    promote("screen", folder, arguments.out)
    print(folder)


if __name__ == "__main__":
    main()
