"""Banners, logos and "no picture" placeholders."""

import random
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from shops.pictures.backdrops import backdrop
from shops.pictures.fabrics import COLOURS, Colour
from shops.pictures.lettering import STYLES, blank, centred, fitting
from shops.pictures.painter import Painter, Picture, View
from shops.pictures.tailor import Look
from shops.pictures.wardrobe import cut


def _palette(dice: random.Random) -> tuple[Colour, Colour]:
    ground = dice.choice([*COLOURS.values(), (250, 240, 236), (24, 24, 26)])
    return ground, (252, 252, 252) if sum(ground) < 420 else (36, 34, 36)


def banner(words: dict[str, Any], look: Look, dice: random.Random) -> Picture:
    """A campaign: wide, large words, sometimes a garment at its side. `words`: slogans, details, button."""
    width, height = dice.choice(((900, 360), (800, 400), (640, 640), (960, 300)))
    ground, ink = _palette(dice)
    image, pen = blank(width, height, ground)
    face = dice.choice(STYLES)
    for _ in range(dice.randint(0, 4)):
        x, y, r = dice.uniform(0, width), dice.uniform(0, height), dice.uniform(0.1, 0.5) * height
        tint = tuple(round(c + (i - c) * 0.12) for c, i in zip(ground, ink, strict=True))
        pen.ellipse((x - r, y - r, x + r, y + r), fill=tint)
    with_garment = dice.random() < 0.6
    middle = width * (0.36 if with_garment else 0.5)
    room = width * (0.62 if with_garment else 0.9)
    slogan, detail = dice.choice(words["slogans"]), dice.choice(words["details"])
    centred(pen, (middle, height * 0.4), slogan, fitting(slogan, face, int(height * 0.2), room), ink)
    centred(pen, (middle, height * 0.6), detail, fitting(detail, face, int(height * 0.085), room), ink)
    if dice.random() < 0.5:
        _button(pen, (middle, height * 0.79), height, (ink, ground), words["button"])
    canvas = np.array(image)
    if with_garment:
        parts = cut(look, 0.25).flat
        scale = height * (0.2 if look.garment_class in {"top", "outerwear"} else 0.115)
        top = 2.5 if look.garment_class in {"top", "outerwear"} else 4.3
        Painter(canvas, dice.randrange(1000)).lay(parts, View(scale, width * 0.83, height * 0.5 - top * scale))
    return canvas


def _button(
    pen: ImageDraw.ImageDraw, middle: tuple[float, float], height: int, colours: tuple[Colour, Colour], text: str
) -> None:
    x, y = middle
    wide, tall = height * 0.28, height * 0.065
    pen.rounded_rectangle((x - wide, y - tall, x + wide, y + tall), radius=tall, fill=colours[0])
    centred(pen, middle, text, fitting(text, "sans", int(tall), wide * 1.6), colours[1])


def logo(brand: str, dice: random.Random) -> Picture:
    """A brand's name with a simple mark."""
    side = dice.choice((300, 400, 512))
    ground, ink = dice.choice(
        (((255, 255, 255), (26, 26, 28)), ((255, 255, 255), dice.choice(list(COLOURS.values()))), _palette(dice))
    )
    image, pen = blank(side, side, ground)
    mark = dice.choice(("ring", "bar", "square", "none", "initial"))
    face = dice.choice(STYLES)
    y = 0.5 if mark == "none" else 0.68
    if mark == "ring":
        pen.ellipse((side * 0.36, side * 0.2, side * 0.64, side * 0.48), outline=ink, width=side // 40)
    elif mark == "bar":
        pen.rectangle((side * 0.2, side * 0.4, side * 0.8, side * 0.43), fill=ink)
    elif mark == "square":
        pen.rectangle((side * 0.38, side * 0.22, side * 0.62, side * 0.46), fill=ink)
    elif mark == "initial":
        centred(pen, (side / 2, side * 0.38), brand[:1], fitting(brand[:1], face, side // 3, side), ink)
    centred(pen, (side / 2, side * y), brand, fitting(brand, face, side // 6, side * 0.8), ink)
    return np.asarray(image)


def placeholder(text: str, dice: random.Random) -> Picture:
    """What a shop shows where it has no picture."""
    side = dice.choice((300, 400))
    grey = dice.randrange(222, 246)
    image, pen = blank(side, side, (grey, grey, grey))
    ink = (grey - 70, grey - 70, grey - 68)
    left, top, right, bottom = side * 0.33, side * 0.28, side * 0.67, side * 0.54
    pen.rounded_rectangle((left, top, right, bottom), radius=side // 40, outline=ink, width=side // 60)
    pen.polygon(
        ((left + side * 0.03, bottom - side * 0.03), (side * 0.46, side * 0.38), (side * 0.58, bottom - side * 0.03)),
        fill=ink,
    )
    pen.ellipse((side * 0.56, side * 0.32, side * 0.62, side * 0.38), fill=ink)
    centred(pen, (side / 2, side * 0.68), text, fitting(text, "sans", side // 14, side * 0.8), ink)
    return np.asarray(image)


def thing(kind: str, dice: random.Random) -> Picture:
    """Goods that are no garment: a mug, a box of toner, a book, a lamp."""
    picture = backdrop(dice.choice(("white", "gradient", "paper")), 500, 500, dice)
    image = Image.fromarray(picture)
    pen = ImageDraw.Draw(image)
    colour = dice.choice(list(COLOURS.values()))
    dark = tuple(round(c * 0.7) for c in colour)
    if kind == "mug":
        pen.ellipse((320, 190, 420, 320), outline=dark, width=22)
        pen.rounded_rectangle((140, 150, 350, 370), radius=26, fill=colour)
        pen.ellipse((140, 132, 350, 172), fill=dark)
    elif kind == "book":
        pen.polygon(((140, 120), (330, 90), (360, 380), (170, 410)), fill=colour)
        pen.polygon(((330, 90), (350, 100), (378, 386), (360, 380)), fill=(238, 234, 222))
        pen.rectangle((190, 170, 300, 200), fill=(245, 240, 225))
    elif kind == "lamp":
        pen.polygon(((180, 220), (320, 220), (370, 110), (130, 110)), fill=colour)
        pen.rectangle((242, 220, 258, 390), fill=dark)
        pen.ellipse((180, 375, 320, 415), fill=dark)
    else:
        pen.polygon(((110, 200), (300, 160), (400, 210), (400, 350), (210, 400), (110, 340)), fill=(58, 58, 62))
        pen.polygon(((110, 200), (300, 160), (400, 210), (210, 255)), fill=(84, 84, 90))
        pen.rectangle((150, 280, 200, 330), fill=colour)
    return np.asarray(image)
