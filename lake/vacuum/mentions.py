"""Whether a version lists something that was erased: in its rows, its changes or its vectors."""

from collections.abc import Collection

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from lake.erased import hash_of
from lake.published_files import DamagedSnapshot, read_rows, with_vector_keys
from lake.segments import NO_KEYS, segment_keys
from lake.store import Store
from schemas.manifest import Manifest


def are_erased(texts: pa.ChunkedArray | pa.Array, erased: Collection[bytes]) -> pa.Array:
    """Whether the hash of each text is listed; false for null."""
    known = {text: hash_of(text) in erased for text in pc.unique(texts).to_pylist() if text is not None}
    return pa.array([known.get(text, False) for text in texts.to_pylist()], pa.bool_())


def lists_erased(store: Store, manifest: Manifest, erased: Collection[bytes]) -> bool:
    """Whether its garments, products or retailers are erased ones."""
    names = {*manifest.counts, *manifest.facts.retailers, *manifest.facts.mappings}
    if any(hash_of(name) in erased for name in names):
        return True
    pictures = pa.array(sorted(erased), pa.binary(32))
    garments = read_rows(store, "garments", manifest.of("garments"), ["image_sha256", "image_url"])
    products = read_rows(store, "products", manifest.of("products"), ["product_id", "url", "image_urls"])
    texts = [garments["image_url"], products["product_id"], products["url"], pc.list_flatten(products["image_urls"])]
    return bool(pc.any(pc.is_in(garments["image_sha256"], pictures)).as_py()) or any(
        pc.any(are_erased(text, erased)).as_py() for text in texts
    )


def traces_of_erased(store: Store, manifest: Manifest, erased: Collection[bytes], banned: pa.Array) -> bool:
    """Whether its list of changes, or a segment, still has something erased that its rows no longer have."""
    with store.filesystem.open_input_file(manifest.changes.path) as file:
        ids = pq.read_table(file, columns=["id"])["id"]
    retailers = pa.array([name.partition(":")[0] for name in ids.to_pylist()], pa.string())
    if any(pc.any(are_erased(texts, erased)).as_py() for texts in (ids, retailers)):
        return True
    if pc.any(pc.is_in(segment_keys(store, manifest.of("vectors")), banned)).as_py():
        return True
    try:
        beside = segment_keys(store, manifest.second.vectors) if manifest.second else NO_KEYS
    except DamagedSnapshot:  # nobody can tell
        return True
    return bool(pc.any(pc.is_in(beside, banned)).as_py())


def vectors_of(store: Store, manifest: Manifest, erased: Collection[bytes]) -> pa.Array:
    """Published keys of the vectors of erased pictures that a version lists."""
    garments = with_vector_keys(store, manifest.of("vectors"), read_rows(store, "garments", manifest.of("garments")))
    shown = garments.filter(pc.is_in(garments["image_sha256"], pa.array(sorted(erased), pa.binary(32))))
    return pc.unique(shown["vector_key"].combine_chunks()).cast(pa.binary(32))
