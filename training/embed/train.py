"""Train the embedding: `python -m training.embed.train --data FOLDER... --out models`.

The backbone is frozen. Features of all photos and cuts are computed once and kept under `--work`; the heads
(`training.embed.fit`) then take seconds. Three seeds are fitted, the first is released; what is kept out is scored
once, with the promoted release on the same rows.
"""

import argparse
import dataclasses
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from training.checkpoint import Checkpoint
from training.data.labelled import Kind, expanded, kind_of
from training.data.pairs import read_pairs
from training.data.tables import read_picture
from training.embed.card import embed_card
from training.embed.colours import Colours
from training.embed.figures import CHUNK, Counted, Cut, figures, vectors_of
from training.embed.fit import Basis, Learnt, Plan, fit, projection_of
from training.embed.network import CLASS_SIZE, COLOUR_SIZE, CUT_SIZE, Banded, Embedder, Projection
from training.embed.rows import CHOICE, TEST, Material, Row, cuts, whole
from training.linear import Scaler
from training.networks.backbone import imagenet
from training.networks.export import eight_bits
from training.networks.features import Input, cached, in_chunks
from training.release.promotion import promoted_digest
from training.release.release import Release, promote, write_release
from udfs.pictures.crops import WHOLE, crop
from udfs.pictures.detect import Detection, detect
from udfs.runtime.models import Model, load, promoted

SIDE = 224
"""Pixels that the network reads, each way."""
SEEDS = (7, 8, 9)
BOXES_SEED = 3
COARSE_FROM = 90_000
"""Weights of so many numbers are stored in 8 bits: the heads, and the backbone's last layers."""


@dataclasses.dataclass(frozen=True)
class Features:
    """Features of cuts, computed once and kept in `work`."""

    work: Path

    def of(self, asked: Sequence[Cut]) -> tuple[np.ndarray, np.ndarray]:
        """Maps' features [N, PLACED_WIDTH] and histograms [N, K]."""
        inputs = [_input(path, box) for path, box in asked]
        colours = Colours()

        def painted(pictures: Sequence[np.ndarray]) -> np.ndarray:
            with torch.no_grad():
                return colours(torch.from_numpy(np.stack(pictures))).numpy()

        place = self.work / "features-colours"
        place.mkdir(parents=True, exist_ok=True)
        placed = cached(inputs, "banded", SIDE, self.work, Banded)
        return placed, in_chunks(inputs, place, "colours", painted)


def _input(path: Path, box: Sequence[float]) -> Input:
    place = ",".join(f"{value:.4f}" for value in box)
    return Input(f"{path}|{place}", lambda: crop(read_picture(path), box, SIDE))


def detections(material: Material, detector: Model, work: Path) -> list[list[Detection]]:
    """What the detector sees in each view, kept in `work`."""
    place = work / f"seen-{detector.digest[:12]}.json"
    kept = json.loads(place.read_text()) if place.exists() else {}
    missing = [view.path for view in material.views if str(view.path) not in kept]
    for start in range(0, len(missing), CHUNK):
        paths = missing[start : start + CHUNK]
        for path, found in zip(paths, detect([read_picture(path) for path in paths], detector), strict=True):
            kept[str(path)] = found
    place.write_text(json.dumps(kept))
    return [
        [Detection(name, score, tuple(box)) for name, score, box in kept[str(view.path)]] for view in material.views
    ]


def learnt_from(material: Material, seen: Sequence[Sequence[Detection]]) -> list[Row]:
    """Every row that is learnt from: whole photos, garments, cuts and boxes of sources that are not kept out."""
    views = material.learnable(TEST)
    of_view = dict(zip(material.views, seen, strict=True))
    garments = [
        Row(picture.path, WHOLE, picture.source, None, picture.label)
        for picture, back in zip(material.garments, material.held_back_garments(), strict=True)
        if not back
    ]
    boxes = cuts(views, [of_view[view] for view in views], material.labels)
    return [*whole(views, material.labels), *garments, *boxes, *material.boxes]


def rounded(projection: Projection) -> Projection:
    """The projection with its weights as they are stored, so that the figures are those of the release."""
    for head in (projection.kind, projection.cut, projection.colour):
        stored, scale = eight_bits(head.weight.detach().numpy())
        head.weight.data.copy_(torch.from_numpy(stored * scale))
    return projection


