"""`mapping check` and `mapping coverage`: what an analyst asks of the mapping files."""

from typing import Annotated, Any

import typer

from cli.context import Json, open_night, print_json
from jobs.coverage import coverage_view
from schemas.errors import WrongInput
from schemas.retailer import read_retailers
from schemas.settings import read_settings
from udfs.rules.coverage import RetailerCoverage
from udfs.rules.mapping import check as problems_of
from udfs.rules.taxonomy import Taxonomy

app = typer.Typer(help="Check the mapping files, and see what they cover.", no_args_is_help=True)

Retailer = Annotated[str | None, typer.Argument(help="One retailer; all where it is left out.")]

LARGEST = 15


@app.command()
def check(retailer: Retailer = None, json: Json = False) -> None:
    """Find every error and warning of the mapping files, with file and line."""
    mappings = read_settings().mappings
    taxonomy = Taxonomy.read(mappings / "taxonomy.xml")
    specs = [spec for spec in read_retailers(mappings) if retailer in (None, spec.name)]
    if retailer and not specs:
        raise WrongInput("mapping check", None, f"{retailer}: no such retailer")
    files = [spec.mapping for spec in specs if spec.mapping]
    found = [(file, problem) for file in files for problem in problems_of(file, taxonomy)]
    if json:
        print_json([{"file": str(f), "line": p.line, "severity": p.severity, "text": p.text} for f, p in found])
    else:
        for file, problem in found:
            typer.echo(f"{file}:{problem.line}: {problem.severity}: {problem.text}")
        typer.echo(f"{len(files)} files, {len(found)} findings")
    raise typer.Exit(2 if any(problem.severity == "error" for _, problem in found) else 0)


@app.command()
def coverage(retailer: Retailer = None, json: Json = False) -> None:
    """Show which share of the live products is mapped, ignored, unmapped, and the largest unmapped categories."""
    views = [view for view in coverage_view(open_night(quiet=True)) if retailer in (None, view.retailer)]
    if json:
        print_json([_as_json(view) for view in views])
        return
    for view in views:
        shares = "  ".join(f"{kind} {share:.1%}" for kind, share in view.shares().items())
        typer.echo(f"{view.retailer}: {view.products} products  {shares}")
        for use in sorted(view.rules.values(), key=lambda use: -use.products):
            typer.echo(f"  {use.rule}  -> {use.node or 'ignored'}: {use.products} products, "
                       f"text differs {use.text_differs}, image differs {use.image_differs}")  # fmt: skip
        for category in view.largest_unmapped(LARGEST):
            typer.echo(
                f"  unmapped {category.products:>6}  {' / '.join(category.path)}  ({'; '.join(category.titles[:3])})"
            )


def _as_json(view: RetailerCoverage) -> dict[str, Any]:
    return {
        "retailer": view.retailer,
        "products": view.products,
        "shares": view.shares(),
        "decided_by": dict(view.sources),
        "rules": [vars(use) for use in view.rules.values()],
        "unmapped": [
            {"path": list(c.path), "products": c.products, "titles": c.titles} for c in view.largest_unmapped(LARGEST)
        ],
    }
