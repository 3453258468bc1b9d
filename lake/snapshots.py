"""Versions of the index. A version is written first; then one small write moves the pointer to it.

The order of a publish: data files, `changes.parquet`, `candidate.json` (the drill opens the version with it), Delta
commits, `manifest.json` (from here on it is a version), `CURRENT`. If it is killed at any step before the last, readers
stay on the version before; the next publish skips the number, and its files are unused.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.parquet as pq

from lake import published_delta, second
from lake.candidate import Base, Candidate, NewPart
from lake.published_files import (
    ROW_TABLES,
    TABLES,
    DamagedSnapshot,
    PartKey,
    StoredPart,
    nullable,
    parquet,
    stored,
    write_rows,
    write_segment,
)
from lake.second import NextSecond
from lake.store import Store
from schemas.errors import REPAIR, HeldByAnother, Stop, WrongInput
from schemas.manifest import (
    DataFile,
    Encoder,
    Facts,
    Gate,
    Hold,
    Manifest,
    Part,
    Pointer,
    PublishedTable,
    StoredFile,
    read_manifest,
)
from schemas.published import SCHEMA_MINOR, SCHEMA_VERSION
from schemas.version import program_version

CURRENT = "snapshots/CURRENT"
HOLD = "snapshots/HOLD"

SEGMENTS_AT_ONCE = 2
"""Segments that are read, checked and written side by side, each of up to 140 MB, held some times over."""


Check = Callable[[pa.Table], None]


def _unchecked(vectors: pa.Table) -> None:
    """For vectors of which nobody doubts that they are right."""


@dataclass(frozen=True)
class Draft:
    """A version whose files are written but which is not published yet."""

    manifest: Manifest
    pointer: bytes | None  # what CURRENT said when the draft was made


@dataclass(frozen=True)
class Published:
    """A published version; `live` is False if a hold kept the pointer elsewhere."""

    manifest: Manifest
    live: bool


def versions(store: Store) -> list[int]:
    """Published versions that are kept, ascending."""
    return [number for number, name in _numbered(store) if name == "manifest.json"]


def current(store: Store) -> int | None:
    """The live version; None before the first."""
    pointer = _pointer(store)
    try:
        return Pointer.model_validate_json(pointer).version if pointer else None
    except ValueError:
        raise DamagedSnapshot(
            f"{store.uri}/{CURRENT}: is damaged; to act: the data engineer ({REPAIR}, or `selvedge live VERSION`)"
        ) from None


def manifest(store: Store, version: int) -> Manifest:
    """The manifest of a published version. Raises WrongInput if its major schema version is unknown here."""
    path = f"snapshots/{version}/manifest.json"
    if not store.exists(path):
        known = ", ".join(map(str, versions(store)[-5:])) or "none"
        raise WrongInput("snapshots", None, f"there is no version {version} (kept: {known})")
    try:
        return read_manifest(path, store.read(path))
    except ValueError as error:
        raise DamagedSnapshot(
            f"{store.uri}/{path}: is damaged; to act: the data engineer ({REPAIR}, or "
            "`selvedge rollback VERSION` to another one)"
        ) from error


def hold(store: Store) -> Hold | None:
    """Who holds the pointer, if anyone."""
    try:
        return Hold.model_validate_json(store.read(HOLD)) if store.exists(HOLD) else None
    except ValueError:
        raise DamagedSnapshot(
            f"{store.uri}/{HOLD}: is damaged, so it is unknown which version has to stay live; to act: the data "
            f"engineer ({REPAIR} holds the live one, `selvedge live VERSION` ends a hold)"
        ) from None


def parent(store: Store) -> Manifest | None:
    """The version that the next one is compared with: the live one, or under a hold the newest published one."""
    kept = versions(store)
    chosen = kept[-1] if hold(store) and kept else current(store)
    if chosen is not None and chosen not in kept:
        whole = f"{REPAIR}, or `selvedge live {kept[-1]}`" if kept else REPAIR
        raise DamagedSnapshot(
            f"{store.uri}/snapshots/{chosen}/manifest.json: is missing, though {CURRENT} names it; to act: the data "
            f"engineer ({whole})"
        )
    return manifest(store, chosen) if chosen is not None else None


def write(
    store: Store,
    candidate: Candidate,
    facts: Facts,
    encoder: Encoder | None = None,
    check: Check = _unchecked,
    beside: NextSecond | None = None,
) -> Draft:
    """Write a candidate's files under the next free number. Readers see nothing of it yet.

    `check` gets the vectors of each new segment before they are written, and raises where they are wrong.
    """
    if candidate.encoder != (encoder.digest if encoder else None):
        raise ValueError("the candidate was prepared for another encoder")
    pointer = _pointer(store)
    version = max([number for number, _ in _numbered(store)] + [current(store) or 0]) + 1
    base = write_step(store, candidate, check)
    changes = candidate.changes.sort_by([("table", "ascending"), ("id", "ascending")])
    listed = stored(store, f"snapshots/{version}/changes.parquet", parquet(changes, "zstd"))
    draft = Manifest(
        version=version,
        parent=candidate.parent.version if candidate.parent else None,
        published_at=None,
        schema_version=SCHEMA_VERSION,
        schema_minor=SCHEMA_MINOR,
        made_by=program_version(),
        delta={},
        files=_listed(store, base),
        changes=listed,
        encoder=encoder,
        second=second.write(store, beside) if beside else None,
        content_digest=candidate.content_digest,
        content=candidate.content,
        parts=_several(base.parts),
        references=candidate.references,
        counts=candidate.counts,
        facts=facts,
        gates=[],
    )
    store.write(f"snapshots/{version}/candidate.json", _body(draft))
    return Draft(draft, pointer)


def publish(store: Store, draft: Draft, gates: Iterable[Gate], at: datetime) -> Published:
    """Make a draft a version, and the live one unless there is a hold. The caller has checked the gates."""
    delta = published_delta.commit(store, draft.manifest, _milliseconds(at))
    done = draft.manifest.model_copy(update={"delta": delta, "gates": list(gates), "published_at": at})
    folder, body = f"snapshots/{done.version}", _body(done)
    if not store.write_if(f"{folder}/manifest.json", body, None):
        raise HeldByAnother(f"{folder}: another run published this version first; this run stops")
    live = hold(store) is None and store.write_if(CURRENT, _pointing(done.version, body), draft.pointer)
    if not live:
        mend(store, at)
    store.delete(f"{folder}/candidate.json")
    return Published(done, live)


def mend(store: Store, at: datetime) -> None:
    """Make the newest Delta versions list the live version again, if a kill or a hold left them elsewhere."""
    live = current(store)
    if live is not None:
        published_delta.commit(store, manifest(store, live), _milliseconds(at))


def rollback(store: Store, version: int, who: str, why: str) -> Manifest:
    """Make a version live, after checking its files, and hold it there until `live`."""
    target = _proven(store, version)
    now = datetime.now(UTC)
    note = Hold(version=version, who=who, why=why, since=now)
    store.write(HOLD, note.model_dump_json().encode() + b"\n")
    point(store, target, now)
    return target


def live(store: Store, version: int) -> Manifest:
    """Make a version live, after checking its files, and end a hold."""
    target = _proven(store, version)
    point(store, target, datetime.now(UTC))
    if store.exists(HOLD):
        store.delete(HOLD)
    return target


def verify(store: Store, version: int) -> list[str]:
    """Compare the files of a version with its manifest -> one line per fault; none if the version is intact.

    Those of its second embedding are left out: a search can do without it (`second_faults`).
    """
    target = manifest(store, version)
    files: list[StoredFile] = [*target.files, target.changes, *(target.encoder.files if target.encoder else [])]
    return _faults(store, files) + row_faults(target)


def second_faults(store: Store, target: Manifest) -> list[str]:
    """The same for the files of a version's second embedding."""
    return _faults(store, [*target.second.files, *target.second.encoder.files] if target.second else [])


