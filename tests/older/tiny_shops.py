"""Two shops of a few offers, drawn so that the stand-in models give a verdict of every kind.

Both feeds state a material, which the reader of the first lake did not know yet.
"""

import hashlib
import io
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from PIL import Image, ImageDraw

from shops.spec import write_spec

GOOGLE_SHOP, YML_SHOP = "harbour", "meadow"
MADE_AT = datetime(2026, 1, 14, 22, tzinfo=UTC)
"""The date of every file: whole seconds, as archives keep them, because the server's ETags are made of it."""

SHAPES: dict[str, list[tuple[int, int]]] = {
    "dress": [(60, 20), (100, 20), (104, 80), (140, 184), (20, 184), (56, 80)],
    "shirt": [(52, 28), (108, 28), (152, 92), (130, 108), (112, 84), (112, 176), (48, 176), (48, 84), (30, 108),
              (8, 92)],
    "trousers": [(44, 16), (116, 16), (134, 188), (94, 188), (80, 70), (66, 188), (26, 188)],
    "bottle": [(68, 20), (92, 20), (92, 60), (120, 84), (120, 184), (40, 184), (40, 84), (68, 60)],
}  # fmt: skip
Colour = tuple[int, int, int]
PAPER: Colour = (238, 234, 230)

MAPPING = """<?xml version="1.0" encoding="UTF-8"?>
<mapping retailer="harbour" taxonomy="1">
  <rule path="Clothing > Shirts" to="shirt" date="2026-01-12" by="AB"/>
</mapping>
"""


@dataclass(frozen=True)
class Offer:
    """An offer as its shop states it; empty texts are left out."""

    id: str
    group: str
    title: str
    category: str
    colour: str
    size: str
    material: str
    pictures: Sequence[str]
    price: int


def write_shops(root: Path, mappings: Path, base_url: str) -> None:
    """Write both shops below `root` and their specs below `mappings`; pictures are under `base_url`."""
    pictures = {name: kept_picture(root, shop, body) for name, (shop, body) in _pictures().items()}
    urls = {name: f"{base_url}/{path}" for name, path in pictures.items()}
    for shop, feed, language, text in (
        (GOOGLE_SHOP, "google", "en", google_feed(base_url, _harbour(urls))),
        (YML_SHOP, "yml", "ru", yml_feed(base_url, _meadow(urls))),
    ):
        (root / shop / "feed.xml").write_text(text, encoding="utf-8")
        (mappings / shop).mkdir(parents=True)
        write_spec(mappings / shop / "retailer.yaml", f"{base_url}/{shop}/feed.xml", language, feed)
    (mappings / GOOGLE_SHOP / "categories.xml").write_text(MAPPING, encoding="utf-8")
    for file in root.rglob("*"):
        os.utime(file, (MADE_AT.timestamp(), MADE_AT.timestamp()))


def _harbour(urls: dict[str, str]) -> list[Offer]:
    """A dress in two sizes with a copy of its picture, a shirt by the mapping with a size chart, and no garment."""
    dress = [urls["red dress"], urls["red dress, smaller"]]
    return [
        Offer("h1", "hg1", "Red dress with a wide skirt", "Clothing > Dresses", "red", "S", "cotton", dress, 79),
        Offer("h2", "hg1", "Red dress with a wide skirt", "Clothing > Dresses", "red", "M", "cotton", dress, 79),
        Offer("h3", "hg3", "Summer button-down", "Clothing > Shirts", "blue", "L", "linen",
              [urls["blue shirt"], urls["size chart"]], 49),
        Offer("h4", "hg4", "Rose water toner", "Beauty > Face", "", "", "", [urls["toner"]], 12),
    ]  # fmt: skip


def _meadow(urls: dict[str, str]) -> list[Offer]:
    """A dress without a box, a shirt by its text, trousers by their picture alone, and an offer without a title."""
    return [
        Offer("m1", "", "Зелёное платье", "Одежда", "зелёный", "44", "viscose", [urls["green dress"]], 3900),
        Offer("m2", "", "Рубашка в полоску", "Одежда", "синий", "50", "cotton", [urls["striped shirt"]], 2900),
        Offer("m3", "", "Модель 17", "Одежда", "тёмно-синий", "48", "wool", [urls["trousers"]], 4500),
        Offer("m4", "", "", "Одежда", "красный", "46", "silk", [urls["green dress"]], 1900),
    ]


