"""Everything that a running desk knows: the shops of a lake, and the work at each of them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from desk.details import Details
from desk.edits import Pending, state_file
from desk.evidence import Proposer
from desk.shop import Product, Shop
from desk.trend import Trend
from desk.work import Work
from schemas.errors import WrongInput
from udfs.rules.taxonomy import Taxonomy

PictureBytes = Callable[[bytes], bytes | None]
"""A stored picture by its sha256; None where it is gone."""


@dataclass
class Desk:
    """The shops of one lake. A shop's mapping file is first read when its page is opened."""

    mappings: Path
    taxonomy: Taxonomy
    shops: dict[str, Shop]
    proposer: Proposer
    picture: PictureBytes
    read_only: bool = False
    broken: dict[str, WrongInput] = field(default_factory=dict)  # retailers whose own files keep them out
    by: str = ""  # initials of the analyst
    commit: bool = False  # commit each saved file to git
    clicks: dict[str, float] = field(default_factory=dict)  # by product id
    pending: bool = True  # read the analyst's own pending decisions, and keep them
    trends: dict[str, Trend] = field(default_factory=dict)  # by shop
    details: Callable[[Product], Details] = lambda product: Details()
    anew: "Callable[[], Desk] | None" = None  # reads the lake and the files of all retailers again
    _works: dict[str, Work] = field(default_factory=dict)

    @property
    def corrections(self) -> Path:
        """The folder of what people found wrong, which training reads."""
        return self.mappings.parent / "corrections"

    def work(self, retailer: str) -> Work:
        """The work at a shop. Raises WrongInput where the shop is unknown or its mapping file is broken."""
        if retailer in self.broken:
            raise self.broken[retailer]
        shop = self.shops.get(retailer)
        if shop is None:
            raise WrongInput("mapping desk", None, f"{retailer[:60]}: there is no such shop in this lake")
        if retailer not in self._works:
            none = Pending(None, retailer)
            pending = Pending.read(state_file(self.mappings, retailer), retailer) if self.pending else none
            self._works[retailer] = Work(shop, self.mappings / retailer, self.taxonomy, self.proposer, pending)
        return self._works[retailer]

    def load_again(self, retailer: str) -> Work:
        """Forgets what was read of a shop's mapping file; pending decisions are read from the disk.

        Of a shop whose files were broken when the lake was read, nothing is known: the lake is read again.
        """
        self._works.pop(retailer, None)
        if retailer in self.broken and self.anew is not None:
            fresh = self.anew()
            for name in ("taxonomy", "shops", "proposer", "picture", "broken", "trends", "details"):
                setattr(self, name, getattr(fresh, name))
            self._works.clear()
        return self.work(retailer)
