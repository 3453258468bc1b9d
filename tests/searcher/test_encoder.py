"""A customer's photo gets the vector that the night would give it."""

import io
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

import selvedge_searcher
from lake.candidate import prepare
from lake.encoders import keep_encoder
from lake.snapshots import publish, verify, write
from lake.store import DiskStore
from selvedge_searcher import EncoderMismatch, PhotoRefused, Snapshot, SnapshotDamaged
from selvedge_searcher.boxes import boxes
from selvedge_searcher.photo import Photo
from selvedge_searcher.preprocessing import Placement, opened_side
from tests.lake.published import NIGHT, catalog, facts
from tests.udfs.pictures.wide import WIDE
from udfs.pictures.crops import WHOLE, crop
from udfs.pictures.decode import PIXELS_REVISION, decode
from udfs.pictures.detect import CLASSES, detect
from udfs.pictures.detect import decode as decode_boxes
from udfs.pictures.embed import embed
from udfs.pictures.preprocess import Placement as CatalogPlacement
from udfs.runtime.models import Model, load, promoted

MODELS = Path(__file__).parents[2] / "models"
BOXES = (WHOLE, (0.1, 0.2, 0.6, 0.9), (0.45, 0.4, 0.55, 0.5), (0.0, 0.0, 1.0, 0.07))