def google_feed(base_url: str, offers: Sequence[Offer]) -> str:
    items = []
    for offer in offers:
        first, *others = offer.pictures
        stated = {
            "g:id": offer.id, "title": offer.title, "link": f"{base_url}/{GOOGLE_SHOP}/{offer.id}",
            "g:image_link": first, "g:price": f"{offer.price}.00 EUR", "g:availability": "in_stock",
            "g:item_group_id": offer.group, "g:product_type": offer.category.replace(">", "&gt;"), "g:brand": "Harbour",
            "g:color": offer.colour, "g:size": offer.size, "g:gender": "female", "g:material": offer.material,
        }  # fmt: skip
        lines = [f"<{tag}>{text}</{tag}>" for tag, text in stated.items() if text]
        lines += [f"<g:additional_image_link>{url}</g:additional_image_link>" for url in others]
        items.append("<item>\n" + "\n".join(lines) + "\n</item>\n")
    return f"""<?xml version="1.0" encoding="utf-8"?>
<rss version="2.0" xmlns:g="http://base.google.com/ns/1.0"><channel>
<title>Harbour</title><link>{base_url}/{GOOGLE_SHOP}</link><description>Harbour</description>
<lastBuildDate>Wed, 14 Jan 2026 22:00:00 +0000</lastBuildDate>
{"".join(items)}</channel></rss>
"""


def yml_feed(base_url: str, offers: Sequence[Offer]) -> str:
    items = []
    for offer in offers:
        vendor = "Луг" if offer.title else ""  # a vendor would stand for the title
        stated = {"url": f"{base_url}/{YML_SHOP}/{offer.id}", "price": str(offer.price), "currencyId": "RUB",
                  "categoryId": "1", "picture": offer.pictures[0], "name": offer.title, "vendor": vendor}  # fmt: skip
        lines = [f"<{tag}>{text}</{tag}>" for tag, text in stated.items() if text]
        params = {"Цвет": offer.colour, "Размер": offer.size, "Пол": "Женский", "Material": offer.material}
        lines += [f'<param name="{name}">{text}</param>' for name, text in params.items()]
        items.append(f'<offer id="{offer.id}" available="true">\n' + "\n".join(lines) + "\n</offer>\n")
    return f"""<?xml version="1.0" encoding="utf-8"?>
<yml_catalog date="2026-01-14 22:00"><shop><name>Луг</name><company>Луг</company><url>{base_url}/{YML_SHOP}</url>
<currencies><currency id="RUB" rate="1"/></currencies>
<categories><category id="1">Одежда</category></categories>
<offers>
{"".join(items)}</offers></shop></yml_catalog>
"""


def _pictures() -> dict[str, tuple[str, bytes]]:
    """Shop and JPEG of every picture by what it shows."""
    red, striped = drawn("dress", (190, 40, 50)), drawn("shirt", (40, 80, 190))
    for top in range(0, 200, 16):
        striped.paste((150, 180, 235), (0, top, 160, top + 6), _outline("shirt").crop((0, top, 160, top + 6)))
    return {
        "red dress": (GOOGLE_SHOP, jpeg(red)),
        "red dress, smaller": (GOOGLE_SHOP, jpeg(red.resize((128, 160)))),
        "blue shirt": (GOOGLE_SHOP, jpeg(drawn("shirt", (50, 120, 215)).transpose(Image.Transpose.ROTATE_180))),
        "size chart": (GOOGLE_SHOP, jpeg(_chart())),
        "toner": (GOOGLE_SHOP, jpeg(drawn("bottle", (240, 150, 160)))),
        "green dress": (YML_SHOP, jpeg(drawn("dress", (70, 150, 75)))),
        "striped shirt": (YML_SHOP, jpeg(striped)),
        "trousers": (YML_SHOP, jpeg(drawn("trousers", (20, 30, 95), (120, 118, 116)))),
    }


def _outline(shape: str) -> Image.Image:
    mask = Image.new("L", (160, 200))
    ImageDraw.Draw(mask).polygon(SHAPES[shape], fill=255)
    return mask


def drawn(shape: str, colour: Colour, paper: Colour = PAPER) -> Image.Image:
    picture = Image.new("RGB", (160, 200), paper)
    picture.paste(colour, mask=_outline(shape))
    return picture


def _chart() -> Image.Image:
    picture = Image.new("RGB", (160, 200), (255, 255, 255))
    pen = ImageDraw.Draw(picture)
    for row in range(9):
        pen.line((8, 20 + row * 20, 152, 20 + row * 20), fill=(0, 0, 0))
    for column in range(5):
        pen.line((8 + column * 36, 20, 8 + column * 36, 180), fill=(0, 0, 0))
    return picture


def jpeg(picture: Image.Image) -> bytes:
    target = io.BytesIO()
    picture.save(target, "JPEG", quality=85)
    return target.getvalue()


def kept_picture(root: Path, shop: str, body: bytes) -> str:
    """Where a picture lies below `root`, under a name that the sample shops' server serves."""
    name = hashlib.sha256(body).hexdigest()
    path = f"{shop}/images/{name[:2]}/{name[:16]}.jpg"
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_bytes(body)
    return path
