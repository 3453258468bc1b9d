"""The search by photo as a web application on loopback: a photo is dropped on a page, which shows what is near it.

A photo stays in memory, and only while it is looked at; the last few answers are kept in memory too.
"""

import asyncio
import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable
from urllib.parse import unquote

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from desk.guard import Guard
from selvedge_searcher.errors import PhotoRefused, SnapshotError
from selvedge_searcher.photo import MAX_BYTES

UPLOAD_S = 30
MOST_ANSWERS = 8
MOST_WAITING = 2
"""Photos that are held in memory at once: one is looked at, one waits."""
MOST_NAME = 120

Find = Callable[[str, bytes], str]
"""The page for a photo's name and bytes. Raises PhotoRefused and SnapshotError."""


class PhotoSearch:
    """Pages over one search; photos are looked at one after the other."""

    def __init__(self, find: Find, empty: str, policy: str) -> None:
        """`empty` is the page without a photo, `policy` the content security policy of both."""
        self._find, self._empty, self._headers = find, empty, {"content-security-policy": policy}
        self._answers: OrderedDict[str, str] = OrderedDict()
        self._looking, self._waiting = threading.Lock(), 0

    def asgi(self, token: str, port: int) -> ASGIApp:
        routes = [
            Route("/", self._start),
            Route("/look", self._look, methods=["POST"]),
            Route("/found/{answer}", self._found),
        ]
        return Guard(Starlette(routes=routes), token, port, MAX_BYTES)

    async def _start(self, _: Request) -> Response:
        return HTMLResponse(self._empty, headers=self._headers)

    async def _found(self, request: Request) -> Response:
        page = self._answers.get(request.path_params["answer"])
        if page is None:
            return HTMLResponse(self._empty, 404, headers=self._headers)
        return HTMLResponse(page, headers=self._headers)

    async def _look(self, request: Request) -> Response:
        """Where the answer is, as text; what is refused is said in a line."""
        if self._waiting >= MOST_WAITING:
            return PlainTextResponse("other photos are looked at; try again in a moment", 503)
        self._waiting += 1
        try:
            async with asyncio.timeout(UPLOAD_S):
                body = await request.body()
            name = unquote(request.headers.get("x-name", "photo"))[:MOST_NAME]
            page = await run_in_threadpool(self._one, name, body)
        except TimeoutError:
            return PlainTextResponse(f"the photo did not arrive within {UPLOAD_S} seconds", 408)
        except ClientDisconnect:
            return Response(status_code=400)
        except PhotoRefused as error:
            return PlainTextResponse(str(error), 400)
        except SnapshotError as error:
            return PlainTextResponse(str(error), 500)
        finally:
            self._waiting -= 1
        answer = secrets.token_urlsafe(12)
        self._answers[answer] = page
        while len(self._answers) > MOST_ANSWERS:
            self._answers.popitem(last=False)
        return PlainTextResponse(f"found/{answer}")

    def _one(self, name: str, body: bytes) -> str:
        with self._looking:
            return self._find(name, body)
