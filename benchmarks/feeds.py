"""The feed reader beside a bare lxml walk over the same file, in one run, in processes of their own.

`python -m benchmarks.feeds [--mb 200] [--rounds 3] [--feed FILE]` prints a table. The file is a drawn feed in each of
two dialects, or a real one (packed or not) repeated to the wanted size with ids made different; `--mb 4096` is the size
that the reader is built for. Two bare walks stand beside ours: `iterparse` with the offers' tag alone, which parses and
forgets, and one over every element that looks at its text, which is the least that a reader has to do. Ours detects,
decodes, reads every field, tells duplicates and makes Arrow batches. What counts is CPU seconds of the best round;
peak memory is the process's own high-water mark.
"""

import argparse
import json
import random
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count, product
from pathlib import Path

from lxml import etree

MIB = 1 << 20
WANTED_SHARE, WANTED_MIB = 0.15, 300
WORDS = sorted(
    {"linen", "dress", "coat", "wool", "cotton", "summer", "winter", "long", "short", "sleeve", "collar", "button"}
    | {"pocket", "soft", "warm", "light", "dark", "classic", "loose", "fit", "knitted", "printed", "striped", "women"}
)
COLOURS = ("blue", "red", "green", "white", "black")
SMALL = "small.xml"
BLOCK_OFFERS = 2_000
"""Offers drawn anew; the file repeats them under other ids."""


# the file


@dataclass(frozen=True)
class Form:
    """A dialect's head, one offer with places to fill, and its tail."""

    head: str
    offer: str
    tail: str


YML = Form(
    "<?xml version='1.0' encoding='UTF-8'?>\n<yml_catalog date='2026-11-20 10:00'><shop><name>S</name>"
    "<currencies><currency id='EUR' rate='1'/></currencies><categories><category id='1'>Clothes</category>"
    "<category id='2' parentId='1'>Dresses</category></categories><offers>\n",
    "<offer id='{id}' available='true' group_id='g{group}'><url>https://shop.test/p/{id}</url><price>{price}.90</price>"
    "<oldprice>{old}</oldprice><currencyId>EUR</currencyId><categoryId>2</categoryId>\n"
    "<picture>https://img.shop.test/{id}/1.jpg</picture><picture>https://img.shop.test/{id}/2.jpg</picture>"
    "<picture>https://img.shop.test/{id}/3.jpg</picture><name>{title}</name><vendor>Acme</vendor>\n"
    "<description><![CDATA[<p>{text}</p>]]></description><param name='Size'>{size}</param>"
    "<param name='Colour'>{colour}</param><param name='Material'>cotton</param></offer>\n",
    "</offers></shop></yml_catalog>\n",
)
GOOGLE = Form(
    "<?xml version='1.0' encoding='UTF-8'?>\n<rss version='2.0' xmlns:g='http://base.google.com/ns/1.0'><channel>"
    "<title>S</title><link>https://shop.test</link>\n",
    "<item><g:id>{id}</g:id><g:item_group_id>g{group}</g:item_group_id><title>{title}</title><link>"
    "https://shop.test/p/{id}</link><description>{text}</description><g:price>{old}.00 EUR</g:price>"
    "<g:sale_price>{price}.90 EUR</g:sale_price>\n"
    "<g:image_link>https://img.shop.test/{id}/1.jpg</g:image_link><g:additional_image_link>"
    "https://img.shop.test/{id}/2.jpg</g:additional_image_link><g:availability>in stock</g:availability>"
    "<g:brand>Acme</g:brand><g:color>{colour}</g:color><g:size>{size}</g:size><g:gender>female</g:gender>\n"
    "<g:product_type>Clothes &gt; Dresses</g:product_type></item>\n",
    "</channel></rss>\n",
)
FORMS = {"drawn YML": YML, "drawn Google": GOOGLE}
IDENTITY = re.compile(r"""(<(?:offer|item|o)\b[^<>]*?\s(?:id|sku)=["'])([^"']*)|(<(?:g:)?(?:id|ITEM_ID)>)([^<]*)""")


def draw(form: Form) -> Iterator[str]:
    """The offers of a block, the same for every run, each with `@` before its id's end."""
    drawn = random.Random(7)
    for number in range(BLOCK_OFFERS):
        price = drawn.randint(10, 200)
        yield form.offer.format(
            id=f"{number}@", group=f"{number // 4}@", price=price, old=price + 20, size=drawn.choice("SMLX"),
            colour=drawn.choice(COLOURS), title=" ".join(drawn.sample(WORDS, 5)).capitalize(),
            text=" ".join(drawn.choices(WORDS, k=90)).capitalize(),
        )  # fmt: skip


def write_drawn(form: Form, file: Path, size: int) -> None:
    """A drawn feed of about `size` bytes."""
    write_repeated(form.head, "".join(draw(form)), form.tail, file, size)


def write_repeated(head: str, block: str, tail: str, file: Path, size: int) -> None:
    """Head, the block again and again with `@` as the number of its turn, and tail."""
    with file.open("w", encoding="utf-8") as target:
        target.write(head)
        for turn in count():
            target.write(block.replace("@", f"-{turn}") if "@" in block else block)
            if target.tell() >= size:
                break
        target.write(tail)


