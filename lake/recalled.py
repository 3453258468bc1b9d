"""Vectors in published segments that `selvedge recheck embed` found to be wrong: no later version takes them over.

A published key is the digest of the crop and of the function, so that the right vector has the key of the wrong one.
"""

from collections.abc import Iterable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import TypeAdapter

from lake.notes import read_notes, write_notes
from lake.segments import NO_KEYS, segment_keys
from lake.store import Store
from schemas.manifest import DataFile, Manifest

PATH = "recalled_vectors.json"
NOTES = TypeAdapter(dict[str, list[tuple[int, int]]])
"""Segment -> its runs of wrong rows, each as its first row and the one after its last."""


def holding(store: Store, manifests: Iterable[Manifest], keys: pa.Array) -> list[Manifest]:
    """The versions in whose segments one of these published keys is."""
    found: dict[str, bool] = {}
    for manifest in manifests:
        for file in manifest.of("vectors"):
            if file.path not in found:
                found[file.path] = bool(pc.any(pc.is_in(segment_keys(store, [file]), keys)).as_py())
    return [manifest for manifest in manifests if any(found[file.path] for file in manifest.of("vectors"))]


def recall(store: Store, manifests: Iterable[Manifest], keys: pa.Array) -> None:
    """Note where the versions' segments hold these published keys. The caller holds the lease."""
    files = {str(file.segment): file for manifest in manifests for file in manifest.of("vectors")}
    known = read_notes(store, PATH, NOTES)
    noted = {}
    for name, file in files.items():  # a segment of no version is forgotten
        of_file = segment_keys(store, [file])
        wrong = pc.is_in(of_file, keys).to_numpy(zero_copy_only=False)
        for start, end in known.get(name, []):
            wrong[start:end] = True
        if wrong.any():
            noted[name] = _runs(wrong)
    write_notes(store, PATH, NOTES, noted)


def recalled_keys(store: Store, files: Iterable[DataFile]) -> pa.Array:
    """The published keys of the wrong rows of these segments. Raises DamagedLake."""
    noted = read_notes(store, PATH, NOTES)
    found = [NO_KEYS]
    for file in files:
        runs = noted.get(str(file.segment), [])
        keys = segment_keys(store, [file]) if runs else NO_KEYS
        found += [keys.slice(start, end - start) for start, end in runs]
    return pa.concat_arrays(found)


def _runs(wrong: np.ndarray) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(wrong.astype(np.int8), prepend=0, append=0))
    return [(int(start), int(end)) for start, end in edges.reshape(-1, 2)]
