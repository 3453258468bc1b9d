"""The `selvedge shop` commands."""

import json
from pathlib import Path
from typing import Annotated

import typer

from schemas.languages import LANGUAGES
from shops.draw import MAX_OFFERS, DrawOptions
from shops.draw import draw as draw_shop
from shops.layout import BASE_URL, PORT, SampleShop
from shops.photos import PhotoOptions, make

shop = typer.Typer(
    help="Make sample shops, drawn or from labelled photos, and serve them on this machine.", no_args_is_help=True
)

KNOWN = ", ".join(LANGUAGES)

Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
BaseUrl = Annotated[str, typer.Option(help="Address of the server that will serve OUT; the feed contains it.")]


@shop.command()
def draw(  # noqa: PLR0913
    out: Annotated[Path, typer.Option(help="Folder of shops; the new shop becomes a folder in it.")],
    retailer: Annotated[str, typer.Option(help="Name of the shop: a-z, 0-9 and -.")] = "drawn",
    seed: Annotated[int, typer.Option(help="The same seed and options give the same bytes.")] = 1,
    offers: Annotated[int, typer.Option(min=10, max=MAX_OFFERS, help="Number of offers.")] = 100,
    language: Annotated[str, typer.Option(help=f"Language of the texts: {KNOWN}.")] = "en",
    feed: Annotated[str, typer.Option(help="Dialect of the feed: yml or google.")] = "yml",
    pictures: Annotated[int, typer.Option(help="Pictures per product, about.")] = 3,
    styles: Annotated[
        int, typer.Option(help="Number of styles with their own pictures; further styles reuse these pictures.")
    ] = 10_000,
    workers: Annotated[int, typer.Option(help="Number of processes that draw.")] = 1,
    base_url: BaseUrl = BASE_URL,
    as_json: Json = False,
) -> None:
    """Draw a shop: garments (flat, on a hanger, worn), size charts, banners, near-duplicates, and some faults."""
    options = DrawOptions(retailer, seed, offers, language, feed, base_url, pictures, styles, workers)  # type: ignore[arg-type]
    _tell(draw_shop(out, options), as_json)


@shop.command()
def photos(  # noqa: PLR0913
    folders: Annotated[
        list[Path],
        typer.Argument(help="Folders of labelled photos; the columns of their tables tell the kind of data."),
    ],
    out: Annotated[Path, typer.Option(help="Folder of shops; the new shop becomes a folder in it.")],
    retailer: Annotated[str, typer.Option(help="Name of the shop: a-z, 0-9 and -.")] = "photos",
    seed: Annotated[int, typer.Option(help="Seed for the order of products and for which photo gets which text.")] = 1,
    limit: Annotated[int, typer.Option(help="Largest number of offers; 0: no limit.")] = 0,
    language: Annotated[str, typer.Option(help=f"Language of the texts for photos without text: {KNOWN}.")] = "en",
    feed: Annotated[str, typer.Option(help="Dialect of the feed: yml or google.")] = "yml",
    base_url: BaseUrl = BASE_URL,
    as_json: Json = False,
) -> None:
    """Make a shop from labelled photos: a feed with real titles and prices, the pictures, and the true labels."""
    options = PhotoOptions(retailer, seed, limit, language, feed, base_url)  # type: ignore[arg-type]
    _tell(make(folders, out, options), as_json)


@shop.command()
def serve(
    folder: Annotated[Path, typer.Argument(help="Folder of shops.")],
    host: Annotated[str, typer.Option(help="Loopback address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=1, max=65_535, help="Port; must be the port in the feeds' addresses.")
    ] = PORT,
) -> None:
    """Serve a folder of shops on this machine until Ctrl-C: feeds and pictures, but not the true labels."""
    from shops.serve import serve as serve_shops  # imported here, so that other commands start faster

    serve_shops(folder, host, port, typer.echo)


def _tell(made: SampleShop, as_json: bool) -> None:
    told = {
        "folder": str(made.folder),
        "feed": made.feed_url,
        "spec": str(made.spec),
        "offers": made.offers,
        "products": made.products,
        "pictures": made.pictures,
    }
    if as_json:
        typer.echo(json.dumps(told))
        return
    for name, value in told.items():
        typer.echo(f"{name:9} {value}")
