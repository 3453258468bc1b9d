"""Feeds of forty languages in the encodings that they are written in, with nothing or a wrong word said of them.

`python -m tests.encodings.campaign [--seed N] [--feeds N] [--write]` prints how many titles were read right, refused
(their feed is) and wrong, and ends with 1 where more than one title in a thousand is wrong. `--write` puts the table
into docs/encodings.md.
"""

import argparse
import random
import sys
import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from udfs.feeds.options import FeedOptions
from udfs.feeds.refusal import FeedRefused
from udfs.feeds.repairs import Repairs
from udfs.feeds.source.labels import public_name
from udfs.feeds.source.transcode import Transcoder

ROOT = Path(__file__).resolve().parents[2]
WORDS = Path(__file__).with_name("words.txt")
PAGE = ROOT / "docs" / "encodings.md"
BEGIN, END = "<!-- the table begins -->\n", "<!-- the table ends -->\n"
MOST_WRONG = 0.001
SIZES = (10, 100, 1000)
FEEDS = {10: 20, 100: 4, 1000: 1}
"""Offers of a feed, and feeds of that size for each language, encoding and word about it."""

CENTRAL, BALTIC = ("cp1250", "iso-8859-2", "cp852"), ("cp1257", "iso-8859-13", "cp775")
WESTERN = ("cp1252", "iso-8859-15", "mac_roman", "cp850")
ENCODINGS: dict[str, tuple[str, ...]] = (
    dict.fromkeys(("sk", "hu", "sl", "hr", "ro"), CENTRAL)
    | dict.fromkeys(("cs", "pl"), (*CENTRAL, "mac_latin2"))
    | dict.fromkeys(("pt", "nl", "da", "nb", "ca", "en"), WESTERN)
    | dict.fromkeys(("de", "fr", "es", "it", "sv", "fi"), (*WESTERN, "cp437"))
    | {"is": (*WESTERN, "mac_iceland")}
    | dict.fromkeys(("id", "ms", "fil"), ("cp1252",))
    | dict.fromkeys(("lt", "lv"), BALTIC)
    | dict.fromkeys(("bg", "mk", "sr"), ("cp1251", "iso-8859-5"))
    | {"sq": ("cp1252", "cp1250"), "et": ("cp1257", "iso-8859-13", "iso-8859-15", "iso-8859-4"),
       "tr": ("cp1254", "cp857", "mac_turkish"), "vi": ("cp1258",),
       "ru": ("cp1251", "koi8-r", "iso-8859-5", "cp866", "mac_cyrillic"), "uk": ("cp1251", "koi8-u", "iso-8859-5"),
       "el": ("cp1253", "iso-8859-7", "cp737", "mac_greek"),
       "he": ("cp1255", "iso-8859-8", "cp862"), "ar": ("cp1256", "iso-8859-6"),
       "fa": ("cp1256",), "ur": ("cp1256",), "th": ("cp874",), "ja": ("cp932", "euc_jp", "iso2022_jp"),
       "zh": ("gb18030",), "zh-tw": ("big5hkscs",), "ko": ("cp949",)}
)  # fmt: skip
NOTHING, RIGHT = "nothing", "the right one"
WORDS_ABOUT = (NOTHING, RIGHT, "utf-8", "iso-8859-1")
"""What the feed says of its encoding; the last two are the defaults that shops leave standing."""
UNSPACED = {"ja", "zh", "zh-tw"}
SIGNS = "–®™°€½№“”…»«’²"
BRANDS = ("Adidas", "Nike", "Levi's 501", "Calvin Klein Jeans")
TONES = "\u0300\u0301\u0303\u0309\u0323"


def words() -> dict[str, list[str]]:
    """Words by language; the guess does not know them."""
    lines = WORDS.read_text(encoding="utf-8").splitlines()
    rows = (line.partition("\t") for line in lines if not line.startswith("#"))
    return {language: found.split(" ") for language, _, found in rows}


def written(text: str, language: str, encoding: str) -> str | None:
    """The text as that encoding's users write it, or None where it has no such letters."""
    if language == "ro":
        text = text.translate(str.maketrans("șțȘȚ", "şţŞŢ"))
    elif language == "fa":
        text = text.translate(str.maketrans("یک", "يك"))
    elif language == "vi":
        text = "".join(_apart(char) for char in text)
    try:
        text.encode(encoding)
    except UnicodeError:
        return None
    return text


def _apart(char: str) -> str:
    """A Vietnamese letter with its tone as a mark of its own."""
    parts = unicodedata.normalize("NFD", char)
    rest = "".join(part for part in parts if part not in TONES)
    return unicodedata.normalize("NFC", rest) + "".join(part for part in parts if part in TONES)


