"""Versions: pointer, hold, manifests, published files, encoders, and the logs of the published tables."""

import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime

from lake import snapshots
from lake.doctor.finding import Finding, Kind, Lake, of_another_program, set_aside
from lake.doctor.logs import MISSING, opened, set_log_aside
from lake.encoders import PIXELS, card_of, pixels_body
from lake.published_files import TABLES, DamagedSnapshot
from lake.store import Store
from schemas.errors import WrongInput
from schemas.manifest import Encoder, Hold, Manifest, Pointer, StoredFile

NOT_WHOLE = "manifest.json.not-whole"
"""The name of a manifest whose version cannot be used any more; its number is not used again."""
PUBLISHED = "published"
GOES_BACK = (
    "the newest whole version goes live until the next night publishes; if there is none, rows of retailers that were "
    "held cannot be had again"
)
MOST_REVISIONS = 100
"""Revisions of pixels among which that of a lost `pixels.json` is looked for."""
ALIKE = 60
"""If a pointer's digest of the manifest has this many of 64 digits right, the pointer was damaged, not the manifest."""


def check(lake: Lake, deep: bool) -> list[Finding]:
    """The pointer, the live version by size and the logs; `deep` reads every file of every kept version."""
    store = lake.store
    pointed, wrong = _pointed(store)
    found = _logs(store, pointed)
    if wrong:
        found.append(Finding(Kind.POINTER, snapshots.CURRENT, wrong, GOES_BACK))
    found += _hold(store)
    sizes = {entry.path: entry.bytes for folder in (PUBLISHED, "snapshots", "encoders") for entry in store.list(folder)}
    seen: dict[str, str | None] = {}
    for number in snapshots.versions(store) if deep else [pointed] if pointed else []:
        found += _version(store, number, sizes, seen, deep)
    if pointed:
        found += _second(store, pointed, sizes, deep)
    return list(dict.fromkeys(found))


def _logs(store: Store, pointed: int | None) -> list[Finding]:
    found = []
    for table in TABLES.values():
        place = f"{PUBLISHED}/{table.name}/_delta_log"
        try:
            _, fault = opened(store, PUBLISHED, table)
        except WrongInput as error:
            found.append(of_another_program(place.rpartition("/")[0], error))
            continue
        if fault and (fault != MISSING or pointed is not None):  # else the first publish was broken off
            cost = "a new log lists the live version; Delta versions of older ones cannot be had again"
            found.append(Finding(Kind.PUBLISHED_LOG, place, fault, cost, stops=fault != MISSING))
    return found


def _pointed(store: Store) -> tuple[int | None, str | None]:
    """The version that the pointer names, if it can be used, and what is wrong with the pointer."""
    if not store.exists(snapshots.CURRENT):
        return None, "is missing" if snapshots.versions(store) else None
    try:
        pointer = Pointer.model_validate_json(store.read(snapshots.CURRENT))
    except ValueError:
        return None, "is damaged"
    path = f"snapshots/{pointer.version}/manifest.json"
    if not store.exists(path):
        return None, f"names version {pointer.version}, whose manifest is missing"
    if _sha256(store.read(path)) != pointer.manifest_sha256:
        return None, f"names version {pointer.version} with another sha256 than its manifest has"
    return pointer.version, None


def _hold(store: Store) -> list[Finding]:
    try:
        snapshots.hold(store)
    except DamagedSnapshot:
        cost = "the version that is live stays held; who held it, and why, cannot be had again"
        return [Finding(Kind.HOLD, snapshots.HOLD, "is damaged", cost)]
    return []


