"""The `selvedge shop` commands."""

import json
from pathlib import Path
from typing import Annotated

import typer

from shops.draw import BASE_URL, DrawOptions
from shops.draw import draw as draw_shop
from shops.serve import PORT
from shops.serve import serve as serve_shops

shop = typer.Typer(
    help="Sample shops: drawn from a seed, made of labelled photos, served on this machine.", no_args_is_help=True
)

Json = Annotated[bool, typer.Option("--json", help="Print what was made as JSON.")]
BaseUrl = Annotated[str, typer.Option(help="The server that will serve OUT; its address stands in the feed.")]


@shop.command()
def draw(  # noqa: PLR0913
    out: Annotated[Path, typer.Option(help="Folder of shops; the shop is a folder in it.")],
    retailer: Annotated[str, typer.Option(help="Name of the shop: a-z, 0-9 and -.")] = "drawn",
    seed: Annotated[int, typer.Option(help="The same seed and options draw the same bytes.")] = 1,
    offers: Annotated[int, typer.Option(help="10 to 1,000,000 offers.")] = 100,
    language: Annotated[str, typer.Option(help="Texts in en, ja or ru.")] = "en",
    feed: Annotated[str, typer.Option(help="Feed as yml or google.")] = "yml",
    pictures: Annotated[int, typer.Option(help="Pictures a product, about.")] = 3,
    styles: Annotated[
        int, typer.Option(help="Styles with pictures of their own; later ones show those again.")
    ] = 10_000,
    workers: Annotated[int, typer.Option(help="Processes that draw.")] = 1,
    base_url: BaseUrl = BASE_URL,
    as_json: Json = False,
) -> None:
    """Draw a shop: garments flat, on a hanger and worn, size charts, banners, near copies, and some faults."""
    options = DrawOptions(retailer, seed, offers, language, feed, base_url, pictures, styles, workers)  # type: ignore[arg-type]
    made = draw_shop(out, options)
    _tell({"folder": str(made.folder), "feed": made.feed_url, "spec": str(made.spec), "offers": made.offers,
           "products": made.products, "pictures": made.pictures}, as_json)  # fmt: skip


@shop.command()
def serve(
    folder: Annotated[Path, typer.Argument(help="Folder of shops.")],
    host: Annotated[str, typer.Option(help="An address of this machine alone.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Feeds hold addresses with the port they were made for.")] = PORT,
) -> None:
    """Serve a folder of shops on this machine until Ctrl-C. Feeds and pictures only; the truth is not served."""
    typer.echo(f"Serving {folder} on http://{host}:{port}/ (Ctrl-C ends it)")
    serve_shops(folder, host, port)


def _tell(made: dict[str, str | int], as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(made))
        return
    for name, value in made.items():
        typer.echo(f"{name:9} {value}")
