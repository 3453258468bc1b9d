"""What must not be in the index: blocked and erased pictures with their near copies, URLs and products."""

from collections.abc import Collection

import pyarrow as pa
import pyarrow.compute as pc

from jobs.engine.night import Night
from jobs.live.functions import fingerprint_function
from jobs.live.prints import prints_of
from lake.erased import hash_of
from lake.tables import literal, one_of
from schemas.table import DONE
from schemas.tables import FETCHES, FINGERPRINTS
from udfs.pictures.fingerprint import Prints
from udfs.rules.duplicates import copies_of


def barred_pictures(night: Night) -> frozenset[bytes]:
    """Blocked and erased pictures, those that blocked URLs brought, and near copies of all of them."""
    return night.kept(
        "barred_pictures", lambda: with_copies(night, _seeds(night)) | night.erased, of=[FETCHES, FINGERPRINTS]
    )


def _seeds(night: Night) -> frozenset[bytes]:
    return night.blocked.pictures | brought_by(night, night.blocked.urls)


def brought_by(night: Night, urls: Collection[str]) -> frozenset[bytes]:
    """The pictures that some URLs ever brought."""
    if not urls:
        return frozenset()
    query = f"select distinct picture from {FETCHES.name} where picture is not null and {one_of('url', urls)}"  # noqa: S608
    return frozenset(night.tables.sql(query, [FETCHES])["picture"].to_pylist())


def urls_with(night: Night, pictures: Collection[bytes]) -> frozenset[str]:
    """The URLs that ever brought one of some pictures."""
    if not pictures:
        return frozenset()
    query = f"select distinct url from {FETCHES.name} where {one_of('picture', pictures)}"  # noqa: S608
    return frozenset(night.tables.sql(query, [FETCHES])["url"].to_pylist())


def with_copies(night: Night, seeds: frozenset[bytes]) -> frozenset[bytes]:
    """Pictures and all their near copies in the lake, by the hashes that group near duplicates."""
    if not seeds:
        return seeds
    query = f"""
        select picture, {", ".join(Prints._fields)} from {FINGERPRINTS.name}
        where status = '{DONE}' and function = {literal(fingerprint_function())} order by picture"""  # noqa: S608
    rows = night.tables.sql(query, [FINGERPRINTS])
    if not rows.num_rows:
        return seeds
    is_seed = pc.is_in(rows["picture"], pa.array(sorted(seeds), pa.binary())).to_numpy(zero_copy_only=False)
    copies = copies_of(is_seed, prints_of(rows), night.settings.choice.duplicate_bits)
    return seeds | frozenset(rows["picture"].filter(pa.array(copies)).to_pylist())


def is_barred_url(night: Night, urls: pa.ChunkedArray) -> pa.Array:
    """Whether each URL is blocked or was erased."""
    return _is_named(urls, night.blocked.urls, night.erased)


def is_barred_product(night: Night, products: pa.ChunkedArray) -> pa.Array:
    """Whether each product id is blocked or was erased."""
    return _is_named(products, night.blocked.products, night.erased)


def _is_named(texts: pa.ChunkedArray, names: frozenset[str], erased: frozenset[bytes]) -> pa.Array:
    if not erased:
        return pc.is_in(texts, pa.array(sorted(names), pa.string()))
    return pa.array([text in names or hash_of(text) in erased for text in texts.to_pylist()], pa.bool_())
