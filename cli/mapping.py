"""`mapping check`, `coverage` and `desk`: errors in the mapping files, how much they cover, and a page to mend them."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.context import Json, open_night, print_json, writing
from cli.terminal import say, served_at
from jobs.engine.mapping_files import check_files
from jobs.engine.night import Night
from jobs.live.coverage import coverage_view
from schemas.errors import WrongInput
from schemas.retailer import retailer_folders
from schemas.settings import read_settings
from udfs.rules.coverage import RetailerCoverage, RuleUse
from udfs.rules.mapping import Mapping
from udfs.rules.wording import written

if TYPE_CHECKING:
    from desk.work import Work

app = typer.Typer(help="Check the mapping files and their coverage, and mend them.", no_args_is_help=True)

Retailer = Annotated[str | None, typer.Argument(help="One retailer. Default: all.")]

Clicks = Annotated[Path | None, typer.Option(help="File of lines product_id<TAB>clicks: coverage by clicks.")]

LARGEST = 15


@app.command()
def check(retailer: Retailer = None, json: Json = False) -> None:
    """List all errors and warnings in the files under `mappings/`, with file and line."""
    mappings = read_settings().mappings
    folders = [folder for folder in retailer_folders(mappings) if retailer in (None, folder.name)]
    if retailer and not folders:
        raise WrongInput("mapping check", None, f"{retailer}: there is no such retailer")
    files = list(check_files(mappings, folders))
    found = [(file, problem) for file, problems in files for problem in problems]
    if json:
        print_json([{"file": str(f), "line": p.line, "severity": p.severity, "text": p.text} for f, p in found])
    else:
        for file, problem in found:
            say(f"{_place(file, problem.line)}: {problem.severity}: {problem.text}")
        say(f"{_counted(len(files), 'file')}, {_counted(len(found), 'finding')}")
    raise typer.Exit(2 if any(problem.severity == "error" for _, problem in found) else 0)


def _place(file: Path, line: int) -> str:
    return f"{file}:{line}" if line else str(file)


def _counted(count: int, name: str, several: str = "") -> str:
    return f"{count:,} {name if count == 1 else several or name + 's'}"


@app.command()
def coverage(
    retailer: Retailer = None,
    html: Annotated[Path | None, typer.Option(help="Write it as a page to this one file.")] = None,
    clicks: Clicks = None,
    json: Json = False,
) -> None:
    """Show how many live products are mapped, ignored and unmapped, and the largest unmapped categories."""
    night = open_night(quiet=True)
    night.check_names([retailer] if retailer else [], "mapping coverage")
    if html is not None:
        _page_of(night, retailer, html, clicks)
        return
    if clicks is not None:
        raise WrongInput("--clicks", None, "weighs the page: give --html FILE too")
    views = [(view, _rules(view, night.mappings.get(view.retailer)))
             for view in coverage_view(night) if retailer in (None, view.retailer)]  # fmt: skip
    if json:
        print_json([_as_json(view, rules) for view, rules in views])
        return
    for view, rules in views:
        _say(view, rules)
    if not views:
        say(f"{retailer or 'all retailers'}: no live products yet; run a night first")


def _page_of(night: Night, retailer: str | None, file: Path, clicks: Path | None) -> None:
    from desk.clicks import read_clicks
    from desk.coverage_page import coverage_page
    from desk.serve import open_desk

    found = open_desk(night, read_only=True)
    found.pending, found.clicks = False, read_clicks(clicks) if clicks else {}
    names = [name for name in sorted({*found.shops, *found.broken}) if retailer in (None, name)]
    with writing(file):
        file.write_text(coverage_page(found, names, f"{night.today}"), encoding="utf-8")
    say(f"page     {file}")


@app.command()
def desk(  # noqa: PLR0913
    retailer: Retailer = None,
    read_only: Annotated[bool, typer.Option("--read-only", help="Show everything, change nothing.")] = False,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port on 127.0.0.1. 0: any free one.")] = 0,
    by: Annotated[str, typer.Option(help="Your initials, written beside each rule.")] = "",
    clicks: Clicks = None,
    commit: Annotated[bool, typer.Option("--commit", help="Commit each saved file to git.")] = False,
    export: Annotated[Path | None, typer.Option(help="Write one shop's desk to one file, and serve nothing.")] = None,
) -> None:
    """Serve a page on this machine, on which categories are mapped key by key, until Ctrl-C."""
    from desk.app import App
    from desk.clicks import read_clicks
    from desk.serve import leaves_of, open_desk, serve

    if export is not None:
        _export(retailer, export)
        return
    night = open_night(quiet=True)
    if retailer is not None and retailer not in night.broken:
        night.check_names([retailer], "mapping desk")
    found = open_desk(night, read_only)
    found.by, found.commit, found.clicks = by, commit, read_clicks(clicks) if clicks else {}
    found.anew = lambda: open_desk(open_night(quiet=True), read_only)

    serve(App(found, leaves_of(night)), port, retailer, lambda address: served_at("desk", address))


def _export(retailer: str | None, file: Path) -> None:
    """Writes the desk of one shop, as its mapping file leaves it, to a file."""
    from desk.export import exported
    from desk.serve import leaves_of
    from desk.thumbnails import reader
    from jobs.answers.thumbnails import stored_places

    if retailer is None:
        raise WrongInput("--export", None, "name one shop: selvedge mapping desk SHOP --export FILE")
    night, work = _work_at(retailer, "mapping desk")
    page = exported(work, leaves_of(night), reader(night.store, stored_places(night.tables)))
    with writing(file):
        file.write_text(page, encoding="utf-8")
    say(f"{retailer}: {_counted(len(work.left()), 'open category', 'open categories')} written to {file}; "
        "what it downloads is applied with: selvedge mapping apply FILE")  # fmt: skip


@app.command()
def apply(
    file: Annotated[Path, typer.Argument(help="What an exported desk downloaded.")],
    by: Annotated[str, typer.Option(help="Initials to write beside each rule. Default: those in the file.")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would change, write nothing.")] = False,
) -> None:
    """Add the decisions of an exported desk to the shop's mapping file: all of them, or none."""
    from desk.export import read_decisions, take
    from desk.pages import pending_difference
    from desk.what_if import lines

    retailer, said_by, decisions = read_decisions(file)
    night, work = _work_at(retailer, f"{file}:1")
    take(work, file, decisions)
    if not (by or said_by):
        raise WrongInput("--by", None, "your initials are needed to write rules")
    changed, before = pending_difference(work), work.covered
    if not dry_run:
        work.save(by or said_by, night.today)
    say("\n".join(lines(changed)))
    say(f"{retailer}: {_counted(len(decisions), 'rule')}, {before:.1%} covered with them; "
        f"{'nothing was written' if dry_run else f'added to {work.text.path}'}")  # fmt: skip


