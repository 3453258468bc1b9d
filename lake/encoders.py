"""Encoder folders: the models with which the search tier embeds a customer's photo like the catalog's pictures."""

import hashlib
import json
from pathlib import Path

from lake.store import Store
from schemas.manifest import Encoder, StoredFile


def keep_encoder(store: Store, models: dict[str, Path]) -> Encoder:
    """Copy model folders (name of the part, such as detect or embed -> folder) to `encoders/<digest>/`, once.

    The digest covers each file's place and content. `encoder.json` is written last: a folder that has it was whole. A
    file that is gone since, or has another size, is written anew.
    """
    bodies, digests = _bodies(models)
    digest = _digest(digests)
    card = _card(digest, digests)
    root = f"encoders/{digest}"
    sizes = {entry.path: entry.bytes for entry in store.list(root)}
    for name, path in bodies.items():
        if sizes.get(f"{root}/{name}") != path.stat().st_size:
            store.write(f"{root}/{name}", path.read_bytes())
    if sizes.get(f"{root}/encoder.json") != len(card):
        store.write(f"{root}/encoder.json", card)
    files = [
        StoredFile(path=f"{root}/{name}", bytes=path.stat().st_size, sha256=digests[name])
        for name, path in sorted(bodies.items())
    ]
    described = StoredFile(path=f"{root}/encoder.json", bytes=len(card), sha256=hashlib.sha256(card).hexdigest())
    return Encoder(digest=digest, files=[described, *files])


def card_of(encoder: Encoder) -> bytes:
    """What `encoder.json` of an encoder says."""
    names = {file.path.split("/", 2)[2]: file.sha256 for file in encoder.files}
    return _card(encoder.digest, {name: sha for name, sha in sorted(names.items()) if name != "encoder.json"})


def _card(digest: str, digests: dict[str, str]) -> bytes:
    parts = sorted({name.partition("/")[0] for name in digests})
    return json.dumps({"digest": digest, "parts": parts, "files": digests}, indent=1).encode()


def encoder_digest(models: dict[str, Path]) -> str:
    """The digest that `keep_encoder` gives."""
    return _digest(_bodies(models)[1])


def _bodies(models: dict[str, Path]) -> tuple[dict[str, Path], dict[str, str]]:
    """Place of each file, and its sha256."""
    bodies = {f"{part}/{file.name}": file for part, folder in models.items() for file in sorted(folder.iterdir())}
    return bodies, {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in sorted(bodies.items())}


def _digest(digests: dict[str, str]) -> str:
    return hashlib.sha256(json.dumps(digests).encode()).hexdigest()
