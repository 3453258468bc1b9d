"""What every garment is cut from: the look that is asked for, and the cloths that follow from it."""

import random
from dataclasses import dataclass

from shops.pictures.fabrics import COLOURS, Cloth, Colour, shaded
from shops.pictures.geometry import Points
from shops.pictures.painter import Line, Part


@dataclass(frozen=True)
class Look:
    """A garment as it is to be drawn. The same look gives the same garment, in every scene."""

    leaf: str
    garment_class: str
    colour: str
    second: str
    pattern: str
    weave: str
    cut: int  # seed of lengths, necks and fits

    @property
    def cloth(self) -> Cloth:
        """The main cloth."""
        return Cloth(COLOURS[self.colour], COLOURS[self.second], self.pattern, self.weave, 1.0)

    @property
    def trim(self) -> Cloth:
        """For collars, cuffs and bands: plain, a little darker."""
        return Cloth(shaded(COLOURS[self.colour], 0.82), COLOURS[self.second], "plain", self.weave)

    @property
    def lining(self) -> Cloth:
        """For what lies inside, in the shade."""
        return Cloth(shaded(COLOURS[self.colour], 0.55), COLOURS[self.second])

    @property
    def seam(self) -> Colour:
        """For seams and folds."""
        colour = COLOURS[self.colour]
        return shaded(colour, 0.55) if sum(colour) > 150 else shaded(colour, 1.35)

    def dice(self) -> random.Random:
        """The look's own chance."""
        return random.Random(f"{self.leaf}/{self.cut}")  # noqa: S311


METAL = Cloth((176, 172, 160), (120, 118, 112))
DARK = Cloth((44, 42, 44), (30, 30, 30))
PALE = Cloth((236, 233, 226), (210, 205, 196))


@dataclass(frozen=True)
class Garment:
    """Parts in the order they are drawn. `behind` goes under the wearer's body, and is drawn first when flat."""

    front: tuple[Part, ...]
    behind: tuple[Part, ...] = ()

    @property
    def flat(self) -> tuple[Part, ...]:
        """All parts, as on a table."""
        return self.behind + self.front


def seam(look: Look, spine: Points, width: float = 0.018, stitches: bool = False) -> Line:
    """A seam in the look's own colour."""
    return Line(spine, look.seam, width, 0.6, stitches=stitches)
