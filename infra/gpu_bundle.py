"""Packs what the GPU check needs: this tree without replaced releases, and a few MB of photos.

`python -m infra.gpu_bundle [FOLDER]` writes `var/gpu-check/` (the pictures alone) and `var/gpu-check.tar` (all of it).
The photos are taken from FOLDER, the labelled folders beside the project; half of the bytes as they are, half
enlarged to 600 x 800. They are never committed.
"""

import argparse
import json
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pyarrow as pa

ROOT = Path(__file__).resolve().parents[1]
PHOTOS = ROOT.parent / "shared" / "data"
PICTURES = ROOT / "var" / "gpu-check" / "pictures.arrow"
BUNDLE = ROOT / "var" / "gpu-check.tar"
MOST_PICTURE_BYTES = 8_000_000
MOST_BYTES = 60_000_000
NETWORKS = ("screen", "detect", "embed")
SIZE, QUALITY = (600, 800), 85
FOLDERS = ("garments", "catalog", "street")


def main() -> None:
    """Write both files; refuse a bundle that is too large for the machines that it is made for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path, default=PHOTOS)
    folder: Path = parser.parse_args().folder
    kinds = {"small": _small(folder), "600x800": map(_enlarged, _small(folder))}
    rows = [
        {"kind": kind, "body": body}
        for kind, bodies in kinds.items()
        for body in up_to(bodies, MOST_PICTURE_BYTES // len(kinds))
    ]
    if not rows:
        raise SystemExit(f"gpu-bundle: {folder} has no photos")
    PICTURES.parent.mkdir(parents=True, exist_ok=True)
    table = pa.Table.from_pylist(rows, pa.schema([("kind", pa.string()), ("body", pa.binary())]))
    with pa.ipc.new_file(PICTURES, table.schema) as file:
        file.write(table)
    files = [*needed(), PICTURES.relative_to(ROOT)]
    size = sum((ROOT / name).stat().st_size for name in files)
    if size > MOST_BYTES:
        raise SystemExit(f"gpu-bundle: {size:,} bytes are more than {MOST_BYTES:,}; to act: the engineer (pack less)")
    with tarfile.open(BUNDLE, "w") as bundle:
        for name in files:
            bundle.add(ROOT / name, str(name))
    print(f"{BUNDLE.relative_to(ROOT)}: {len(files)} files, {size:,} bytes, {len(rows)} pictures")


def needed() -> list[Path]:
    """The tracked files, of models only the promoted releases that the check loads."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    promoted = json.loads((ROOT / "models" / "promoted.json").read_text())
    kept = [Path("models") / name / promoted[name] for name in NETWORKS]
    names = [Path(name) for name in listed.split("\0") if name and (ROOT / name).is_file()]
    return [
        name
        for name in names
        if name.parts[0] != "models" or len(name.parts) == 2 or any(name.is_relative_to(folder) for folder in kept)
    ]


def up_to(bodies: Iterator[bytes], most: int) -> Iterator[bytes]:
    """The bodies until they are `most` bytes together."""
    total = 0
    for body in bodies:
        total += len(body)
        if total > most:
            return
        yield body


def _small(folder: Path) -> Iterator[bytes]:
    """Photos of all folders in turn, spread over each."""
    lists = [sorted((folder / name / "images").glob("*.jpg"))[::7] for name in FOLDERS]
    for group in zip(*lists, strict=False):
        for path in group:
            yield path.read_bytes()


def _enlarged(body: bytes) -> bytes:
    pixels = cv2.imdecode(np.frombuffer(body, np.uint8), cv2.IMREAD_COLOR)
    made, file = cv2.imencode(".jpg", cv2.resize(pixels, SIZE), [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    assert made
    return file.tobytes()


if __name__ == "__main__":
    main()
