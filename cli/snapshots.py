"""`snapshots`, `describe`, `rollback` and `live`: the versions of the index."""

import getpass
from typing import Annotated

import typer

from cli.context import Json, print_json
from lake import snapshots as versions_of
from lake.lease import lease
from lake.store import Store, open_store
from schemas.errors import WrongInput
from schemas.settings import read_settings

Version = Annotated[int, typer.Argument(min=1, help="The version's number.")]

MaybeVersion = Annotated[int | None, typer.Argument(help="The live one where it is left out.")]


def _store() -> Store:
    return open_store(read_settings().lake)


def snapshots(json: Json = False) -> None:
    """List the versions that are kept, and say which one is live."""
    store = _store()
    live, held = versions_of.current(store), versions_of.hold(store)
    rows = []
    for number in versions_of.versions(store):
        manifest = versions_of.manifest(store, number)
        rows.append({
            "version": number, "live": number == live, "published_at": str(manifest.published_at),
            "garments": manifest.rows("garments"), "products": manifest.rows("products"),
            "content_digest": manifest.content_digest,
        })  # fmt: skip
    if json:
        print_json({"versions": rows, "hold": held.model_dump() if held else None})
        return
    for row in rows:
        mark = "*" if row["live"] else " "
        typer.echo(f"{mark} {row['version']:>6}  {str(row['published_at'])[:19]}  {row['garments']:>9} garments"
                   f"  {row['products']:>9} products")  # fmt: skip
    if held:
        typer.echo(f"held at {held.version} by {held.who} since {held.since:%Y-%m-%d %H:%M}: {held.why}")


def describe(version: MaybeVersion = None, json: Json = False) -> None:
    """Show what a version was made from, by whom it was judged, and whether its files are whole."""
    store = _store()
    number = version if version is not None else versions_of.current(store)
    if number is None:
        raise WrongInput("describe", None, "nothing has been published here yet")
    manifest, faults = versions_of.manifest(store, number), versions_of.verify(store, number)
    if json:
        print_json(manifest.model_dump(mode="json") | {"faults": faults})
        return
    typer.echo(f"version {manifest.version}, parent {manifest.parent}, published {manifest.published_at}")
    typer.echo(f"{manifest.rows('garments')} garments, {manifest.rows('products')} products, "
               f"content digest {manifest.content_digest[:16]}")  # fmt: skip
    for name, state in manifest.facts.retailers.items():
        counts = manifest.counts.get(name)
        typer.echo(
            f"  {name}: {state.status}, {counts.garments if counts else 0} garments  {state.reason or ''}".rstrip()
        )
    for gate in manifest.gates:
        said = "passed" if gate.passed else "refused"
        where = f" ({gate.retailer})" if gate.retailer else ""
        accepted = f", accepted: {gate.accepted_because}" if gate.accepted_because else ""
        typer.echo(f"  gate {gate.name}{where}: {gate.value:.6g} against {gate.bound:.6g}, {said}{accepted}")
    typer.echo("files whole" if not faults else "\n".join(faults))


def rollback(
    version: Version,
    why: Annotated[str, typer.Option("--why", help="Kept beside the pointer until `live`.")],
) -> None:
    """Move the pointer to an earlier version and hold it there."""
    settings = read_settings()
    store = _store()
    with lease(store, f"rollback-{version}", settings.lease_seconds):
        manifest = versions_of.rollback(store, version, getpass.getuser(), why)
    typer.echo(
        f"version {manifest.version} is live and held; nights go on publishing. `selvedge live VERSION` ends it."
    )


def live(version: Version) -> None:
    """Move the pointer to a version and let nights move it again."""
    settings = read_settings()
    store = _store()
    with lease(store, f"live-{version}", settings.lease_seconds):
        manifest = versions_of.live(store, version)
    typer.echo(f"version {manifest.version} is live.")
