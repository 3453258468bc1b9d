"""A desk, or another application, served on loopback in a thread of the test."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import uvicorn
from starlette.types import ASGIApp

from desk.app import App
from desk.leaves import Leaves
from desk.state import Desk

TOKEN = "t0ken"


def served(desk: Desk, leaves: Leaves) -> AbstractContextManager[str]:
    """Its address, with the token and a slash at the end."""
    return served_app(App(desk, leaves).asgi)


@contextmanager
def served_app(made: Callable[[str, int], ASGIApp]) -> Iterator[str]:
    """The address of what is made of the token and a port."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port = int(listening.getsockname()[1])
        config = uvicorn.Config(made(TOKEN, port), log_level="warning", lifespan="off")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.01)
        try:
            yield f"http://127.0.0.1:{port}/{TOKEN}/"
        finally:
            server.should_exit = True
            thread.join(10)