def _faults(store: Store, files: Sequence[StoredFile]) -> list[str]:
    with ThreadPoolExecutor(4) as pool:
        return [fault for fault in pool.map(lambda file: file_fault(store, file), files) if fault]


def row_faults(target: Manifest) -> list[str]:
    """Where a manifest contradicts itself."""
    counted = {table: sum(getattr(counts, table) for counts in target.counts.values()) for table in ROW_TABLES}
    return [
        f"{table}: {target.rows(table)} rows in files, {count} by retailer"
        for table, count in counted.items() if count != target.rows(table)
    ]  # fmt: skip


def file_fault(store: Store, file: StoredFile) -> str | None:
    """What is wrong with a file of a version, as a line that begins with its path."""
    if not store.exists(file.path):
        return f"{file.path}: is missing"
    body = store.read(file.path)
    if len(body) != file.bytes:
        return f"{file.path}: {len(body)} bytes where the manifest says {file.bytes}"
    if hashlib.sha256(body).hexdigest() != file.sha256:
        return f"{file.path}: its sha256 differs from the manifest's"
    if isinstance(file, DataFile) and (rows := pq.read_metadata(pa.BufferReader(body)).num_rows) != file.rows:
        return f"{file.path}: {rows} rows where the manifest says {file.rows}"
    return None