@app.command()
def suggest(
    retailer: Annotated[str, typer.Argument(help="One retailer.")],
    at: Annotated[float, typer.Option(min=0.5, max=1, help="How sure a rule must be to be written.")] = 0.98,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="List the rules, write nothing.")] = False,
    json: Json = False,
) -> None:
    """Write the rules that are sure enough to the shop's mapping file, marked as suggested, with their evidence."""
    from desk import suggest as suggesting

    night, work = _work_at(retailer, "mapping suggest")
    found = suggesting.suggestions(work, at)
    products, before = sum(one.products for one in found), work.covered
    if not dry_run:
        work.add_rules([one.decision for one in found], suggesting.BY, night.today)
    if json:
        print_json([{"category": o.name, "products": o.products, "probability": o.probability,
                     "to": o.decision.to, "because": o.decision.because} for o in found])  # fmt: skip
        return
    for one in found:
        say(f"  {one.probability:.3f} {one.products:>6}  {one.name}  -> {one.decision.to or 'ignored'}")
    share = products / max(len(work.shop.products), 1)
    written_to = "nothing was written" if dry_run or not found else f"added to {work.text.path}"
    say(f"{retailer}: {_counted(len(found), 'rule')} for {_counted(products, 'product')} "
        f"({before:.1%} covered before, {before + share:.1%} with them); {written_to}")  # fmt: skip


