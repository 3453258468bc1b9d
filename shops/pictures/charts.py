"""Size charts: tables with real words in one language or two, some beside a measuring drawing."""

import random
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from shops.pictures.fabrics import Colour
from shops.pictures.geometry import points
from shops.pictures.lettering import STYLES, blank, centred, fitting, font, lettered
from shops.pictures.painter import Line, Painter, Picture, View
from shops.pictures.tailor import Look
from shops.pictures.wardrobe import CLASS_OF, cut


@dataclass(frozen=True)
class ChartWords:
    """The words of a chart in one language. `measures` and `notes` are drawn from."""

    titles: tuple[str, ...]
    size: str
    measures: dict[str, tuple[str, ...]]  # garment class -> measures
    sizes: dict[str, tuple[str, ...]]  # "letters", "numbers", "shoes"
    notes: tuple[str, ...]
    unit: str


@dataclass(frozen=True)
class _Style:
    face: str
    ink: Colour
    paper: Colour
    head: Colour
    head_ink: Colour
    stripe: Colour
    rules: str  # grid, rows, none


_HEADS: tuple[Colour, ...] = (
    (40, 40, 44),
    (92, 92, 96),
    (196, 164, 132),
    (48, 76, 120),
    (176, 60, 72),
    (214, 214, 214),
    (86, 122, 96),
    (240, 226, 214),
)
_PAPERS: tuple[Colour, ...] = ((255, 255, 255), (250, 248, 243), (243, 243, 243), (246, 240, 232), (232, 238, 244))


def _style(dice: random.Random) -> _Style:
    head, paper = dice.choice(_HEADS), dice.choice(_PAPERS)
    head_ink = (250, 250, 250) if sum(head) < 420 else (40, 40, 40)
    stripe = (max(0, paper[0] - 14), max(0, paper[1] - 14), max(0, paper[2] - 12)) if dice.random() < 0.5 else paper
    return _Style(
        dice.choice(STYLES),
        dice.choice(((30, 30, 30), (70, 62, 58))),
        paper,
        head,
        head_ink,
        stripe,
        dice.choice(("grid", "rows", "none")),
    )


def _rows(words: ChartWords, garment_class: str, dice: random.Random) -> list[list[str]]:
    """The table as text: a head, then a row a size."""
    kind = "shoes" if garment_class == "shoes" else dice.choice(("letters", "numbers"))
    measures = list(words.measures.get(garment_class, words.measures["top"]))
    if len(measures) > 3 and dice.random() < 0.4:
        measures = measures[: dice.randint(3, len(measures))]
    sizes = words.sizes[kind]
    sizes = sizes[: dice.randint(min(4, len(sizes)), len(sizes))]
    base = [dice.uniform(22, 26) if kind == "shoes" else dice.uniform(34, 96) for _ in measures]
    step = [0.5 if kind == "shoes" else dice.choice((1, 1.5, 2, 4)) for _ in measures]
    rows = [[words.size, *measures]]
    for index, size in enumerate(sizes):
        values = [start + index * rise for start, rise in zip(base, step, strict=True)]
        rows.append([size, *(f"{round(value * 2) / 2:g}" for value in values)])
    return [list(row) for row in zip(*rows, strict=True)] if dice.random() < 0.3 else rows


def _table(
    pen: ImageDraw.ImageDraw, rows: list[list[str]], area: tuple[float, float, float, float], style: _Style
) -> None:
    left, top, right, bottom = area
    columns = len(rows[0])
    height, width = (bottom - top) / len(rows), (right - left) / columns
    size_px = int(min(height * 0.44, 25))
    for r, row in enumerate(rows):
        y = top + r * height
        fill = style.head if r == 0 else (style.stripe if r % 2 == 0 else style.paper)
        pen.rectangle((left, y, right, y + height), fill=fill)
        for c, text in enumerate(row):
            place = (left + (c + 0.5) * width, y + height / 2)
            ink = style.head_ink if r == 0 else style.ink
            lettered(pen, place, text, (style.face, size_px, width * 0.92), ink)
        if style.rules != "none":
            pen.line((left, y + height, right, y + height), fill=style.ink, width=1)
    if style.rules == "grid":
        for c in range(columns + 1):
            pen.line((left + c * width, top, left + c * width, bottom), fill=style.ink, width=1)
        pen.line((left, top, right, top), fill=style.ink, width=1)


