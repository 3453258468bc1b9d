"""Lays shaded pieces of cloth, lines and shadows on a picture."""

from dataclasses import dataclass, field, replace

import cv2
import numpy as np

from shops.pictures.fabrics import Cloth, Colour, cut_out, noise
from shops.pictures.geometry import Points

SUBPIXEL_BITS = 4
"""OpenCV draws outlines in 1/16 pixel, anti-aliased."""

USUAL_SCALE = 110
"""Pixels a head at which patterns are drawn as they are."""

PATTERN_SCALES = (0.5, 0.7, 1.0, 1.4, 2.0, 2.8)
"""Patterns grow with the garment in these steps: few, so that they can be kept."""

Picture = np.ndarray
"""(H, W, 3) uint8 RGB."""

Box = tuple[float, float, float, float]
"""Left, top, right, bottom, each 0..1 of the picture."""


@dataclass(frozen=True)
class Piece:
    """A closed outline filled with a cloth. `swell` is how round it looks, `creases` how deep its folds are."""

    outline: Points
    cloth: Cloth
    swell: float = 0.35
    creases: float = 0.05
    edge: float = 0.45  # strength of the dark rim
    opacity: float = 1.0


@dataclass(frozen=True)
class Line:
    """A seam, a fold or a lace."""

    spine: Points
    colour: Colour
    width: float = 0.02  # heads
    opacity: float = 0.6
    closed: bool = False
    stitches: bool = False


Part = Piece | Line


@dataclass(frozen=True)
class View:
    """Where heads come to lie on the picture: scale in pixels a head, origin in pixels, turn in radians."""

    scale: float
    x: float
    y: float
    turn: float = 0.0

    def pixels(self, outline: Points) -> np.ndarray:
        """(N, 2) float32 in pixels."""
        cos, sin = np.cos(self.turn), np.sin(self.turn)
        x, y = outline[:, 0] * self.scale, outline[:, 1] * self.scale
        return np.stack([x * cos - y * sin + self.x, x * sin + y * cos + self.y], axis=1).astype(np.float32)

    def moved(self, dx: float, dy: float, scale: float = 1.0, turn: float = 0.0) -> "View":
        """The view of something that stands at (dx, dy) heads in this view, `scale` times as large."""
        (x, y), *_ = self.pixels(np.array([[dx, dy]], dtype=np.float32))
        return replace(self, scale=self.scale * scale, x=float(x), y=float(y), turn=self.turn + turn)


def _fixed(pixels: np.ndarray) -> np.ndarray:
    return np.round(pixels * (1 << SUBPIXEL_BITS)).astype(np.int32)


def filled(shape: tuple[int, int], pixels: np.ndarray) -> np.ndarray:
    """(H, W) uint8: 255 inside the outline, anti-aliased at its edge."""
    mask = np.zeros(shape, dtype=np.uint8)
    cv2.fillPoly(mask, [_fixed(pixels)], 255, cv2.LINE_AA, SUBPIXEL_BITS)
    return mask


def box_of(mask: np.ndarray) -> Box | None:
    """The box round what is set in a (H, W) uint8 mask; None where nothing is."""
    height, width = mask.shape
    columns, rows = np.flatnonzero(mask.max(0) > 127), np.flatnonzero(mask.max(1) > 127)
    if not len(columns) or not len(rows):
        return None
    left, right = columns[0] / width, (columns[-1] + 1) / width
    return float(left), float(rows[0] / height), float(right), float((rows[-1] + 1) / height)