def embedder(projection: Projection, features: Features) -> Callable[[Sequence[Cut]], np.ndarray]:
    """From cuts to unit vectors, by kept features."""

    def embedded(asked: Sequence[Cut]) -> np.ndarray:
        with torch.no_grad():
            placed, painted = (torch.from_numpy(found) for found in features.of(asked))
            return projection.join(projection(placed, painted)).numpy()

    return embedded


def kept_out(material: Material, folders: Sequence[Path]) -> Counted:
    """The rows that no weight and no choice has seen; all first views are distractors."""
    pairs = [pair for folder in folders if kind_of(folder) is Kind.PAIRS for pair in read_pairs(folder)]
    back = material.held_back_garments()
    return Counted(
        material.views,
        {view for view in material.views if view.source in TEST},
        [picture for picture, kept in zip(material.garments, back, strict=True) if kept],
        material.colours,
        [pair for pair in pairs if pair.source in TEST],
    )


def train(plan: Plan, rows: Sequence[Row], features: Features) -> list[Projection]:
    """The projection of each of `SEEDS`."""
    placed, painted = features.of([(row.path, row.box) for row in rows])
    whole_rows = np.array([row.box is WHOLE for row in rows])
    bases = (
        Basis.of(placed[whole_rows], plan.placed, plan.placed_power, Scaler.of(placed[whole_rows])),
        Basis.of(painted[whole_rows], plan.painted, plan.painted_power, None),
    )
    learnt = Learnt.of(bases[0].apply(placed), bases[1].apply(painted), rows)
    found = []
    for seed in SEEDS:
        run = dataclasses.replace(plan, seed=seed)
        heads = fit(run, learnt, Checkpoint.of(features.work, "embed", run))
        found.append(rounded(projection_of(heads, run, *bases)))
    return found


def main() -> None:
    """Train, score what is kept out, release and promote."""
    parser = argparse.ArgumentParser(prog="python -m training.embed.train", description=__doc__)
    parser.add_argument("--data", type=Path, nargs="+", required=True, help="folders of products, garments, photos")
    parser.add_argument("--out", type=Path, default=Path("models"), help="where releases lie")
    parser.add_argument("--work", type=Path, default=Path(".train"), help="cache and checkpoints")
    arguments = parser.parse_args()
    plan, features, folders = Plan(), Features(arguments.work), expanded(arguments.data)
    material = Material.of(folders, BOXES_SEED)
    detector = load(promoted("detect", arguments.out))
    rows = learnt_from(material, detections(material, detector, arguments.work))
    projections = train(plan, rows, features)
    counted = kept_out(material, folders)
    runs = [figures(counted, embedder(found, features), detector) for found in projections]
    runs.insert(1, before(counted, arguments.out, arguments.work, detector))
    for run in runs:
        print({name: found["value"] for name, found in run.items() if "value" in found})
    release = Release(
        name="embed",
        task="embedding of a garment's crop",
        preprocessing={"function": "crop", "side": SIDE, "revision": 1},
        batch=8,
        classes={},
        outputs=["embedding", "shape_code", "colour_code"],
        card=embed_card(plan, (CLASS_SIZE, CUT_SIZE, COLOUR_SIZE), len(rows), runs),
        trained=sorted({row.path for row in rows}),
        split={"kept_out": sorted(TEST), "chosen_on": sorted(CHOICE)},
        figures=recorded(runs),
        coarse_from=COARSE_FROM,
    )
    folder = write_release(release, Embedder(imagenet(), projections[0]), arguments.out)
    promote("embed", folder, arguments.out)
    print(folder)


def before(counted: Counted, root: Path, work: Path, detector: Model) -> dict[str, Any]:
    """The promoted release on the same rows, computed once."""
    model = load(promoted("embed", root))
    place = work / f"before-{promoted_digest('embed', root)}.json"
    if not place.exists():
        place.write_text(json.dumps(figures(counted, lambda asked: vectors_of(asked, model), detector)))
    found: dict[str, Any] = json.loads(place.read_text())
    return found


def recorded(runs: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """What `model.json` says: the release, the one before it on the same rows, and the other seeds."""
    return {"this model": runs[0], "the release before": runs[1], "other seeds": list(runs[2:])}


if __name__ == "__main__":
    main()
