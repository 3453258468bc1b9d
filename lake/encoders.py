"""Encoder folders: the models with which the search tier embeds a customer's photo like the catalog's pictures."""

import hashlib
import json
from pathlib import Path

from lake.store import Store
from schemas.manifest import Encoder, StoredFile

PIXELS = "pixels.json"
"""Says how pictures are opened for the networks beside it."""


def keep_encoder(store: Store, models: dict[str, Path], pixels: int) -> Encoder:
    """Copy model folders (name of the part, such as detect or embed -> folder) to `encoders/<digest>/`, once.

    `pixels`: the revision of how pictures are opened; `pixels.json` says it. The digest covers each file's place and
    content. `encoder.json` is written last: a folder that has it was whole. A file that is gone since, or has another
    size, is written anew.
    """
    bodies = _bodies(models, pixels)
    digests = _digests(bodies)
    digest = _digest(digests)
    card = _card(digest, digests)
    root = f"encoders/{digest}"
    sizes = {entry.path: entry.bytes for entry in store.list(root)}
    for name, body in (*bodies.items(), ("encoder.json", card)):
        if sizes.get(f"{root}/{name}") != len(body):
            store.write(f"{root}/{name}", body)
    files = [
        StoredFile(path=f"{root}/{name}", bytes=len(body), sha256=digests[name])
        for name, body in sorted(bodies.items())
    ]
    described = StoredFile(path=f"{root}/encoder.json", bytes=len(card), sha256=hashlib.sha256(card).hexdigest())
    return Encoder(digest=digest, files=[described, *files])


def card_of(encoder: Encoder) -> bytes:
    """What `encoder.json` of an encoder says."""
    names = {file.path.split("/", 2)[2]: file.sha256 for file in encoder.files}
    return _card(encoder.digest, {name: sha for name, sha in sorted(names.items()) if name != "encoder.json"})


def _card(digest: str, digests: dict[str, str]) -> bytes:
    parts = sorted({name.partition("/")[0] for name in digests if "/" in name})
    return json.dumps({"digest": digest, "parts": parts, "files": digests}, indent=1).encode()


def encoder_digest(models: dict[str, Path], pixels: int) -> str:
    """The digest that `keep_encoder` gives."""
    return _digest(_digests(_bodies(models, pixels)))


def _bodies(models: dict[str, Path], pixels: int) -> dict[str, bytes]:
    """The bytes of each file by its place, read once."""
    files = {f"{part}/{file.name}": file for part, folder in models.items() for file in sorted(folder.iterdir())}
    return {name: path.read_bytes() for name, path in files.items()} | {PIXELS: pixels_body(pixels)}


def pixels_body(revision: int) -> bytes:
    """What `pixels.json` says."""
    return json.dumps({"revision": revision}).encode()


def _digests(bodies: dict[str, bytes]) -> dict[str, str]:
    return {name: hashlib.sha256(body).hexdigest() for name, body in sorted(bodies.items())}


def _digest(digests: dict[str, str]) -> str:
    return hashlib.sha256(json.dumps(digests).encode()).hexdigest()