@dataclass
class Painter:
    """A picture in the making. Everything it lays down is also kept in `touched`, to know where a garment is."""

    canvas: Picture
    seed: int = 0
    touched: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        self.touched = np.zeros(self.canvas.shape[:2], dtype=np.uint8)

    def forget(self) -> None:
        """Starts a new garment: `touched` then tells of what is laid from here on."""
        self.touched[:] = 0

    def lay(self, parts: tuple[Part, ...], view: View) -> None:
        """Draws the parts in order."""
        for part in parts:
            if isinstance(part, Piece):
                self._piece(part, view)
            else:
                self._line(part, view)

    def shadow(self, parts: tuple[Part, ...], view: View, depth: float = 0.1, strength: float = 0.35) -> None:
        """A soft shadow of the parts, `depth` heads below and right of them."""
        shape = (self.canvas.shape[0] // 4, self.canvas.shape[1] // 4)
        small = replace(view, scale=view.scale / 4, x=view.x / 4, y=view.y / 4).moved(depth * 0.5, depth)
        mask = np.zeros(shape, dtype=np.uint8)
        for part in parts:
            if isinstance(part, Piece) and part.opacity == 1:
                cv2.fillPoly(mask, [_fixed(small.pixels(part.outline))], 255, cv2.LINE_8, SUBPIXEL_BITS)
        self._darken(cv2.GaussianBlur(mask, (0, 0), max(1.0, depth * small.scale)), strength)

    def pool(self, centre: tuple[float, float], radii: tuple[float, float], view: View, strength: float = 0.4) -> None:
        """A soft round shadow, as on the floor under feet."""
        shape = (self.canvas.shape[0] // 4, self.canvas.shape[1] // 4)
        mask = np.zeros(shape, dtype=np.uint8)
        (x, y), *_ = view.pixels(np.array([centre], dtype=np.float32)) / 4
        axes = (max(1, int(radii[0] * view.scale / 4)), max(1, int(radii[1] * view.scale / 4)))
        cv2.ellipse(mask, (int(x), int(y)), axes, 0, 0, 360, 255, -1)
        self._darken(cv2.GaussianBlur(mask, (0, 0), max(1.0, axes[1] * 0.8)), strength)

    def _darken(self, mask: np.ndarray, strength: float) -> None:
        height, width = self.canvas.shape[:2]
        keep = cv2.convertScaleAbs(cv2.resize(mask, (width, height)), alpha=-strength, beta=255)
        cv2.multiply(self.canvas, cv2.merge([keep] * 3), self.canvas, 1 / 255)

    def _region(self, pixels: np.ndarray, margin: float) -> tuple[slice, slice] | None:
        height, width = self.canvas.shape[:2]
        left, top = np.floor(pixels.min(0) - margin).astype(int)
        right, bottom = np.ceil(pixels.max(0) + margin).astype(int)
        left, top, right, bottom = max(0, left), max(0, top), min(width, right), min(height, bottom)
        return (slice(top, bottom), slice(left, right)) if left < right and top < bottom else None

    def _piece(self, piece: Piece, view: View) -> None:
        pixels = view.pixels(piece.outline)
        region = self._region(pixels, 2)
        if region is None:
            return
        offset = np.array([region[1].start, region[0].start], dtype=np.float32)
        shape = (region[0].stop - region[0].start, region[1].stop - region[1].start)
        mask = filled(shape, pixels - offset)
        self.seed += 1
        place = (self.seed * 97, self.seed * 61)
        near = min(PATTERN_SCALES, key=lambda known: abs(known * USUAL_SCALE - view.scale))
        scaled = replace(piece.cloth, scale=near)
        cloth = cut_out(scaled, self._light(mask, piece, view.scale), place)
        self._blend(region, cloth, mask, piece.opacity)

    def _light(self, mask: np.ndarray, piece: Piece, scale: float) -> np.ndarray:
        """(H, W) float32 factor: dark towards the edge, brighter top left, folds along the piece."""
        height, width = mask.shape
        inside = cv2.distanceTransform((mask > 127).astype(np.uint8), cv2.DIST_L2, 3)
        slope = np.maximum(0, 1 - inside / max(4.0, 0.22 * scale))
        light = 1.03 - piece.swell * (slope * slope)
        rim = max(1.0, 0.02 * scale)
        light -= piece.edge * 0.7 * np.maximum(0, 1 - inside / (rim * 1.6))
        light += np.linspace(0.05, -0.06, width, dtype=np.float32)[None, :] * (piece.swell > 0)
        if piece.creases:
            folds = noise(9, 4, 20 + self.seed % 6)
            light += piece.creases * cv2.resize(folds, (width, height), interpolation=cv2.INTER_LINEAR)
        return light

    def _blend(self, region: tuple[slice, slice], colour: np.ndarray, mask: np.ndarray, opacity: float) -> None:
        share = mask * np.float32(opacity / 255)
        under = np.ascontiguousarray(self.canvas[region])
        self.canvas[region] = cv2.blendLinear(colour, under, share, 1 - share)
        np.maximum(self.touched[region], mask, out=self.touched[region])

    def _line(self, line: Line, view: View) -> None:
        pixels = view.pixels(line.spine)
        region = self._region(pixels, line.width * view.scale + 2)
        if region is None:
            return
        offset = np.array([region[1].start, region[0].start], dtype=np.float32)
        mask = np.zeros((region[0].stop - region[0].start, region[1].stop - region[1].start), dtype=np.uint8)
        width = line.width * view.scale
        fixed = _fixed(pixels - offset)
        pieces = [fixed[i : i + 2] for i in range(0, len(fixed) - 1, 2)] if line.stitches else [fixed]
        cv2.polylines(mask, pieces, line.closed, 255, max(1, round(width)), cv2.LINE_AA, SUBPIXEL_BITS)
        self._blend(
            region, np.full((*mask.shape, 3), line.colour, np.uint8), mask, line.opacity * min(1.0, max(0.4, width))
        )