def size_chart(words: ChartWords, garment_class: str, dice: random.Random) -> Picture:
    """A size chart for garments of a class; every third has a drawing with measuring arrows."""
    width, height = dice.choice(((640, 480), (600, 600), (560, 700), (720, 400)))
    style = _style(dice)
    image, pen = blank(width, height, style.paper)
    title = dice.choice(words.titles)
    top = height * 0.06
    face = fitting(title, style.face, int(height * 0.07), width * 0.9)
    if dice.random() < 0.5:
        centred(pen, (width / 2, top + height * 0.05), title, face, style.ink)
    else:
        pen.text((width * 0.06, top + height * 0.01), title, font=face, fill=style.ink)
    area = [width * 0.05, height * 0.2, width * 0.95, height * 0.86]
    with_drawing = dice.random() < 0.35 and garment_class in {
        "top",
        "outerwear",
        "dress",
        "skirt",
        "trousers",
        "shorts",
    }
    if with_drawing:
        area = (
            [width * 0.42, height * 0.24, width * 0.96, height * 0.84]
            if width >= height
            else [width * 0.05, height * 0.56, width * 0.95, height * 0.9]
        )
    rows = _rows(words, garment_class, dice)
    area[3] = min(area[3], area[1] + len(rows) * 64)
    _table(pen, rows, (area[0], area[1], area[2], area[3]), style)
    note = f"{dice.choice(words.notes)} ({words.unit})"
    pen.text(
        (width * 0.06, height * 0.915),
        note,
        font=fitting(note, style.face, int(height * 0.032), width * 0.88),
        fill=style.ink,
    )
    if with_drawing:
        place = (0.21, 0.54, 0.3, 0.6) if width >= height else (0.5, 0.36, 0.42, 0.34)
        image = _with_drawing(image, garment_class, style, place, dice)
    return np.asarray(image)


def _with_drawing(
    image: Image.Image, garment_class: str, style: _Style, place: tuple[float, float, float, float], dice: random.Random
) -> Image.Image:
    """The chart with the outline of a garment and arrows; `place` is its middle (x, y), width and height, in shares."""
    leaf = dice.choice([leaf for leaf, of in CLASS_OF.items() if of == garment_class])
    garment = cut(Look(leaf, garment_class, "white", "grey", "plain", "plain", dice.randrange(1000)), 0.3)
    canvas = np.array(image)
    height, width = canvas.shape[:2]
    outlines = np.concatenate([part.spine if isinstance(part, Line) else part.outline for part in garment.flat])
    low, high = outlines.min(0), outlines.max(0)
    scale = float(min(place[2] * width / (high - low)[0], place[3] * height / (high - low)[1]))
    middle = (low + high) / 2 * scale
    view = View(scale, place[0] * width - float(middle[0]), place[1] * height - float(middle[1]))
    painter = Painter(canvas, dice.randrange(1000))
    painter.lay(garment.flat, view)
    red = (206, 52, 58)
    half = (high - low)[0] / 2
    middle_y = float((low + high)[1] / 2)
    arrows = [
        points((-half * 0.55, middle_y), (half * 0.55, middle_y)),
        points((half * 0.12, low[1] + 0.15), (half * 0.12, high[1] - 0.1)),
    ]
    painter.lay(tuple(Line(arrow, red, 0.035, 1.0) for arrow in arrows), view)
    drawn = Image.fromarray(painter.canvas)
    pen = ImageDraw.Draw(drawn)
    for letter, arrow in zip("AB", arrows, strict=True):
        (x, y), *_ = view.pixels(arrow[:1])
        centred(pen, (float(x) + 10, float(y) - 10), letter, font(style.face, 18), red)
    return drawn
