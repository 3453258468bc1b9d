"""Serves an application to this machine alone, behind a token in the address."""

import secrets
import socket
from collections.abc import Callable

import uvicorn
from starlette.types import ASGIApp

from schemas.errors import WrongInput

ADDRESS = "127.0.0.1"


def serve(made: Callable[[str, int], ASGIApp], port: int, opened: Callable[[str], None]) -> None:
    """Serves what `made` makes of a token and the port, until Ctrl-C; `opened` is told the address.

    Port 0: any free one. Raises WrongInput if the port is taken.
    """
    with socket.socket() as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((ADDRESS, port))
        except OSError as error:
            raise WrongInput("--port", None, f"{port}: {error.strerror}; choose another port, or 0") from None
        token, taken = secrets.token_urlsafe(24), int(listening.getsockname()[1])
        listening.listen()
        opened(f"http://{ADDRESS}:{taken}/{token}/")
        config = uvicorn.Config(made(token, taken), log_level="warning", access_log=False, lifespan="off",
                                server_header=False, date_header=False)  # fmt: skip
        uvicorn.Server(config).run(sockets=[listening])
