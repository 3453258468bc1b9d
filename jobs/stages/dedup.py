"""Groups near-duplicate pictures within each retailer, around medoids. What came before stays where it is: a new
picture goes to the group of a medoid that it is a copy of, or new ones make a group of their own."""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from jobs.engine.night import Night
from jobs.engine.recheck import Draw, Pair, Recheck
from jobs.engine.stage import Counts
from jobs.live.asked import Asked
from jobs.live.catalog import Catalog
from jobs.live.derived import groups_of
from jobs.live.functions import duplicates_function, fingerprint_function
from jobs.live.memory import Memory
from jobs.live.prints import read_prints
from jobs.live.rows import runs
from jobs.live.verdict import Verdict
from jobs.stages.record import StageRecord, no_rejects
from lake.tables import literal, one_of, write_rows
from lake.vacuum.rows import Keep
from schemas.table import DONE
from schemas.tables import DUPLICATES, FINGERPRINTS
from udfs.pictures.fingerprint import Prints
from udfs.rules.alike import Part, copies
from udfs.rules.duplicates import placed

PICTURES_AT_ONCE = 500_000
"""Retailers are taken together until they have so many pictures, whose fingerprints take 0.8 GB; a commit for each."""


@dataclass(frozen=True)
class Due:
    """A retailer's pictures that have no group yet, and the medoids of its groups, a lone picture its own. Sorted."""

    retailer: str
    new: pa.Array
    medoids: pa.Array

    def __len__(self) -> int:
        return len(self.new) + len(self.medoids)


def dedup(night: Night) -> Counts:
    """Place the pictures that are new to a retailer. Raises Stop if the run has to end."""
    return MEMORY.run(night, _place)


def _place(night: Night) -> Counts:
    handle = night.tables.open(DUPLICATES)  # before due is asked: a racing commit is then a conflict
    todo = _due(night)
    counts = Counts(due=sum(len(due.new) for due in todo), complete=True)
    if not todo:
        return counts
    function = duplicates_function(night)
    with night.progress.stage("dedup", counts.due) as advance:
        for part in _parts(todo):
            rows = _rows_of(night, part, function)
            file = write_rows(night.store, DUPLICATES, rows)
            night.tables.commit(handle, [file], f"dedup-{function.hex()}")
            counts.done += rows.num_rows
            advance(rows.num_rows)
    return counts


def _due_pictures(night: Night) -> int:
    return MEMORY.due(night, lambda part: sum(len(due.new) for due in _due(part)))


def _due(night: Night) -> list[Due]:
    """The retailers with live pictures that have a fingerprint and no row."""
    shown = Catalog.of(night).shown
    present = _present(night, shown)
    mine = {name: present.slice(start, end - start) for name, start, end in runs(present["retailer"])}
    found = []
    for retailer, pictures in shown.items():
        rows = mine.get(retailer, present.slice(0, 0))
        new = pictures.filter(pc.invert(pc.is_in(pictures, rows["picture"])))
        if len(new):
            found.append(Due(retailer, new, pc.unique(pc.coalesce(rows["medoid"], rows["picture"]))))
    if not found:
        return []
    ready = _fingerprinted(night, found)
    parts = [
        Due(due.retailer, due.new.filter(pc.is_in(due.new, ready)), due.medoids.filter(pc.is_in(due.medoids, ready)))
        for due in found
    ]
    return [Due(due.retailer, due.new, due.medoids.sort()) for due in parts if len(due.new)]


def _present(night: Night, retailers: Iterable[str]) -> pa.Table:
    query = f"""
        select retailer, picture, medoid from {DUPLICATES.name}
        where function = {literal(duplicates_function(night))} and status = '{DONE}'
        and {one_of("retailer", retailers)} order by retailer"""  # noqa: S608
    return night.tables.sql(query, [DUPLICATES])


def _fingerprinted(night: Night, found: list[Due]) -> pa.Array:
    """Those of the pictures and medoids that have a fingerprint."""
    query = f"""
        select picture from {FINGERPRINTS.name}
        where function = {literal(fingerprint_function())} and status = '{DONE}'"""  # noqa: S608
    asked = pc.unique(pa.chunked_array([array for due in found for array in (due.new, due.medoids)]))
    return night.tables.among(query, [FINGERPRINTS], "picture", asked)["picture"].combine_chunks()


def _parts(todo: list[Due]) -> Iterator[list[Due]]:
    part: list[Due] = []
    for due in todo:
        if part and sum(map(len, part)) + len(due) > PICTURES_AT_ONCE:
            yield part
            part = []
        part.append(due)
    yield part