def _proven(store: Store, version: int) -> Manifest:
    if faults := verify(store, version):
        raise DamagedSnapshot(f"version {version} is damaged and cannot go live: {faults[0]} ({len(faults)} in all)")
    return manifest(store, version)


def point(store: Store, target: Manifest, now: datetime) -> None:
    """Move the pointer, and check what readers now see."""
    body = store.read(f"snapshots/{target.version}/manifest.json")
    store.write(CURRENT, _pointing(target.version, body))
    mend(store, now)
    if current(store) != target.version:
        raise Stop(f"{CURRENT}: another run moved the pointer at the same time; run the command again")


def write_step(store: Store, candidate: Candidate, check: Check = _unchecked) -> Base:
    """Write the files of a candidate that is a step of a version -> what the next step is made on."""

    def written(name: str) -> DataFile:
        vectors = candidate.shelf.vectors_of(name)
        check(vectors)
        return write_segment(store, name, vectors)

    with ThreadPoolExecutor(SEGMENTS_AT_ONCE) as pool:
        segments = [*candidate.shelf.carried, *pool.map(written, candidate.shelf.new)]
    parts = {}
    for (retailer, start), part in candidate.parts.items():
        files = {table: _files_of(store, table, retailer, part) for table in ROW_TABLES}
        parts[retailer, start] = StoredPart(part.content, files)
    return candidate.as_written(store, segments, parts)


def _listed(store: Store, base: Base) -> list[DataFile]:
    """All files, each table's in the order of its rows."""
    files = [*base.held.files]
    for table in ROW_TABLES:
        own = [file for part in base.parts.values() for file in part.files[table]]
        # one empty file, so that every reader finds the columns
        files += own or write_rows(store, table, None, nullable(TABLES[table].schema).empty_table())
    return files


def _several(parts: Mapping[PartKey, StoredPart]) -> dict[str, list[Part]]:
    """The parts of retailers that have several."""
    found: dict[str, list[Part]] = {}
    for (retailer, start), part in parts.items():
        paths = [file.path for table in ROW_TABLES for file in part.files[table]]
        found.setdefault(retailer, []).append(Part(start=start, content=part.content, files=paths))
    return {retailer: own for retailer, own in found.items() if len(own) > 1}


def _files_of(store: Store, table: PublishedTable, retailer: str, part: StoredPart | NewPart) -> list[DataFile]:
    """The files of a part's rows of one table; they are written unless the parent has them."""
    if isinstance(part, StoredPart):
        return part.files[table]
    if table in part.kept or not len(part.rows[table]):
        return part.kept.get(table, [])
    return write_rows(store, table, retailer, part.rows[table])


def _numbered(store: Store) -> list[tuple[int, str]]:
    """Number and name of every file in a version's folder, published or not, ascending."""
    parts = [entry.path.split("/") for entry in store.list("snapshots")]
    return sorted((int(part[1]), part[2]) for part in parts if len(part) == 3 and part[1].isdigit())


def _pointer(store: Store) -> bytes | None:
    return store.read(CURRENT) if store.exists(CURRENT) else None


def _pointing(version: int, manifest_body: bytes) -> bytes:
    pointer = Pointer(version=version, manifest_sha256=hashlib.sha256(manifest_body).hexdigest())
    return pointer.model_dump_json().encode() + b"\n"


def _body(record: Manifest) -> bytes:
    return record.model_dump_json(indent=1).encode() + b"\n"


def _milliseconds(at: datetime) -> int:
    return int(at.timestamp() * 1000)