def _version(
    store: Store, number: int, sizes: dict[str, int], seen: dict[str, str | None], deep: bool
) -> list[Finding]:
    path = f"snapshots/{number}/manifest.json"
    try:
        manifest = snapshots.manifest(store, number)
    except DamagedSnapshot:
        return [Finding(Kind.VERSION, path, "is damaged", GOES_BACK)]
    except WrongInput:  # of another major schema version
        return []
    if manifest.version != number:
        return [Finding(Kind.VERSION, path, f"says that it is version {manifest.version}", GOES_BACK)]

    def fault(file: StoredFile) -> str | None:
        if file.path not in seen:
            seen[file.path] = _fault(store, file, sizes, deep)
        return seen[file.path]

    found = [
        Finding(Kind.VERSION, path, f"is of a version that is not whole: {file.path} {wrong}", GOES_BACK)
        for file in (*manifest.files, manifest.changes) if (wrong := fault(file))
    ]  # fmt: skip
    if deep and not found and (rows := snapshots.row_faults(manifest)):
        found.append(Finding(Kind.VERSION, path, f"is damaged: {rows[0]}", GOES_BACK))
    cost = "no photo can be encoded with it; it is copied from the release that it was made from"
    for file in (file for encoder in _encoders(manifest) for file in encoder.files):
        if wrong := fault(file):
            found.append(Finding(Kind.ENCODER, file.path, wrong, cost, stops=False))
    return found


def _second(store: Store, live: int, sizes: dict[str, int], deep: bool) -> list[Finding]:
    """Damage in the second embedding of the live version, which a search can do without."""
    try:
        second = snapshots.manifest(store, live).second
    except (DamagedSnapshot, WrongInput):
        return []
    cost = "the next night makes the second embedding anew"
    return [
        Finding(Kind.SECOND, file.path, wrong, cost, stops=False)
        for file in (second.files if second else ())
        if (wrong := _fault(store, file, sizes, deep))
    ]


def _encoders(manifest: Manifest) -> list[Encoder]:
    """The encoders of a version."""
    return [encoder for encoder in (manifest.encoder, manifest.second and manifest.second.encoder) if encoder]


def _fault(store: Store, file: StoredFile, sizes: dict[str, int], deep: bool) -> str | None:
    if deep:
        wrong = snapshots.file_fault(store, file)
        return wrong.removeprefix(f"{file.path}: ") if wrong else None
    if file.path not in sizes:
        return "is missing"
    size = sizes[file.path]
    return None if size == file.bytes else f"has {size} bytes where the manifest says {file.bytes}"


def mend(lake: Lake, findings: Iterable[Finding]) -> None:
    """Damaged logs and second embeddings out of the way; encoders from their releases; versions that are not whole out
    of use; then the pointer, the hold and new logs."""
    store, found = lake.store, list(findings)
    kinds = {finding.kind for finding in found}
    for finding in found:
        if finding.kind is Kind.PUBLISHED_LOG:  # first, as a pointer that moves commits to the tables
            set_log_aside(store, finding.place.rpartition("/")[0])
    if Kind.ENCODER in kinds:
        _mend_encoders(lake, {finding.place for finding in found if finding.kind is Kind.ENCODER})
    for finding in found:
        if finding.kind is Kind.SECOND and store.exists(finding.place):
            set_aside(store, finding.place)
    live, _ = _pointed(store)
    if live is None and Kind.POINTER in kinds:
        live = _nearly_pointed(store)
        _retire_the_pointed(store, live)
    for place in {finding.place for finding in found if finding.kind is Kind.VERSION}:
        if store.exists(place):  # not retired because of the pointer
            store.move(place, place.replace("manifest.json", NOT_WHOLE))
        live = None if live == int(place.split("/")[1]) else live
    if kinds & {Kind.POINTER, Kind.VERSION} and (live is None or Kind.POINTER in kinds):
        _point(store, live)
    if Kind.HOLD in kinds:
        _hold_again(store)
    if kinds & {Kind.POINTER, Kind.VERSION, Kind.PUBLISHED_LOG}:
        snapshots.mend(store, datetime.now(UTC))


