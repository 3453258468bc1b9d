"""Opens the desk over a lake and serves it on loopback."""

import secrets
import socket
from collections.abc import Callable

import uvicorn

from desk.app import App
from desk.edits import Pending
from desk.evidence import Proposer
from desk.leaves import Leaves
from desk.loading import shops_of
from desk.state import Desk
from desk.thumbnails import reader
from desk.work import Work
from jobs.answers.thumbnails import stored_places
from jobs.engine.night import Night
from schemas.errors import WrongInput
from udfs.text.lexicon import NOTHING
from udfs.text.model import TextModel, text_model

ADDRESS = "127.0.0.1"


def open_desk(night: Night, read_only: bool = False) -> Desk:
    """Reads the lake once. A night that runs meanwhile changes nothing of what is shown."""
    return Desk(
        mappings=night.settings.mappings,
        taxonomy=night.taxonomy,
        shops=shops_of(night),
        proposer=_proposer(night),
        picture=reader(night.store, stored_places(night.tables)),
        read_only=read_only,
        broken=night.broken,
    )


def work_at(night: Night, retailer: str) -> Work:
    """The work at one shop as its mapping file leaves it, without anybody's pending decisions."""
    shop, folder = shops_of(night)[retailer], night.settings.mappings / retailer
    return Work(shop, folder, night.taxonomy, _proposer(night), Pending(None, retailer))


def _proposer(night: Night) -> Proposer:
    return Proposer(night.taxonomy, night.mappings, lambda: model_of(night))


def model_of(night: Night) -> TextModel:
    return text_model(night.model_source("text").load())


def leaves_of(night: Night) -> Leaves:
    """The taxonomy's names, and those that the text model knows."""
    names = model_of(night).lexicon.leaves
    return Leaves(night.taxonomy, {name: leaf for name, leaf in names.items() if leaf != NOTHING})


def serve(app: App, port: int, retailer: str | None, opened: Callable[[str], None]) -> None:
    """Serves until Ctrl-C; `opened` is told the address. Raises WrongInput if the port is taken."""
    with socket.socket() as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((ADDRESS, port))
        except OSError as error:
            raise WrongInput("--port", None, f"{port}: {error.strerror}; choose another port, or 0") from None
        token, taken = secrets.token_urlsafe(24), int(listening.getsockname()[1])
        listening.listen()
        opened(f"http://{ADDRESS}:{taken}/{token}/" + (f"shop/{retailer}" if retailer else ""))
        config = uvicorn.Config(app.asgi(token, taken), log_level="warning", access_log=False, lifespan="off",
                                server_header=False, date_header=False)  # fmt: skip
        uvicorn.Server(config).run(sockets=[listening])
