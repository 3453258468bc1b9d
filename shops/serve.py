"""Serves a folder of sample shops on this machine alone."""

import asyncio
import errno
import ipaddress
import os
import re
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from aiohttp import web

from schemas.errors import WrongInput
from shops.layout import PORT

SERVED = re.compile(r"[a-z0-9-]{1,40}/(?:feed\.xml|images/[0-9a-f]{2}/[0-9a-f]{16,64}\.(?:jpg|png|webp|gif|avif))")
"""Feeds and pictures; never the truth, never a path that leaves the folder."""

MIME = {
    ".xml": "application/xml", ".jpg": "image/jpeg", ".png": "image/png", ".webp": "image/webp",
    ".gif": "image/gif", ".avif": "image/avif",
}  # fmt: skip
SMALL_BYTES = 1 << 20
"""Up to this a file is read at once; a feed may be gigabytes."""

ROBOTS = "User-agent: *\nAllow: /\n"


def serve(folder: Path, host: str = "127.0.0.1", port: int = PORT, tell: Callable[[str], None] = print) -> None:
    """Serves until the process is told to stop (Ctrl-C or SIGTERM); `tell` gets one line once the port is open."""
    shops, address = application(folder), loopback(host)

    def started(_banner: str) -> None:
        tell(f"Serving {folder} on http://{host}:{port}/ (Ctrl-C stops it)")

    try:
        web.run_app(shops, host=address, port=port, print=started, access_log=None)
    except OSError as error:
        if error.errno not in (errno.EADDRINUSE, errno.EACCES):
            raise
        raise WrongInput("--port", None, f"{port} cannot be opened: {os.strerror(error.errno)}") from None


@contextmanager
def serving(folder: Path, host: str = "127.0.0.1", port: int = 0, seen: Counter[str] | None = None) -> Iterator[str]:
    """Serves in a thread while the block runs and gives the base URL, without a slash at its end.

    Port 0 takes a free one. `seen`, where given, counts the answers by path.
    """
    loop = asyncio.new_event_loop()
    runner = web.AppRunner(application(folder, seen), access_log=None)

    async def start() -> int:
        await runner.setup()
        site = web.TCPSite(runner, loopback(host), port, backlog=1024)
        await site.start()
        return int(runner.addresses[0][1])

    thread = threading.Thread(target=loop.run_forever, name="sample shops", daemon=True)
    thread.start()
    try:
        bound = asyncio.run_coroutine_threadsafe(start(), loop).result()
        yield f"http://{f'[{host}]' if ':' in host else host}:{bound}"
    finally:
        asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def loopback(host: str) -> str:
    """The address, where it is one that only this machine can reach."""
    try:
        address = ipaddress.ip_address("127.0.0.1" if host == "localhost" else host)
    except ValueError:
        address = None
    if address is None or not address.is_loopback:
        raise WrongInput("--host", None, f"{host} is not a loopback address; use 127.0.0.1")
    return str(address)


def application(folder: Path, seen: Counter[str] | None = None) -> web.Application:
    """The server as an application: GET and HEAD of feeds and pictures, and robots.txt."""
    if not folder.is_dir():
        raise WrongInput(folder, None, "there is no such folder")
    made = web.Application()
    made.router.add_get("/robots.txt", _counted(_robots, seen))
    made.router.add_get("/{path:.*}", _counted(_file_of(folder.resolve()), seen))
    return made


Answer = Callable[[web.Request], web.StreamResponse]


def _counted(
    answer: Answer, seen: Counter[str] | None
) -> Callable[[web.Request], "asyncio.Future[web.StreamResponse]"]:
    async def handle(request: web.Request) -> web.StreamResponse:
        if seen is not None:
            seen[request.path] += 1
        return answer(request)

    return handle  # type: ignore[return-value]


def _robots(_request: web.Request) -> web.StreamResponse:
    return web.Response(text=ROBOTS)


def _file_of(folder: Path) -> Answer:
    def answer(request: web.Request) -> web.StreamResponse:
        path = request.match_info["path"]
        if not SERVED.fullmatch(path) or not (folder / path).is_file():
            raise web.HTTPNotFound(text=f"there is no {request.path}\n")
        file = folder / path
        if file.stat().st_size > SMALL_BYTES:
            return web.FileResponse(file, chunk_size=1 << 18, headers={"Content-Type": MIME[file.suffix]})
        return _small(request, file)

    return answer


def _small(request: web.Request, file: Path) -> web.Response:
    """The file in one piece, or 304 where the asker holds it: twice as fast as sending it from the disk."""
    stat = file.stat()
    etag = f"{stat.st_mtime_ns:x}-{stat.st_size:x}"
    if request.if_none_match is not None:
        known = any(held.value in (etag, "*") for held in request.if_none_match)
    else:
        known = request.if_modified_since is not None and int(stat.st_mtime) <= request.if_modified_since.timestamp()
    made = web.Response(status=304) if known else web.Response(body=file.read_bytes(), content_type=MIME[file.suffix])
    made.etag = etag
    made.last_modified = stat.st_mtime
    return made