def write_real(feed: Path, tag: str, file: Path, size: int) -> None:
    """A real feed's offers repeated to about `size` bytes, under ids that differ."""
    from udfs.feeds.options import FeedOptions
    from udfs.feeds.repairs import Repairs
    from udfs.feeds.source.transcode import Transcoder
    from udfs.feeds.source.unpack import unpack

    chunks = Transcoder(unpack(feed, FeedOptions()), FeedOptions(), Repairs())
    text = b"".join(chunks).decode().replace("@", "(at)")
    text = re.sub(r"""(<\?xml[^>]*?)\sencoding=["'][^"']*["']""", r"\1", text)  # it is UTF-8 now
    first, last = re.search(rf"<{tag}[\s>]", text), text.rfind(f"</{tag}>") + len(f"</{tag}>")
    if first is None:
        raise SystemExit(f"{feed}: no <{tag}>")
    block = IDENTITY.sub(
        lambda found: f"{found[1] or found[3]}{found[2] or found[4] or ''}@", text[first.start() : last]
    )
    write_repeated(text[: first.start()], block, text[last:], file, size)


# the contenders, each in a process of its own


def bare(file: Path, tag: str) -> int:
    """The quickest walk that lxml offers in flat memory: offers counted and forgotten."""
    offers = 0
    for _, element in etree.iterparse(str(file), tag=tag):
        offers += 1
        element.clear()
        parent = element.getparent()
        while element.getprevious() is not None:
            del parent[0]
    return offers


def walk(file: Path, tag: str) -> int:
    """Every element in flat memory, its text and attributes looked at."""
    offers = 0
    for _, element in etree.iterparse(str(file)):
        _ = element.text, element.attrib
        if element.tag == tag:
            offers += 1
            element.clear()
            parent = element.getparent()
            while element.getprevious() is not None:
                del parent[0]
    return offers


def reader(file: Path, tag: str) -> int:
    """The night's own way, up to Arrow batches."""
    from udfs.feeds.options import FeedOptions
    from udfs.feeds.reader import read_feed

    reading = read_feed(file, FeedOptions())
    for _ in reading.batches():
        pass
    if reading.summary.code:
        raise SystemExit(reading.summary.detail)
    return reading.summary.offers


BARE, WALK, OURS = "lxml iterparse, offers counted", "lxml iterparse, every element", "selvedge"
INSIDE: dict[str, Callable[[Path, str], int]] = {BARE: bare, WALK: walk, OURS: reader}


@dataclass(frozen=True)
class Used:
    """What one reading took."""

    offers: int
    cpu_s: float
    peak_mib: float


def inside(name: str, file: Path, tag: str) -> None:
    """Read, and print what it took."""
    INSIDE[name](file.with_name(SMALL), tag)  # imports, word lists and dialects are paid once a process, not a feed
    started = time.process_time()
    offers = INSIDE[name](file, tag)
    cpu_s = time.process_time() - started
    peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    print(json.dumps({"offers": offers, "cpu_s": cpu_s, "peak_mib": int(peak.split()[1]) / 1024}))


def measure(name: str, file: Path, tag: str) -> Used:
    command = [sys.executable, "-m", "benchmarks.feeds", "--inside", name, str(file), tag]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{name} failed:\n{done.stderr[-2000:]}")
    return Used(**json.loads(done.stdout))


def compare(label: str, file: Path, tag: str, rounds: int) -> Iterator[str]:
    """The table's lines for one file."""
    best: dict[str, Used] = {}
    for _, name in product(range(rounds), INSIDE):
        used = measure(name, file, tag)
        print(f"{label}, {name}: {used}", file=sys.stderr)
        best[name] = min(used, best.get(name, used), key=lambda one: one.cpu_s)
    mib = file.stat().st_size / MIB
    for name, used in best.items():
        yield (
            f"| {label}, {mib:,.0f} MiB | {name} | {mib / used.cpu_s:,.0f} | {used.offers / used.cpu_s:,.0f} "
            f"| {best[BARE].cpu_s / used.cpu_s:.2f} | {best[WALK].cpu_s / used.cpu_s:.2f} | {used.peak_mib:,.0f} |"
        )
    ours = best[OURS]
    if ours.offers != best[BARE].offers:
        raise SystemExit(f"{label}: {ours.offers} offers read, {best[BARE].offers} counted by lxml")
    if best[BARE].cpu_s / ours.cpu_s < WANTED_SHARE or ours.peak_mib > WANTED_MIB:
        print(f"{label}: below {WANTED_SHARE} of the bare walk, or above {WANTED_MIB} MiB", file=sys.stderr)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--mb", type=int, default=200, help="size of each file in MiB")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--feed", type=Path, action="append", help="a real feed to repeat, instead of the drawn ones")
    parser.add_argument("--tag", default="offer", help="the offers' tag in the real feeds")
    parser.add_argument("--inside", nargs=3, metavar=("NAME", "FILE", "TAG"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.inside:
        name, file, tag = given.inside
        inside(name, Path(file), tag)
        return
    print(
        "| file | | MiB/CPU s | offers/CPU s | beside counting | beside every element | peak MiB |\n"
        "| --- | --- | --- | --- | --- | --- | --- |"
    )
    with tempfile.TemporaryDirectory(prefix="selvedge-bench-") as folder:
        target = Path(folder) / "feed.xml"
        for feed in given.feed or ():
            write_real(feed, given.tag, target, given.mb * MIB)
            write_real(feed, given.tag, target.with_name(SMALL), 1)
            print("\n".join(compare(feed.name, target, given.tag, given.rounds)), flush=True)
        for label, form in () if given.feed else FORMS.items():
            write_drawn(form, target, given.mb * MIB)
            write_drawn(form, target.with_name(SMALL), 1)
            tag = "item" if form is GOOGLE else "offer"
            print("\n".join(compare(label, target, tag, given.rounds)), flush=True)


if __name__ == "__main__":
    main()
