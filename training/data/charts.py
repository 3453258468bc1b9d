"""Size charts drawn in many styles and three scripts: the real ones are few, and hardly any is Japanese or Russian.

A chart is a function of its number. Some stand beside a photo, as shops make them.
"""

from dataclasses import dataclass

import numpy as np
import pylopdf_fonts_cjk
from PIL import Image, ImageDraw, ImageFont

from schemas.languages import LANGUAGES
from udfs.pictures.preprocess import resize

SIZES = (
    ("XS", "S", "M", "L", "XL", "XXL"),
    ("42", "44", "46", "48", "50", "52"),
    ("36", "38", "40", "42", "44"),
    ("S/M", "L/XL"),
    ("Sサイズ", "Mサイズ", "Lサイズ", "LLサイズ"),
    ("フリー",),
    ("7号", "9号", "11号", "13号"),
    ("22.5cm", "23cm", "23.5cm", "24cm", "24.5cm"),
)
WORDS = {
    "en": ("Size chart", "Size", ("Chest", "Waist", "Hip", "Length", "Shoulder", "Sleeve", "Inseam")),
    "ja": ("サイズ表", "サイズ", ("着丈", "身幅", "肩幅", "袖丈", "ウエスト", "ヒップ", "股下")),
    "ru": (
        "Таблица размеров",
        "Размер",
        ("Обхват груди", "Обхват талии", "Обхват бёдер", "Длина", "Ширина плеч", "Рукав"),
    ),
}
NOTES = {
    "en": "All measurements in cm. Allow 1-3 cm.",
    "ja": "単位：cm　実寸は多少の誤差があります。",
    "ru": "Все размеры указаны в сантиметрах.",
}
LINED, STRIPED, OPEN = "lined", "striped", "open"


@dataclass(frozen=True)
class Style:
    """How one chart looks."""

    language: str
    serif: bool
    paper: tuple[int, int, int]
    ink: tuple[int, int, int]
    accent: tuple[int, int, int]
    rules: str
    turned: bool
    """Sizes stand at the top instead of at the side."""
    letters_px: int
    beside_photo: bool


def style_of(generator: np.random.Generator) -> Style:
    """A style drawn at random; dark paper has light ink."""
    dark = generator.random() < 0.12
    paper = generator.integers(0, 60, 3) if dark else generator.integers(225, 256, 3)
    return Style(
        language=str(generator.choice(LANGUAGES)),
        serif=bool(generator.random() < 0.3),
        paper=_colour(paper),
        ink=_colour(generator.integers(200, 256, 3) if dark else generator.integers(0, 90, 3)),
        accent=_colour(generator.integers(60, 240, 3)),
        rules=str(generator.choice([LINED, STRIPED, OPEN])),
        turned=bool(generator.random() < 0.4),
        letters_px=int(generator.integers(11, 24)),
        beside_photo=bool(generator.random() < 0.35),
    )


def _colour(values: np.ndarray) -> tuple[int, int, int]:
    red, green, blue = (int(value) for value in values)
    return red, green, blue


def cells_of(style: Style, generator: np.random.Generator) -> list[list[str]]:
    """The text of the table, head first."""
    _, corner, measures = WORDS[style.language]
    usable = [sizes for sizes in SIZES if style.language == "ja" or sizes[0].isascii()]
    sizes = usable[int(generator.integers(len(usable)))]
    chosen = [measures[index] for index in generator.permutation(len(measures))[: generator.integers(2, 6)]]
    values = np.cumsum(generator.integers(1, 5, (len(sizes), len(chosen))), axis=0) + generator.integers(20, 90)
    table = [[corner, *chosen]] + [[size, *map(str, row)] for size, row in zip(sizes, values, strict=True)]
    return [list(row) for row in zip(*table, strict=True)] if style.turned else table


def draw_chart(number: int, photo: np.ndarray | None = None) -> np.ndarray:
    """Chart `number` as (H, W, 3) uint8; a style that stands beside a photo uses `photo` where one is given."""
    generator = np.random.default_rng([288, number])
    style = style_of(generator)
    chart = _table(style, cells_of(style, generator), generator)
    if photo is None or not style.beside_photo:
        return chart
    height = chart.shape[0]
    width = max(1, round(photo.shape[1] * height / photo.shape[0]))
    parts = [chart, resize(photo, width, height)]
    return np.concatenate(parts if generator.random() < 0.5 else parts[::-1], axis=1)


def _table(style: Style, cells: list[list[str]], generator: np.random.Generator) -> np.ndarray:
    path = pylopdf_fonts_cjk.serif_path() if style.serif else pylopdf_fonts_cjk.sans_path()
    letters = ImageFont.truetype(str(path), style.letters_px)
    title = ImageFont.truetype(str(path), round(style.letters_px * 1.6))
    padding = style.letters_px
    widths = [max(letters.getlength(row[column]) for row in cells) + padding for column in range(len(cells[0]))]
    line = round(style.letters_px * float(generator.uniform(1.6, 2.6)))
    margin, head = int(generator.integers(10, 60)), round(style.letters_px * 3)
    width = round(max(sum(widths), title.getlength(WORDS[style.language][0]), 160)) + 2 * margin
    height = head + line * len(cells) + 2 * margin + head
    page = Image.new("RGB", (width, height), style.paper)
    pen = ImageDraw.Draw(page)
    pen.text((margin, margin), WORDS[style.language][0], style.ink, title)
    for row, texts in enumerate(cells):
        top, left = margin + head + row * line, float(margin)
        if row == 0 or (style.rules == STRIPED and row % 2 == 0):
            pen.rectangle((margin, top, margin + sum(widths), top + line), style.accent if row == 0 else None)
        for text, span in zip(texts, widths, strict=True):
            if style.rules == LINED:
                pen.rectangle((left, top, left + span, top + line), outline=style.ink)
            pen.text((left + padding / 2, top + line / 5), text, style.ink, letters)
            left += span
    pen.text((margin, height - margin - style.letters_px * 1.4), NOTES[style.language], style.ink, letters)
    return np.asarray(page)
