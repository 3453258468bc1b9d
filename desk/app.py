"""The desk's pages as a web application on loopback."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime
from functools import wraps
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from desk import pages
from desk.guard import Guard
from desk.leaves import Leaves
from desk.product import correct, product_page
from desk.rules import rule_page, rule_uses
from desk.state import Desk
from desk.thumbnails import SIDES, small
from desk.work import Work, said_of
from schemas.errors import Stop, WrongInput

Handler = Callable[["App", Request], Awaitable[Response]]


class App:
    """Routes over one desk. Handlers run one after the other, so that two tabs cannot interleave in a decision."""

    def __init__(self, desk: Desk, leaves: Leaves) -> None:
        self.desk, self.leaves = desk, leaves

    def asgi(self, token: str, port: int) -> ASGIApp:
        routes = [
            Route("/", self.on(shops)),
            Route("/shop/{retailer}", self.on(shop)),
            Route("/shop/{retailer}/work", self.on(work)),
            Route("/shop/{retailer}/act", self.on(act), methods=["POST"]),
            Route("/shop/{retailer}/leaves", self.on(found_leaves)),
            Route("/shop/{retailer}/part", self.on(part)),
            Route("/shop/{retailer}/rules", self.on(rules)),
            Route("/shop/{retailer}/rule", self.on(rule), methods=["GET", "POST"]),
            Route("/shop/{retailer}/products", self.on(products)),
            Route("/shop/{retailer}/product", self.on(product)),
            Route("/shop/{retailer}/wrong", self.on(wrong), methods=["POST"]),
            Route("/shop/{retailer}/whatif", self.on(what_if)),
            Route("/shop/{retailer}/save", self.on(save), methods=["GET", "POST"]),
            Route("/picture/{sha}/{side:int}", self.on(picture)),
            Mount("/static", StaticFiles(directory=Path(__file__).parent / "static")),
        ]
        return Guard(Starlette(routes=routes), token, port)

    def warm(self, retailer: str | None) -> None:
        """Prepares what the first view needs, so that the first key is as quick as any other. What is broken is told
        there."""
        rows = [] if retailer else shop_rows(self.desk)
        first = retailer or next((row["name"] for row in rows if not row["error"]), None)
        with suppress(Stop):
            if first is not None:
                said = pages.card(self.desk.work(first), self.leaves, None)
                pages.render("shop.html", root="", desk=self.desk, retailer=first, **said)

    def on(self, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
        """The handler as a route; what ends a command elsewhere is a clear page here."""

        @wraps(handler)
        async def answered(request: Request) -> Response:
            try:
                return await handler(self, request)
            except Stop as error:
                status = 400 if isinstance(error, WrongInput) else 409
                return self.page(request, "error.html", status, **pages.told(error))

        return answered

    def page(self, request: Request, name: str, status: int = 200, **said: Any) -> Response:
        said |= {"root": request.scope["root_path"], "desk": self.desk, "retailer": request.path_params.get("retailer")}
        return HTMLResponse(pages.render(name, **said), status)

    def check_writable(self) -> None:
        """Raises WrongInput where nothing may be changed."""
        if self.desk.read_only:
            raise WrongInput("mapping desk", None, "this desk was opened with --read-only; nothing can be changed")

    def work(self, request: Request) -> Work:
        return self.desk.work(request.path_params["retailer"])


async def form_of(request: Request) -> dict[str, str]:
    """The fields of a posted form; of one that is given twice, the last."""
    body = (await request.body()).decode("utf-8", "replace")
    return {name: values[-1] for name, values in parse_qs(body, keep_blank_values=True).items()}


def shop_rows(desk: Desk) -> list[dict[str, Any]]:
    """Every shop, that with the most unmapped products first."""
    rows = [pages.shop_row(desk, name) for name in sorted({*desk.shops, *desk.broken})]
    return sorted(rows, key=lambda row: -row["unmapped"])


async def shops(app: App, request: Request) -> Response:
    return app.page(request, "shops.html", rows=shop_rows(app.desk))


async def shop(app: App, request: Request) -> Response:
    found = app.work(request)
    return app.page(request, "shop.html", **pages.card(found, app.leaves, request.query_params.get("at")))


async def work(app: App, request: Request) -> Response:
    found = app.work(request)
    at, step = request.query_params.get("at"), request.query_params.get("step")
    if at and step:
        waiting = found.left(at)
        at = waiting[int(step) % len(waiting)] if waiting and step in ("1", "-1") else at
    return app.page(request, "_work.html", **pages.card(found, app.leaves, at))


ASKED = {"title": "word", "gender": "gender", "note": "note"}
"""What a key may add to a decision, and its field in the form."""


async def act(app: App, request: Request) -> Response:
    found, form = app.work(request), await form_of(request)
    app.check_writable()
    key, do = form.get("category", ""), form.get("do", "")
    if do == "undo":
        taken = found.undo()
        return app.page(request, "_work.html", **pages.after_undo(found, app.leaves, taken))
    said: dict[str, str | None] = {ours: form.get(theirs) or None for ours, theirs in ASKED.items()}
    if do == "accept":
        proposals = found.considered(key).proposals
        place = form.get("place", "0")
        if not place.isdecimal() or int(place[:3]) >= len(proposals):
            raise WrongInput("mapping desk", None, "there is no such proposal; choose a category by name")
        said |= said_of(proposals[int(place)])
    elif do == "leaf":
        if form.get("leaf", "") not in app.desk.taxonomy:
            raise WrongInput("mapping desk", None, "the taxonomy has no such category")
        said["to"] = form["leaf"]
    elif do == "ignore":
        said |= {"because": " ".join(form.get("because", "").split())[:200] or "no garment"}
    elif do != "skip":
        raise WrongInput("mapping desk", None, "no such key")
    made = found.decide(key, **said)
    return app.page(request, "_work.html", **pages.after(found, app.leaves, key, made))


async def found_leaves(app: App, request: Request) -> Response:
    found, asked = app.work(request), request.query_params
    hits = app.leaves.search(asked.get("q", ""), found.shop.language)
    return app.page(request, "_leaves.html", hits=hits, asked=asked.get("q", ""), use=asked.get("for", ""))


async def part(app: App, request: Request) -> Response:
    found, asked = app.work(request), request.query_params
    parts = pages.parts(found, asked.get("category", ""), asked.get("word", ""), asked.get("gender", ""))
    return app.page(request, "_part.html", **parts)


async def rules(app: App, request: Request) -> Response:
    found = app.work(request)
    return app.page(request, "rules.html", work=found, **rule_uses(found))


async def rule(app: App, request: Request) -> Response:
    found, today = app.work(request), datetime.now(UTC).date()
    if request.method == "GET":
        shown = rule_page(found, dict(request.query_params), app.desk.by, today)
        return app.page(request, "rule.html", work=found, **shown)
    form = await form_of(request)
    app.check_writable()
    app.desk.by = form.get("by", "").strip()
    shown = rule_page(found, form, app.desk.by, today)  # refuses a line or a category that is not there
    if form.get("digest") != found.text.digest or shown["body"] is None:
        raise WrongInput("mapping desk", None, "the file was loaded anew since this was shown; look at the rule again")
    found.replace_file(shown["body"])
    committed = pages.commit(found, 1, found.counts, shown["found"]) if app.desk.commit else None
    return app.page(request, "saved.html", work=found, count=1, committed=committed)


async def products(app: App, request: Request) -> Response:
    found = app.work(request)
    return app.page(request, "products.html", work=found, **pages.listed(found, dict(request.query_params)))


async def product(app: App, request: Request) -> Response:
    found = app.work(request)
    shown = await run_in_threadpool(product_page, app.desk, found, app.leaves, request.query_params.get("id", ""))
    return app.page(request, "product.html", work=found, **shown)


async def wrong(app: App, request: Request) -> Response:
    found, form = app.work(request), await form_of(request)
    app.check_writable()
    return app.page(request, "_said.html", **await run_in_threadpool(correct, app.desk, found, form))


async def what_if(app: App, request: Request) -> Response:
    found = app.work(request)
    return app.page(request, "whatif.html", work=found, found=pages.pending_difference(found))


async def save(app: App, request: Request) -> Response:
    form = await form_of(request) if request.method == "POST" else {"do": "look"}
    if form.get("do") == "load":
        app.check_writable()
        await run_in_threadpool(app.desk.load_again, request.path_params["retailer"])
    found = app.work(request)
    if form.get("do") in ("look", "load"):
        return app.page(request, "save.html", work=found, **pages.to_save(found, app.desk.by))
    app.check_writable()
    app.desk.by = form.get("by", "").strip()
    before = found.counts
    changed = pages.pending_difference(found)
    count = found.save(app.desk.by, datetime.now(UTC).date())
    committed = pages.commit(found, count, before, changed) if app.desk.commit and count else None
    return app.page(request, "saved.html", work=found, count=count, committed=committed)


async def picture(app: App, request: Request) -> Response:
    sha, side = request.path_params["sha"], request.path_params["side"]
    if side not in SIDES or len(sha) != 64 or not all(letter in "0123456789abcdef" for letter in sha):
        return Response(status_code=404)
    body = await run_in_threadpool(app.desk.picture, bytes.fromhex(sha))
    made = await run_in_threadpool(small, body, side) if body else None
    if made is None:
        return Response(status_code=404)
    return Response(made, media_type="image/jpeg", headers={"cache-control": "private, max-age=3600"})