def drawn(seed: int, width: int = 700, height: int = 900) -> np.ndarray:
    """A soft field of colours with a figure in front: edges, gradients and noise."""
    dice = np.random.default_rng(seed)
    field = cv2.resize(dice.integers(0, 256, (6, 5, 3), np.uint8), (width, height), interpolation=cv2.INTER_CUBIC)
    colour = tuple(int(value) for value in dice.integers(0, 256, 3))
    cv2.rectangle(field, (width // 4, height // 3), (3 * width // 4, 2 * height // 3), colour, -1)
    cv2.circle(field, (width // 2, height // 5), height // 12, (200, 170, 150), -1)
    noise = dice.integers(-12, 13, field.shape)
    return np.clip(field.astype(np.int16) + noise, 0, 255).astype(np.uint8)


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    target = io.BytesIO()
    image.save(target, kind, **options)
    return target.getvalue()


def with_orientation(orientation: int) -> dict[str, object]:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return {"exif": exif}


def bodies() -> dict[str, bytes]:
    """One picture in every form that the catalog opens."""
    picture = Image.fromarray(drawn(1))
    alpha = picture.convert("RGBA")
    alpha.putalpha(Image.linear_gradient("L").resize(picture.size))
    deep = Image.fromarray(np.asarray(picture.convert("L")).astype(np.uint16) * 257)
    found = {
        "jpeg": encoded(picture, "JPEG", quality=85),
        "jpeg, progressive": encoded(picture, "JPEG", progressive=True),
        "jpeg, grey": encoded(picture.convert("L"), "JPEG"),
        "jpeg, cmyk": encoded(picture.convert("CMYK"), "JPEG"),
        "jpeg, bytes behind its end": encoded(picture, "JPEG") + b"more",
        "jpeg, large": encoded(Image.fromarray(drawn(2, 2400, 3100)), "JPEG"),
        "jpeg, small": encoded(Image.fromarray(drawn(3, 90, 60)), "JPEG"),
        "png": encoded(picture, "PNG"),
        "png, alpha": encoded(alpha, "PNG"),
        "png, palette": encoded(picture.quantize(64), "PNG"),
        "png, 16 bit": encoded(deep, "PNG"),
        "webp": encoded(picture, "WEBP"),
        "webp, alpha": encoded(alpha, "WEBP"),
        "avif": encoded(picture, "AVIF"),
        "gif": encoded(picture, "GIF"),
        **{f"{kind}, profile": encoded(picture, kind, icc_profile=WIDE) for kind in ("jpeg", "png", "webp", "avif")},
        "png, palette, profile": encoded(picture.quantize(64), "PNG", icc_profile=WIDE),
        "jpeg, grey, profile": encoded(picture.convert("L"), "JPEG", icc_profile=WIDE),
        "jpeg, cmyk, profile": encoded(picture.convert("CMYK"), "JPEG", icc_profile=WIDE),
        "jpeg, long profile": encoded(picture, "JPEG", icc_profile=WIDE + bytes(70_000)),
        "jpeg, broken profile": encoded(picture, "JPEG", icc_profile=WIDE[:200]),
    }
    for orientation in range(2, 9):
        found[f"jpeg, orientation {orientation}"] = encoded(picture, "JPEG", **with_orientation(orientation))
    return found | {"png, orientation 6": encoded(picture, "PNG", **with_orientation(6))}


def with_a_part_missing(body: bytes) -> bytes:
    """A JPEG without the last segment of its profile."""
    at = body.rindex(b"ICC_PROFILE\0") - 4
    return body[:at] + body[at + 2 + int.from_bytes(body[at + 2 : at + 4]) :]


BODIES = bodies()
BODIES["jpeg, part of a profile"] = with_a_part_missing(BODIES["jpeg, long profile"])


@pytest.fixture(scope="module")
def models() -> dict[str, Path]:
    return {part: promoted(part, MODELS) for part in ("detect", "embed")}


@pytest.fixture(scope="module")
def lake(models, tmp_path_factory) -> Path:
    store = DiskStore(tmp_path_factory.mktemp("lake"))
    encoder = keep_encoder(store, models, PIXELS_REVISION)
    candidate = prepare(store, catalog({"aa": 3}), None, encoder.digest)
    publish(store, write(store, candidate, facts("aa"), encoder), [], NIGHT)
    return store.root


@pytest.fixture(scope="module")
def snapshot(lake) -> Snapshot:
    return selvedge_searcher.open(str(lake))


def of_the_catalog(body: bytes, box: tuple[float, ...], model: Model) -> np.ndarray:
    """What the night's functions make of a picture and a box."""
    return embed([crop(decode(body, opened_side(224, box)), box, 224)], model).embedding[0]


@pytest.mark.parametrize("form", BODIES)
def test_pixels_are_the_catalogs(form):
    for side in (60, 224, 320):
        assert np.array_equal(Photo(BODIES[form]).pixels(side), decode(BODIES[form], side))


@pytest.mark.parametrize(
    ("form", "box"), [*zip(("jpeg", "png, alpha", "webp", "jpeg, orientation 6"), BOXES, strict=True)]
)
def test_the_vector_is_the_catalogs(snapshot, models, form, box):
    ours = snapshot.encode(BODIES[form], box)
    theirs = of_the_catalog(BODIES[form], box, load(models["embed"]))
    assert float(ours @ theirs) >= 0.9999
    assert np.linalg.norm(ours) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("seed", range(2))
def test_garments_are_found_where_the_catalog_finds_them(snapshot, models, seed):
    body = encoded(Image.fromarray(drawn(seed)), "JPEG")
    seen = snapshot.encoder.look(body)
    model = load(models["detect"])
    found = [d for d in detect([decode(body, 320)], model)[0] if d.score >= model.description.thresholds["score"]]
    assert [(s.class_name, s.box) for s in seen] == ([(d[0], d.box) for d in found] or [(None, WHOLE)])
    theirs = embed([crop(decode(body, opened_side(224, s.box)), s.box, 224) for s in seen], load(models["embed"]))
    for at, garment in enumerate(seen):
        assert float(garment.vector @ theirs.embedding[at]) >= 0.9999
        assert garment.shape_code.tobytes() == theirs.shape_code[at]
        assert garment.colour_code.tobytes() == theirs.colour_code[at]
    assert np.array_equal(snapshot.encode(body), seen[0].vector)


@pytest.mark.parametrize("seed", range(5))
def test_peaks_become_the_catalogs_boxes(seed):
    """Many overlapping peaks of all classes, as no drawn picture gives them."""
    dice = np.random.default_rng(seed)
    scores = dice.random((len(CLASSES), 10, 10), np.float32) * (dice.random((len(CLASSES), 10, 10)) < 0.2)
    corners = dice.uniform(-20, 340, (len(CLASSES), 4, 10, 10)).astype(np.float32)
    ours = boxes(scores, corners, Placement(30, 0, 260, 320))
    theirs = decode_boxes(scores, corners, CatalogPlacement(30, 0, 260, 320))
    assert [(CLASSES[box.class_index], box.score, box.corners) for box in ours] == [
        (d[0], d.score, d.box) for d in theirs
    ]
    assert len(ours) > 10


def test_a_path_and_pixels_are_taken_too(snapshot, tmp_path):
    path = tmp_path / "photo.png"
    path.write_bytes(BODIES["png"])
    vector = snapshot.encode(path, WHOLE)
    assert np.array_equal(vector, snapshot.encode(BODIES["png"], WHOLE))
    assert np.array_equal(vector, snapshot.encode(drawn(1), WHOLE))


HOSTILE = {
    "nothing": b"",
    "text": b"<html>not a picture</html>",
    "a cut off jpeg": BODIES["jpeg"][:4000],
    "a cut off png": BODIES["png"][:4000],
    "a bomb": encoded(Image.new("1", (9000, 9000)), "PNG"),
    "too many bytes": BODIES["png"] + bytes(21 << 20),
    "grey pixels": np.zeros((10, 10), np.uint8),
    "float pixels": np.zeros((10, 10, 3), np.float32),
    "no pixels": np.zeros((0, 10, 3), np.uint8),
}


@pytest.mark.parametrize("image", HOSTILE.values(), ids=HOSTILE.keys())
def test_what_is_no_picture_is_refused_in_one_line(snapshot, image):
    with pytest.raises(PhotoRefused) as refused:
        snapshot.encode(image)
    assert "\n" not in str(refused.value)


def test_a_file_that_is_refused_is_named(snapshot, tmp_path):
    missing, page = tmp_path / "none.jpg", tmp_path / "page.jpg"
    page.write_text("<html>")
    for file, said in (
        (missing, "cannot be read: No such file"),
        (page, "is not a picture of a supported format"),
        (tmp_path, "cannot be"),
    ):
        with pytest.raises(PhotoRefused) as refused:
            snapshot.encode(file)
        assert str(refused.value).startswith(f"{file} {said}")


@pytest.mark.parametrize("box", [(0.5, 0, 0.5, 1), (0, 0, 2, 1), (0, float("nan"), 1, 1), (0, 0, 1)])
def test_a_box_that_is_none_is_refused(snapshot, box):
    with pytest.raises(ValueError, match="a box is left, top, right, bottom"):
        snapshot.encode(BODIES["jpeg"], box)


@pytest.mark.parametrize("size", [(1, 1), (2000, 10)])
def test_odd_shapes_get_a_vector(snapshot, size):
    vector = snapshot.encode(np.full((*size, 3), 90, np.uint8))
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)


def altered(models: dict[str, Path], folder: Path) -> dict[str, Path]:
    """The same networks under another digest."""
    copies = {part: Path(shutil.copytree(path, folder / part)) for part, path in models.items()}
    (copies["embed"] / "card.md").write_text("another card")
    return copies


def test_profiles_are_applied_as_they_were_for_the_catalog(models, tmp_path):
    """A version from before profiles were applied has vectors of pixels that ignored them."""
    body, plain = BODIES["jpeg, profile"], encoded(Image.fromarray(drawn(1)), "JPEG")
    with_profiles = published_with(models, tmp_path / "2")
    assert not np.array_equal(with_profiles.encode(body, WHOLE), with_profiles.encode(plain, WHOLE))
    without = published_with(models, tmp_path / "1", revision=1)
    assert np.array_equal(without.encode(body, WHOLE), without.encode(plain, WHOLE))
    with pytest.raises(EncoderMismatch, match="how to open pictures by revision 99; upgrade it"):
        published_with(models, tmp_path / "99", revision=99).encode(plain)


def test_another_versions_encoder_is_refused(lake, snapshot, models, tmp_path):
    store = DiskStore(Path(shutil.copytree(lake, tmp_path / "lake")))
    encoder = keep_encoder(store, altered(models, tmp_path / "models"), PIXELS_REVISION)
    candidate = prepare(store, catalog({"aa": 3}), None, encoder.digest)
    publish(store, write(store, candidate, facts("aa"), encoder), [], NIGHT)
    newer = selvedge_searcher.open(str(store.root), 2)
    with pytest.raises(EncoderMismatch, match="version 2 was not made with the encoder"):
        newer.encode(BODIES["jpeg"], encoder=snapshot.encoder)
    assert np.array_equal(snapshot.encode(BODIES["jpeg"], encoder=snapshot.encoder), snapshot.encode(BODIES["jpeg"]))


def test_an_encoder_is_copied_once(models, tmp_path):
    store = DiskStore(tmp_path)
    first = keep_encoder(store, models, PIXELS_REVISION)
    before = store.list("encoders")
    assert keep_encoder(store, models, PIXELS_REVISION) == first
    assert store.list("encoders") == before
    assert {entry.path for entry in before} == {file.path for file in first.files}


def test_a_version_without_an_encoder_says_so(tmp_path):
    store = DiskStore(tmp_path)
    publish(store, write(store, prepare(store, catalog({"aa": 1}), None), facts("aa")), [], NIGHT)
    with pytest.raises(EncoderMismatch, match="version 1 was published without an encoder"):
        selvedge_searcher.open(str(tmp_path)).encode(BODIES["jpeg"])


def test_a_damaged_encoder_is_refused_while_the_snapshot_is_searched(lake, tmp_path):
    copy = Path(shutil.copytree(lake, tmp_path / "lake"))
    path = next(copy.glob("encoders/*/embed/model.onnx"))
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    snapshot = selvedge_searcher.open(str(copy))
    assert len(snapshot.nearest(snapshot.vectors[0])[0]) == 4
    with pytest.raises(SnapshotDamaged, match=r"embed/model\.onnx"):
        snapshot.encode(BODIES["jpeg"])
    assert "embed/model.onnx" in verify(DiskStore(copy), 1)[0]


def published_with(models: dict[str, Path], root: Path, revision: int = PIXELS_REVISION) -> Snapshot:
    store = DiskStore(root)
    encoder = keep_encoder(store, models, revision)
    candidate = prepare(store, catalog({"aa": 1}), None, encoder.digest)
    publish(store, write(store, candidate, facts("aa"), encoder), [], NIGHT)
    return selvedge_searcher.open(str(root))


def test_golden_answers_that_this_machine_does_not_give_are_refused(models, tmp_path):
    copies = altered(models, tmp_path / "models")
    golden = copies["detect"] / "golden.npz"
    with np.load(golden) as kept:
        arrays = {name: kept[name] for name in kept.files}
    np.savez_compressed(golden, **(arrays | {"output_scores": 1 - arrays["output_scores"]}))
    with pytest.raises(EncoderMismatch, match="detect: cosine of scores to the golden answers is only"):
        published_with(copies, tmp_path / "lake").encode(BODIES["jpeg"])


def test_preprocessing_that_this_package_does_not_know_is_refused(models, tmp_path):
    copies = altered(models, tmp_path / "models")
    card = json.loads((copies["detect"] / "model.json").read_text())
    card["preprocessing"]["revision"] = 99
    (copies["detect"] / "model.json").write_text(json.dumps(card))
    with pytest.raises(EncoderMismatch, match="does not know the preprocessing"):
        published_with(copies, tmp_path / "lake").encode(BODIES["jpeg"])


def test_encoding_loads_nothing_of_ours(lake):
    code = f"""
import sys, numpy, selvedge_searcher
selvedge_searcher.open({str(lake)!r}).encode(numpy.zeros((300, 300, 3), numpy.uint8))
ours = {{"cli", "desk", "jobs", "lake", "reports", "schemas", "shops", "training", "udfs", "torch"}}
print(sorted(ours & {{name.partition(".")[0] for name in sys.modules}}))
"""
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"


@pytest.mark.field
def test_real_photos_get_the_catalogs_vectors(snapshot, models, shared_data):
    model = load(models["embed"])
    photos = sorted(path for path in (shared_data / "street").rglob("*") if path.suffix in (".jpg", ".png", ".webp"))
    assert photos
    for path in photos[:: max(len(photos) // 3, 1)]:
        for seen in snapshot.encoder.look(path):
            assert float(seen.vector @ of_the_catalog(path.read_bytes(), seen.box, model)) >= 0.9999


def test_no_more_of_a_file_than_the_limit_is_read(tmp_path):
    large, pipe = tmp_path / "large.jpg", tmp_path / "pipe"
    with large.open("wb") as file:
        file.truncate(1 << 40)  # no memory holds it
    os.mkfifo(pipe)
    with pytest.raises(PhotoRefused, match=r"large\.jpg has 1099511627776 bytes, the limit is 20971520"):
        Photo(large)
    with pytest.raises(PhotoRefused, match="pipe cannot be read: it is no file"):
        Photo(pipe)