def _rows_of(night: Night, part: list[Due], function: bytes) -> pa.Table:
    """Rows of DUPLICATES for the new pictures of some retailers."""
    pictures = pc.unique(pa.concat_arrays([array for due in part for array in (due.medoids, due.new)]))
    _, prints = read_prints(night, pictures)
    bits = night.settings.choice.duplicate_bits
    return pa.concat_tables(_placed(due, pictures, prints, bits, function) for due in part)


def _placed(due: Due, pictures: pa.Array, prints: Prints, bits: int, function: bytes) -> pa.Table:
    known, new = (Part(prints, pc.index_in(array, pictures).to_numpy()) for array in (due.medoids, due.new))
    leader, apart = placed(known, new, bits)
    alone = leader == len(known) + np.arange(len(new))
    medoid = pa.concat_arrays([due.medoids, due.new]).take(pa.array(leader))
    return _table(due.retailer, function, due.new, pc.if_else(pa.array(alone), None, medoid), pa.array(apart))


def _table(retailer: str, function: bytes, pictures: pa.Array, medoids: pa.Array, bits: pa.Array) -> pa.Table:
    keys = [key_of(retailer, picture) for picture in pictures.to_pylist()]
    count = len(keys)
    columns = {
        "pictures_key": keys, "function": [function] * count, "status": [DONE] * count, "retailer": [retailer] * count,
        "picture": pictures, "medoid": medoids, "bits": bits,
    }  # fmt: skip
    arrays = []
    for field in DUPLICATES.stored:
        values = columns.get(field.name)
        if values is None:
            arrays.append(pa.nulls(count, field.type))
        else:
            arrays.append(values.cast(field.type) if isinstance(values, pa.Array) else pa.array(values, field.type))
    return pa.table(arrays, schema=DUPLICATES.stored)


def key_of(retailer: str, picture: bytes) -> bytes:
    """The key of a picture's row at a retailer."""
    return hashlib.sha256(retailer.encode() + b"\x00" + picture).digest()


def _live_rows(night: Night) -> pa.Table:
    """The rows of the present function of pictures that their retailers show."""
    query = f"select * from {DUPLICATES.name} where function = {literal(duplicates_function(night))}"  # noqa: S608
    rows = night.tables.sql(query, [DUPLICATES])
    shown = Catalog.of(night).shown
    parts = [
        rows.filter(pc.and_(pc.equal(rows["retailer"], retailer), pc.is_in(rows["picture"], pictures)))
        for retailer, pictures in shown.items()
    ]
    return pa.concat_tables([rows.slice(0, 0), *parts]).sort_by("pictures_key")


def _again(night: Night, draw: Draw) -> Iterator[Pair]:
    """Which group a picture is in was settled by what was there when it came; what is made again is the comparison with
    its medoid."""
    stored = draw.of(_live_rows(night))
    pictures = pc.unique(pa.chunked_array([stored["picture"], stored["medoid"].drop_null()], pa.binary()))
    found, prints = read_prints(night, pictures)
    places = [pc.index_in(stored[name], pictures).to_pylist() for name in ("picture", "medoid")]
    bits, medoids = stored["bits"].to_pylist(), stored["medoid"].to_pylist()
    for row, (at, led_by) in enumerate(zip(*places, strict=True)):
        if led_by is not None and found[[at, led_by]].all():
            one, other = (Part(prints, np.array([place])) for place in (at, led_by))
            apart = [
                int(part.min()) for _, _, part in copies(one, other, night.settings.choice.duplicate_bits) if len(part)
            ]
            bits[row], medoids[row] = (min(apart), medoids[row]) if apart else (0, None)
    made = stored
    for name, values in (("medoid", medoids), ("bits", bits)):
        at = made.schema.get_field_index(name)
        made = made.set_column(at, name, pa.array(values, made.schema.field(at).type))
    yield Pair(stored, made)


def _drop(night: Night, keys: pa.Table) -> list[Keep]:
    rows = _live_rows(night)
    wrong = rows.filter(pc.is_in(rows["pictures_key"], keys["pictures_key"].cast(pa.binary()).combine_chunks()))
    return groups_of(night, wrong["picture"].combine_chunks())


def _verdicts(night: Night, asked: Asked) -> Iterator[Verdict]:
    for picture in asked.pictures:
        for group in asked.catalog.near_copies:
            if picture in group.members:
                found = f"one of {len(group.members)} near-duplicate pictures, group {group.medoid.hex()[:16]}"
                yield Verdict("dedup", picture.hex(), "done", found)


MEMORY = Memory("dedup", (DUPLICATES,))
STAGE = StageRecord(
    name=MEMORY.stage,
    tables=MEMORY.tables,
    codes=frozenset(),
    run=dedup,
    due=_due_pictures,
    rejects=no_rejects,
    verdicts=_verdicts,
    recheck=Recheck(DUPLICATES, _again, lambda night: _live_rows(night).select(["pictures_key"]), _drop),
)