@app.command()
def sheet(
    retailer: Annotated[str, typer.Argument(help="One retailer.")],
    out: Annotated[Path | None, typer.Option(help="Write the open categories to this file, .xlsx or .csv.")] = None,
    back: Annotated[Path | None, typer.Option(help="Read a filled-in file, xlsx or CSV, and add its rules.")] = None,
    by: Annotated[str, typer.Option(help="Your initials, written beside each rule.")] = "",
) -> None:
    """Write the open categories as a table for a spreadsheet, or read it back as rules."""
    from desk import sheet as sheets

    if (out is None) == (back is None):
        raise WrongInput("mapping sheet", None, "give either --out FILE or --back FILE")
    night, work = _work_at(retailer, "mapping sheet")
    if out is not None:
        with writing(out):
            is_workbook = out.suffix.lower() == ".xlsx"
            out.write_bytes(sheets.workbook(work) if is_workbook else sheets.sheet(work).encode())
        say(f"{retailer}: {_counted(len(work.left()), 'open category', 'open categories')} written to {out}")
        return
    assert back is not None
    made = sheets.decisions_of(work, back)
    if not by:
        raise WrongInput("--by", None, "your initials are needed to write rules")
    work.add_rules(made, by, night.today)
    say(f"{retailer}: {_counted(len(made), 'rule')} added to {work.text.path}; {work.covered:.1%} covered")


def _work_at(retailer: str, asked_by: str) -> "tuple[Night, Work]":
    """One shop without anybody's pending decisions: only the file counts."""
    from desk.serve import work_at

    night = open_night(quiet=True)
    night.check_names([retailer], asked_by)
    work = work_at(night, retailer)
    if not work.shop.products:
        raise WrongInput(asked_by, None, f"{retailer}: no live products yet; run a night first")
    return night, work


def _rules(view: RetailerCoverage, mapping: Mapping | None) -> list[RuleUse]:
    return view.all_rules(mapping) if mapping else []


def _say(view: RetailerCoverage, rules: list[RuleUse]) -> None:
    say(f"{view.retailer}: {_counted(view.products, 'product')}  {_shares(view.shares())}")
    decided = view.decided_by()
    later = "the next night says; the mapping was changed since the last one"
    say(f"  decided by: {_shares(decided) if any(decided.values()) else later}")
    for use in rules:
        doubts = f" (text disagrees on {use.text_differs}, pictures on {use.image_differs})" if use.products else ""
        decides = _counted(use.products, "product") if use.products else "applies to no product"
        say(f"  {use.rule}  -> {use.node or 'ignored'}: {decides}{doubts}")
    for category in view.largest_unmapped(LARGEST):
        path = written(category.path) or "(no category)"
        say(f"  unmapped {category.products:>6}  {path}  ({'; '.join(category.titles[:3])})")


def _shares(shares: dict[str, float]) -> str:
    return "  ".join(f"{name} {share:.1%}" for name, share in shares.items())


def _as_json(view: RetailerCoverage, rules: list[RuleUse]) -> dict[str, Any]:
    return {
        "retailer": view.retailer,
        "products": view.products,
        "shares": view.shares(),
        "decided_by": view.decided_by(),
        "rules": [vars(use) for use in rules],
        "unmapped": [
            {"path": list(c.path), "products": c.products, "titles": c.titles} for c in view.largest_unmapped(LARGEST)
        ],
    }
