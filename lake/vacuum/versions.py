"""Which versions are kept, and the files that none of them needs."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from lake import snapshots
from lake.published_files import TABLES, DamagedSnapshot, folder
from lake.second import FOLDER
from lake.store import Entry, Store
from lake.tables import Tables, live_files
from lake.vacuum.logs import unnamed_files
from schemas.manifest import Manifest, PublishedTable, Second

READING = timedelta(days=2)
"""A search tier may go on reading a version for this long after the next one."""


@dataclass(frozen=True)
class Kept:
    """The versions that stay, ascending, and the numbers of those that go."""

    recent: list[Manifest]  # live, held, or among the last ones: a night may be compared with them
    monthly: list[Manifest]  # to roll back to
    gone: list[int]

    @property
    def all(self) -> list[Manifest]:
        return sorted([*self.recent, *self.monthly], key=lambda manifest: manifest.version)

    @property
    def files(self) -> set[str]:
        """Names of their Parquet files."""
        return {file.path.rpartition("/")[2] for manifest in self.all for file in manifest.files}

    @property
    def seconds(self) -> list[Second]:
        """Their second embeddings."""
        return [manifest.second for manifest in self.all if manifest.second]

    def delta(self, table: PublishedTable) -> set[int]:
        """The Delta versions that they name."""
        return {manifest.delta[table] for manifest in self.all if table in manifest.delta}


def kept_versions(store: Store, newest: int, months: int, now: datetime) -> Kept:
    """Live, held, the `newest` ones, what a reader may still read, and the first of each of the last months.

    Raises DamagedSnapshot if a manifest or the pointer is damaged: then nobody knows what they need.
    """
    numbers = snapshots.versions(store)
    live, held = snapshots.current(store), snapshots.hold(store)
    if numbers and live not in numbers:
        raise DamagedSnapshot(
            f"{store.uri}/{snapshots.CURRENT}: does not name a version that is there, so nothing is deleted; to act: "
            "the data engineer (`selvedge live VERSION`)"
        )
    manifests = [snapshots.manifest(store, number) for number in numbers]
    recent = {live, *numbers[-newest:]} | ({held.version} if held else set())
    for manifest, successor in pairwise(manifests):
        if (successor.published_at or now) > now - READING:
            recent.add(manifest.version)
    first: dict[tuple[int, int], int] = {}
    for manifest in manifests:
        at = manifest.published_at or now
        if (now.year - at.year) * 12 + now.month - at.month <= months:
            first.setdefault((at.year, at.month), manifest.version)
    monthly = set(first.values()) - recent if months else set()
    return Kept(
        [manifest for manifest in manifests if manifest.version in recent],
        [manifest for manifest in manifests if manifest.version in monthly],
        [number for number in numbers if number not in recent | monthly],
    )


def folders_of(store: Store, kept: Kept, before: datetime) -> list[Entry]:
    """Files of versions that go, the manifest first (without it they are no versions), and of broken-off publishes.

    The newest folder stays, so that no number is used twice.
    """
    numbers = {manifest.version for manifest in kept.all}
    found = []
    for entry in store.list("snapshots"):
        number = entry.path.split("/")[1]
        if not number.isdigit() or int(number) in numbers or (not kept.all and not kept.gone):
            continue
        is_version = int(number) in kept.gone
        if is_version or (int(number) < max(numbers) and entry.modified < before):
            found.append(entry)
    return sorted(found, key=lambda entry: (not entry.path.endswith("/manifest.json"), entry.path))


def unneeded_files(store: Store, table: PublishedTable, kept: Kept, before: datetime) -> list[Entry]:
    """Files of a published table that no kept version lists, nor its newest Delta version."""
    handle = Tables(store, "published").found(TABLES[table])
    listed = set(live_files(handle)) if handle else set()
    return unnamed_files(store, folder(table), kept.files | listed, before)


def unneeded_seconds(store: Store, kept: Kept, before: datetime) -> list[Entry]:
    """Files of second embeddings that no kept version has."""
    needed = {file.path for second in kept.seconds for file in second.files}
    return [entry for entry in store.list(FOLDER) if entry.path not in needed and entry.modified < before]


def unneeded_encoders(store: Store, kept: Kept, needed: Collection[str], before: datetime) -> list[Entry]:
    """Files of encoders that neither a kept version nor `needed` has."""
    digests = {manifest.encoder.digest for manifest in kept.all if manifest.encoder} | set(needed)
    digests |= {second.encoder.digest for second in kept.seconds}
    entries = [entry for entry in store.list("encoders") if entry.path.split("/")[1] not in digests]
    young = {entry.path.split("/")[1] for entry in entries if entry.modified >= before}
    return [entry for entry in entries if entry.path.split("/")[1] not in young]