@dataclass(frozen=True)
class Shop:
    """Who writes the feed, and how."""

    language: str
    encoding: str
    about: str

    def titles(self, pool: list[str], count: int, rng: random.Random) -> list[str]:
        """Titles of three to six words, some with a brand or a sign."""
        signs = [sign for sign in SIGNS if written(sign, self.language, self.encoding)]
        glue = "" if self.language in UNSPACED else " "
        found = []
        for _ in range(count):
            title = glue.join(rng.choices(pool, k=rng.randint(3, 6)))
            capital = title[0].upper() + title[1:]
            title = written(capital, self.language, self.encoding) or title
            title = f"{rng.choice(BRANDS)} {title}" if rng.random() < 0.1 else title
            found.append(f"{title} {rng.choice(signs)}" if signs and rng.random() < 0.1 else title)
        return found

    def feed(self, titles: list[str], pool: list[str], rng: random.Random) -> bytes:
        """The feed's bytes: nothing in it hints at the language but its words."""
        said = public_name(self.encoding) if self.about == RIGHT else self.about
        stated = "" if said == NOTHING else f' encoding="{said}"'
        glue = "" if self.language in UNSPACED else " "
        items = "".join(
            f"<item><g:id>{number}</g:id><title>{title}</title><g:price>{number}.00 EUR</g:price>"
            f"<description>{glue.join(rng.choices(pool, k=8))}</description>"
            f"<link>https://shop.example/{number}</link></item>\n"
            for number, title in enumerate(titles)
        )
        return f'<?xml version="1.0"{stated}?><rss><channel>{items}</channel></rss>'.encode(self.encoding)


@dataclass
class Tally:
    """Titles read right, in refused feeds, and wrong."""

    right: int = 0
    refused: int = 0
    wrong: int = 0

    def add(self, other: "Tally") -> None:
        self.right += other.right
        self.refused += other.refused
        self.wrong += other.wrong

    def __str__(self) -> str:
        every = max(self.right + self.refused + self.wrong, 1)
        return f"{self.right / every:.1%} / {self.refused / every:.1%} / {self.wrong / every:.2%}"


def judged(body: bytes, titles: list[str], options: FeedOptions | None = None) -> Tally:
    """What became of the titles of one feed."""
    pieces = (body[at : at + 65536] for at in range(0, len(body), 65536))
    try:
        text = b"".join(Transcoder(pieces, options or FeedOptions(), Repairs())).decode("utf-8", "replace")
    except FeedRefused:
        return Tally(refused=len(titles))
    read = [part.partition("</title>")[0] for part in text.split("<title>")[1:]]
    right = sum(found == title for found, title in zip(read, titles, strict=False))
    return Tally(right=right, wrong=len(titles) - right)


def shops() -> Iterator[Shop]:
    """Every language in every encoding with every word about it that is not right."""
    for language, encodings in sorted(ENCODINGS.items()):
        for encoding in encodings:
            for about in WORDS_ABOUT:
                if encoding != "cp1252" or about != "iso-8859-1":  # which is the right one
                    yield Shop(language, encoding, about)


def tried(shop: Shop, size: int, feeds: int, seed: int, known: dict[str, list[str]]) -> Tally:
    """Some feeds of one shop."""
    found = Tally()
    candidates = (written(word, shop.language, shop.encoding) for word in known[shop.language])
    pool = [word for word in candidates if word]
    for number in range(feeds):
        rng = random.Random(f"{seed} {shop} {size} {number}")
        titles = shop.titles(pool, size, rng)
        found.add(judged(shop.feed(titles, pool, rng), titles))
    return found


def table(found: dict[tuple[Shop, int], Tally]) -> str:
    """The table of the docs: a line for each language and encoding."""
    lines = [
        "| language | encoding | " + " | ".join(f"{size:,} offers" for size in SIZES) + " |\n",
        "| --- | --- |" + " --- |" * len(SIZES) + "\n",
    ]
    places = sorted({(shop.language, shop.encoding) for shop, _ in found})
    for language, encoding in places:
        cells = [_sum(found, size, language=language, encoding=encoding) for size in SIZES]
        lines.append(f"| {language} | {public_name(encoding)} | {' | '.join(map(str, cells))} |\n")
    for about in WORDS_ABOUT:
        cells = [_sum(found, size, about=about) for size in SIZES]
        lines.append(f"| all | declared: {about} | {' | '.join(map(str, cells))} |\n")
    lines.append(f"| **all** | **all** | {' | '.join(str(_sum(found, size)) for size in SIZES)} |\n")
    return "".join(lines)


def _sum(found: dict[tuple[Shop, int], Tally], size: int, **wanted: str) -> Tally:
    whole = Tally()
    for (shop, of), tally in found.items():
        if of == size and all(getattr(shop, name) == value for name, value in wanted.items()):
            whole.add(tally)
    return whole


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--feeds", type=float, default=1.0, help="times as many feeds of each size")
    parser.add_argument("--write", action="store_true", help="put the table into docs/encodings.md")
    given = parser.parse_args()
    known, wrong = words(), Counter[str]()
    found: dict[tuple[Shop, int], Tally] = {}
    for shop in shops():
        for size in SIZES:
            tally = tried(shop, size, max(1, round(FEEDS[size] * given.feeds)), given.seed, known)
            found[shop, size] = tally
            if tally.wrong:
                wrong[f"{shop}, {size} offers"] = tally.wrong
                print(f"wrong: {shop}, {size} offers: {tally}", flush=True)
    print(table(found))
    if given.write:
        before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
        PAGE.write_text(before + BEGIN + table(found) + END + rest.partition(END)[2], encoding="utf-8")
    titles = sum(tally.right + tally.refused + tally.wrong for tally in found.values())
    share = sum(wrong.values()) / titles
    print(f"{titles:,} titles, {share:.3%} wrong (at most {MOST_WRONG:.1%})")
    sys.exit(share > MOST_WRONG)


if __name__ == "__main__":
    main()
