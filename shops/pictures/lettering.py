"""Text on pictures, in fonts that hold Latin, Cyrillic and Japanese."""

from functools import lru_cache

import pylopdf_fonts_cjk
from PIL import Image, ImageDraw, ImageFont

from shops.pictures.fabrics import Colour

STYLES = ("sans", "serif")


@lru_cache(maxsize=64)
def font(style: str, size_px: int) -> ImageFont.FreeTypeFont:
    """The font of a style at a size."""
    path = pylopdf_fonts_cjk.sans_path() if style == "sans" else pylopdf_fonts_cjk.serif_path()
    return ImageFont.truetype(str(path), size_px)


def fitting(text: str, style: str, size_px: int, room_px: float) -> ImageFont.FreeTypeFont:
    """The font at that size, or smaller so that the text has room."""
    width = font(style, size_px).getlength(text)
    return font(style, size_px if width <= room_px else max(8, int(size_px * room_px / width)))


def centred(
    draw: ImageDraw.ImageDraw, place: tuple[float, float], text: str, face: ImageFont.FreeTypeFont, colour: Colour
) -> None:
    """Writes the text with its middle at `place`."""
    draw.text(place, text, font=face, fill=colour, anchor="mm")


def blank(width: int, height: int, colour: Colour) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    """An empty picture and its pen."""
    image = Image.new("RGB", (width, height), colour)
    return image, ImageDraw.Draw(image)


def lettered(
    draw: ImageDraw.ImageDraw, place: tuple[float, float], text: str, room: tuple[str, int, float], colour: Colour
) -> None:
    """Writes the text round `place`, two words on two lines where they are too wide; `room`: style, size, width."""
    style, size_px, width_px = room
    if " " in text and font(style, size_px).getlength(text) > width_px:
        text = text.replace(" ", "\n", 1)
        size_px = round(size_px * 0.8)
    widest = max(text.split("\n"), key=len)
    face = fitting(widest, style, size_px, width_px)
    draw.multiline_text(place, text, font=face, fill=colour, anchor="mm", align="center", spacing=2)
