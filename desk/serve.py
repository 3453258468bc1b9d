"""Opens the desk over a lake and serves it on loopback."""

from collections.abc import Callable

from desk import loopback
from desk.app import App
from desk.details import details_reader
from desk.edits import Pending
from desk.evidence import Proposer
from desk.leaves import Leaves
from desk.loading import shops_of
from desk.state import Desk
from desk.thumbnails import reader
from desk.trend import trends_of
from desk.work import Work
from jobs.answers.thumbnails import stored_places
from jobs.engine.night import Night
from udfs.text.lexicon import NOTHING
from udfs.text.model import TextModel, text_model


def open_desk(night: Night, read_only: bool = False) -> Desk:
    """Reads the lake once. A night that runs meanwhile changes nothing of what is shown."""
    return Desk(
        mappings=night.settings.mappings,
        taxonomy=night.taxonomy,
        shops=shops_of(night),
        proposer=_proposer(night),
        picture=reader(night.store, stored_places(night.tables)),
        trends=trends_of(night),
        details=details_reader(night),
        read_only=read_only,
        broken=night.broken,
    )


def work_at(night: Night, retailer: str) -> Work:
    """The work at one shop as its mapping file leaves it, without anybody's pending decisions."""
    shop, folder = shops_of(night.among([retailer]))[retailer], night.settings.mappings / retailer
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
    """Serves until Ctrl-C, beginning with a retailer; as `loopback.serve`."""
    app.warm(retailer)
    loopback.serve(app.asgi, port, lambda address: opened(address + (f"shop/{retailer}" if retailer else "")))
