"""A desk served on loopback in a thread of the test."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from desk.app import App
from desk.leaves import Leaves
from desk.state import Desk

TOKEN = "t0ken"


@contextmanager
def served(desk: Desk, leaves: Leaves) -> Iterator[str]:
    """Its address, with the token and a slash at the end."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port = int(listening.getsockname()[1])
        config = uvicorn.Config(App(desk, leaves).asgi(TOKEN, port), log_level="warning", lifespan="off")
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
