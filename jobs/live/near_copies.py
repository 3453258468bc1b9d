"""Which pictures of a retailer are near copies of each other, as `dedup` found them."""

from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from jobs.engine.night import Night
from jobs.live.functions import duplicates_function
from jobs.live.rows import runs
from lake.tables import literal
from schemas.table import DONE
from schemas.tables import DUPLICATES


@dataclass(frozen=True)
class NearCopies:
    """A group of two or more pictures of one retailer; the medoid, its id, need not be shown any more."""

    retailer: str
    medoid: bytes
    members: dict[bytes, int]
    """Bits to the medoid, by picture."""


def near_copies(night: Night, shown: Mapping[str, pa.Array]) -> list[NearCopies]:
    """The groups among the pictures that retailers show, by retailer and medoid.

    Pictures that `mappings/not_duplicates.tsv` tells apart are never in a group together.
    """
    query = f"""
        select retailer, medoid, picture, bits from {DUPLICATES.name}
        where function = {literal(duplicates_function(night))} and status = '{DONE}' and medoid is not null
        order by retailer, medoid, picture"""  # noqa: S608
    rows = night.tables.sql(query, [DUPLICATES])
    found = []
    for retailer, start, end in runs(rows["retailer"]):
        pictures = shown.get(retailer)
        if pictures is None:
            continue
        own = rows.slice(start, end - start)
        mine = own.filter(pc.is_in(own["picture"], pictures))
        is_shown = pc.is_in(mine["medoid"], pictures)
        members: dict[bytes, dict[bytes, int]] = {}
        columns = (mine["medoid"], is_shown, mine["picture"], mine["bits"])
        for medoid, shows_it, picture, bits in zip(*(column.to_pylist() for column in columns), strict=True):
            members.setdefault(medoid, {medoid: 0} if shows_it else {})[picture] = bits
        found += [NearCopies(retailer, medoid, _told_apart(night, medoid, its)) for medoid, its in members.items()]
    return [group for group in found if len(group.members) > 1]


def _told_apart(night: Night, medoid: bytes, members: dict[bytes, int]) -> dict[bytes, int]:
    """The members without those that people told apart from the medoid, or from a member before them."""
    together = {medoid}
    for picture in sorted(members):
        if not night.told_apart.get(picture, frozenset()) & together:
            together.add(picture)
    return {picture: bits for picture, bits in members.items() if picture in together}