def _nearly_pointed(store: Store) -> int | None:
    """The version that a damaged pointer names: all but a few digits of its manifest's digest are right."""
    try:
        pointer = Pointer.model_validate_json(store.read(snapshots.CURRENT))
        has = _sha256(store.read(f"snapshots/{pointer.version}/manifest.json"))
    except (ValueError, OSError):
        return None
    alike = sum(one == other for one, other in zip(has, pointer.manifest_sha256, strict=False))
    return pointer.version if alike >= ALIKE else None


def _retire_the_pointed(store: Store, live: int | None) -> None:
    """Take the manifest out of use that is not the one that the pointer was made for."""
    try:
        named = Pointer.model_validate_json(store.read(snapshots.CURRENT)).version
    except (ValueError, OSError):
        return
    path = f"snapshots/{named}/manifest.json"
    if live is None and store.exists(path) and not _is_pointed_elsewhere(store, path):
        store.move(path, path.replace("manifest.json", NOT_WHOLE))


def _is_pointed_elsewhere(store: Store, path: str) -> bool:
    """Whether the pointer's digest is that of another version: then its number was damaged, and no manifest."""
    wanted = Pointer.model_validate_json(store.read(snapshots.CURRENT)).manifest_sha256
    others = (f"snapshots/{number}/manifest.json" for number in snapshots.versions(store))
    return any(_sha256(store.read(other)) == wanted for other in others if other != path)


def _point(store: Store, live: int | None) -> None:
    """Set the pointer to a version, or to the newest whole one; without any, set it aside."""
    held = _held(store)
    kept = [live] if live else [number for number in reversed(snapshots.versions(store)) if not held or number <= held]
    for number in [*kept, *reversed(snapshots.versions(store))]:
        try:
            if not snapshots.verify(store, number):
                snapshots.point(store, snapshots.manifest(store, number), datetime.now(UTC))
                return
        except (DamagedSnapshot, WrongInput):
            continue
    if store.exists(snapshots.CURRENT):
        set_aside(store, snapshots.CURRENT)


def _held(store: Store) -> int | None:
    try:
        note = snapshots.hold(store)
    except DamagedSnapshot:
        return None
    return note.version if note else None


def _hold_again(store: Store) -> None:
    """Go on holding the live version in place of a note that cannot be read."""
    set_aside(store, snapshots.HOLD)
    live = snapshots.current(store)
    if live is not None:
        why = f"the note before was damaged; it is in lost+found/{snapshots.HOLD}"
        note = Hold(version=live, who="selvedge doctor", why=why, since=datetime.now(UTC))
        store.write(snapshots.HOLD, note.model_dump_json().encode() + b"\n")


def _mend_encoders(lake: Lake, places: set[str]) -> None:
    """Write damaged files of encoders from a release that has the same bytes."""
    for number in snapshots.versions(lake.store):
        try:
            manifest: Manifest = snapshots.manifest(lake.store, number)
        except (DamagedSnapshot, WrongInput):
            continue
        for encoder, file in ((each, file) for each in _encoders(manifest) for file in each.files):
            if file.path in places and (body := _body_of(lake, encoder, file)) is not None:
                if lake.store.exists(file.path):
                    set_aside(lake.store, file.path)
                lake.store.write(file.path, body)
                places.discard(file.path)


def _body_of(lake: Lake, encoder: Encoder, file: StoredFile) -> bytes | None:
    name = file.path.split("/", 2)[2]
    if name == "encoder.json":
        body = card_of(encoder)
        return body if _sha256(body) == file.sha256 else None
    if name == PIXELS:
        bodies = (pixels_body(revision) for revision in range(MOST_REVISIONS))
        return next((body for body in bodies if _sha256(body) == file.sha256), None)
    part, _, rest = name.partition("/")
    for release in sorted((lake.models / part).glob("*")):
        place = release / rest
        if place.is_file() and place.stat().st_size == file.bytes and _sha256(place.read_bytes()) == file.sha256:
            return place.read_bytes()
    return None


def _sha256(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()
