"""The figure that wears the garments: skin, hair, a calm face, and a pose."""

import random
from dataclasses import dataclass

import numpy as np

from shops.pictures.cuts import arm_spine
from shops.pictures.fabrics import Cloth, Colour, shaded
from shops.pictures.geometry import Points, ellipse, flipped, mirrored, points, smooth, tube
from shops.pictures.painter import Line, Part, Piece

SKINS: tuple[Colour, ...] = (
    (250, 222, 200),
    (238, 198, 168),
    (222, 174, 138),
    (188, 134, 98),
    (142, 94, 66),
    (98, 64, 46),
)
HAIRS: tuple[Colour, ...] = ((30, 24, 24), (58, 38, 28), (104, 68, 40), (172, 128, 74), (140, 60, 36), (150, 148, 146))
HAIRCUTS = ("short", "long", "bun", "bob")
ANKLES = ((-0.34, 7.3), (0.34, 7.3))


@dataclass(frozen=True)
class Figure:
    """Who wears it. `angle` is how far the arms are from the body, in radians."""

    skin: Colour
    hair: Colour
    haircut: str
    angle: float

    @classmethod
    def drawn(cls, dice: random.Random) -> "Figure":
        """A figure of the dice's choice."""
        return cls(dice.choice(SKINS), dice.choice(HAIRS), dice.choice(HAIRCUTS), dice.uniform(0.1, 0.3))

    @property
    def _skin(self) -> Cloth:
        return Cloth(self.skin, self.skin)

    @property
    def _hair(self) -> Cloth:
        return Cloth(self.hair, self.hair)

    def hands(self) -> tuple[float, float]:
        """Where the right hand hangs, in heads."""
        x, y = arm_spine(self.angle)[-1]
        return float(x), float(y) + 0.2

    def back(self) -> tuple[Part, ...]:
        """Hair that falls behind the shoulders."""
        if self.haircut == "long":
            return (
                Piece(
                    smooth(mirrored(points((0, 0.02), (0.34, 0.1), (0.46, 0.6), (0.5, 1.5), (0.36, 2.0), (0, 2.05)))),
                    self._hair,
                    0.35,
                    0.1,
                ),
            )
        if self.haircut == "bun":
            return (Piece(ellipse((0.0, -0.06), (0.2, 0.18)), self._hair, 0.4, 0.08),)
        return ()

    def body(self) -> tuple[Part, ...]:
        """Legs, trunk and arms, bare but for plain underwear."""
        parts: list[Part] = []
        leg = points((0.3, 3.6), (0.31, 4.6), (0.32, 5.6), (0.34, 6.4), (0.34, 7.4))
        foot = smooth(points((0.24, 7.3), (0.44, 7.3), (0.52, 7.6), (0.42, 7.72), (0.26, 7.6)))
        for turn in (flipped, lambda shape: shape):
            parts += [
                Piece(turn(tube(leg, [0.58, 0.5, 0.34, 0.34, 0.2])), self._skin, 0.25, 0.0, 0.25),
                Piece(turn(foot), self._skin, 0.2, 0.0, 0.3),
            ]
        trunk = points(
            (0, 1.3),
            (0.17, 1.28),
            (0.24, 1.42),
            (0.68, 1.53),
            (0.56, 2.05),
            (0.42, 2.85),
            (0.58, 3.6),
            (0.5, 3.95),
            (0.0, 4.05),
        )
        parts.append(Piece(smooth(mirrored(trunk)), self._skin, 0.25, 0.0, 0.25))
        briefs = points((0, 3.35), (0.57, 3.35), (0.57, 3.6), (0.2, 4.02), (0, 4.08))
        band = points((0, 1.95), (0.57, 1.9), (0.54, 2.3), (0, 2.34))
        parts += [
            Piece(smooth(mirrored(shape)), Cloth((206, 200, 194), (0, 0, 0)), 0.15, 0.0, 0.2)
            for shape in (briefs, band)
        ]
        return tuple(parts)

    def arms(self) -> tuple[Part, ...]:
        """Both arms with their hands."""
        spine = arm_spine(self.angle)
        direction = (spine[-1] - spine[-2]) / np.linalg.norm(spine[-1] - spine[-2])
        hand = ellipse(tuple(spine[-1] + direction * 0.18), (0.11, 0.21))
        arm = tube(spine, list(np.linspace(0.3, 0.17, len(spine))))
        parts: list[Part] = []
        for turn in (flipped, lambda shape: shape):
            cap = ellipse((0.61, 1.63), (0.15, 0.15))
            parts += [Piece(turn(shape), self._skin, 0.22, 0.0, 0.25) for shape in (arm, hand)]
            parts.append(Piece(turn(cap), self._skin, 0.0, 0.0, 0.0))
        return tuple(parts)

    def head(self) -> tuple[Part, ...]:
        """Neck, face and the hair in front."""
        neck = Piece(
            tube(points((0, 0.8), (0, 1.15), (0, 1.42)), [0.3, 0.28, 0.36]),
            Cloth(shaded(self.skin, 0.92), self.skin),
            0.2,
            0.0,
            0.2,
        )
        face = Piece(
            smooth(mirrored(points((0, 0.08), (0.28, 0.16), (0.36, 0.45), (0.31, 0.76), (0.14, 0.97), (0, 1.0)))),
            self._skin,
            0.2,
            0.0,
            0.25,
        )
        return (neck, face, *self._features(), *self._fringe())

    def _features(self) -> tuple[Part, ...]:
        dark, lips = (52, 40, 38), (min(255, self.skin[0]), round(self.skin[1] * 0.62), round(self.skin[2] * 0.66))
        parts: list[Part] = []
        for turn in (flipped, lambda shape: shape):
            parts.append(
                Piece(turn(ellipse((0.15, 0.53), (0.055, 0.03), 16)), Cloth((244, 242, 240), (0, 0, 0)), 0.0, 0.0, 0.3)
            )
            parts.append(Piece(turn(ellipse((0.15, 0.53), (0.028, 0.03), 12)), Cloth(dark, dark), 0.0, 0.0, 0.0))
            parts.append(
                Line(
                    turn(smooth(points((0.08, 0.43), (0.16, 0.405), (0.23, 0.435)), closed=False)),
                    shaded(self.hair, 0.8),
                    0.026,
                    0.85,
                )
            )
        nose = Line(
            smooth(points((0.0, 0.55), (0.035, 0.68), (-0.02, 0.7)), closed=False), shaded(self.skin, 0.72), 0.018, 0.7
        )
        mouth = Piece(
            smooth(points((-0.1, 0.82), (0.0, 0.8), (0.1, 0.82), (0.0, 0.87))), Cloth(lips, lips), 0.1, 0.0, 0.2
        )
        return (*parts, nose, mouth)

    def _fringe(self) -> tuple[Part, ...]:
        sides: Points
        if self.haircut == "bob":
            sides = points(
                (0, -0.02), (0.36, 0.06), (0.46, 0.5), (0.42, 0.98), (0.3, 1.0), (0.33, 0.55), (0.2, 0.24), (0.0, 0.3)
            )
        elif self.haircut == "long":
            sides = points(
                (0, -0.02), (0.34, 0.05), (0.43, 0.5), (0.42, 0.9), (0.34, 0.85), (0.32, 0.4), (0.12, 0.18), (0.0, 0.16)
            )
        else:
            sides = points(
                (0, -0.03), (0.3, 0.03), (0.4, 0.3), (0.38, 0.52), (0.33, 0.5), (0.3, 0.27), (0.1, 0.2), (0.0, 0.22)
            )
        return (Piece(smooth(mirrored(sides)), self._hair, 0.35, 0.1, 0.3),)
