"""`snapshots`, `describe`, `rollback` and `live`: the versions of the index."""

import getpass
from typing import Annotated, Any

import typer

from cli.context import Json, print_json
from cli.terminal import say
from lake import snapshots as versions_of
from lake.lease import lease
from lake.published_files import DamagedSnapshot
from lake.store import Store, open_store
from schemas.errors import WrongInput
from schemas.manifest import Hold, Manifest
from schemas.settings import read_settings

Version = Annotated[int, typer.Argument(min=1, help="Number of the version.")]

MaybeVersion = Annotated[int | None, typer.Argument(help="Number of the version. Default: the live one.")]


def _store() -> Store:
    return open_store(read_settings().lake)


def snapshots(json: Json = False) -> None:
    """List the kept versions; a star marks the live one."""
    store = _store()
    live, damage = _live(store)
    rows, held, unknown = [], versions_of.hold(store), None
    for number in versions_of.versions(store):
        try:
            manifest = versions_of.manifest(store, number)
        except DamagedSnapshot as error:
            damage.append(str(error))
            continue
        except WrongInput as error:  # of another major schema version
            unknown = error
            continue
        rows.append(manifest.model_dump(mode="json", include={"version", "published_at", "content_digest"}) | {
            "live": number == live, "garments": manifest.rows("garments"), "products": manifest.rows("products"),
        })  # fmt: skip
    if json:
        print_json({"versions": rows, "hold": held.model_dump(mode="json") if held else None, "faults": damage})
    else:
        _list(rows, held)
    _end_with(damage)
    if unknown is not None:
        raise unknown


def _live(store: Store) -> tuple[int | None, list[str]]:
    """The live version, and any damage of the pointer."""
    try:
        return versions_of.current(store), []
    except DamagedSnapshot as error:
        return None, [str(error)]


def _list(rows: list[dict[str, Any]], held: Hold | None) -> None:
    for row in rows:
        mark = "*" if row["live"] else " "
        say(f"{mark} {row['version']:>6}  {row['published_at'][:16].replace('T', ' ')}"
                   f"  {row['garments']:>9} garments  {row['products']:>9} products")  # fmt: skip
    if not rows:
        say(f"nothing has been published in {read_settings().lake} yet")
    if held:
        say(
            f"version {held.version} is held live by {held.who} since {held.since:%Y-%m-%d %H:%M}: {held.why}; "
            "`selvedge live VERSION` ends the hold"
        )


def _end_with(faults: list[str]) -> None:
    for fault in faults:
        say(f"selvedge: {fault}", err=True)
    if faults:
        raise typer.Exit(DamagedSnapshot.exit_code)


def describe(version: MaybeVersion = None, json: Json = False) -> None:
    """Show what a version was made from, its gates, and whether its files are intact."""
    store = _store()
    number = version if version is not None else versions_of.current(store)
    if number is None:
        raise WrongInput("describe", None, "nothing has been published in this lake yet")
    manifest = versions_of.manifest(store, number)
    faults = [*versions_of.verify(store, number), *versions_of.second_faults(store, manifest)]
    if json:
        print_json(manifest.model_dump(mode="json") | {"faults": faults})
    else:
        _describe(manifest)
        say("files intact" if not faults else "files damaged")
    said = "to act: the data engineer (restore the file, or `selvedge rollback VERSION` to an intact version)"
    _end_with([f"{fault}; {said}" for fault in faults])


def _describe(manifest: Manifest) -> None:
    after = f", after version {manifest.parent}" if manifest.parent else ""
    by = f" by selvedge {manifest.made_by}" if manifest.made_by else ""
    say(f"version {manifest.version}{after}, published {manifest.published_at:%Y-%m-%d %H:%M} UTC{by}")
    say(f"{manifest.rows('garments')} garments, {manifest.rows('products')} products, "
               f"content digest {manifest.content_digest[:16]}")  # fmt: skip
    for name, state in manifest.facts.retailers.items():
        counts = manifest.counts.get(name)
        age = "" if state.feed_age_hours is None else f", feed {state.feed_age_hours:g} h old"
        say(
            f"  {name}: {state.status}, {counts.garments if counts else 0} garments{age}  {state.reason or ''}".rstrip()
        )
    for name, digest in manifest.facts.models.items():
        say(f"  model {name}: {digest[:12]}")
    if manifest.second:
        have, garments = manifest.second.garments, manifest.rows("garments")
        say(f"  second embedding {manifest.second.model[:12]}: vectors of {have} of {garments} garments")
    for gate in manifest.gates:
        said = "passed" if gate.passed else "failed"
        where = f" ({gate.retailer})" if gate.retailer else ""
        accepted = f", accepted: {gate.accepted_because}" if gate.accepted_because else ""
        say(f"  gate {gate.name}{where}: {gate.value:.6g}, bound {gate.bound:.6g}, {said}{accepted}")


def rollback(
    version: Version,
    why: Annotated[str, typer.Option("--why", help="Reason, kept until `selvedge live`.")] = "no reason given",
) -> None:
    """Make an earlier version live and hold it there: nights go on publishing, but it stays live."""
    settings = read_settings()
    store = _store()
    with lease(store, f"rollback-{version}", settings.lease_seconds):
        manifest = versions_of.rollback(store, version, getpass.getuser(), why)
    say(
        f"version {manifest.version} is live and held: nights go on publishing, but it stays live until "
        "`selvedge live VERSION`."
    )


def live(version: Version) -> None:
    """Make a version live and end any hold, so that the next versions go live by themselves again."""
    settings = read_settings()
    store = _store()
    with lease(store, f"live-{version}", settings.lease_seconds):
        manifest = versions_of.live(store, version)
    say(f"version {manifest.version} is live.")
