"""How long a key takes at the desk, and a mapping's what-if: `python -m benchmarks.desk`.

A shop of 100,000 products in 10,000 categories, half of them mapped, held in memory: what is measured is what the
analyst waits for once the lake is read. Beside it stands the same loop of arithmetic on this machine at that moment.
"""

import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from desk import pages
from desk.difference import Change, difference
from desk.edits import Pending
from desk.evidence import Proposer
from desk.leaves import Leaves
from desk.shop import Product, Shop
from desk.work import Work, decided_by, said_of
from schemas.settings import Settings
from udfs.rules.mapping import Mapping
from udfs.rules.taxonomy import Taxonomy
from udfs.runtime.models import promoted
from udfs.text.model import load

CATEGORIES, PRODUCTS, KEYS, MANY = 10_000, 100_000, 60, 5_000
LEAVES = ("skirt", "dress", "hat", "boots", "jeans", "coat", "shirt", "socks")


def main() -> None:
    """Prints one line a figure."""
    settings = Settings()
    taxonomy = Taxonomy.read(settings.mappings / "taxonomy.xml")
    model = load(promoted("text", settings.models))
    with tempfile.TemporaryDirectory() as folder:
        os.environ["XDG_STATE_HOME"] = folder
        shop, file = drawn(Path(folder))
        mapping = Mapping.read(file, taxonomy)
        work = Work(shop, file.parent, taxonomy, Proposer(taxonomy, {"big": mapping}, lambda: model),
                    Pending(Path(folder, "pending.jsonl"), "big"))  # fmt: skip
        leaves = Leaves(taxonomy, {})
        yardstick = seconds(lambda: sum(place * place for place in range(1_000_000)))
        print(f"yardstick: a loop of a million squares takes {1000 * yardstick:.0f} ms")
        opened = seconds(lambda: page(pages.card(work, leaves, None)))
        print(f"the page of a shop, before its first key: {1000 * opened:.0f} ms")
        tell_keys("", work, leaves, yardstick)
        pending = seconds(lambda: pages.pending_difference(work))
        print(f"what the {len(work.pending.rules)} pending decisions change: {1000 * pending:.0f} ms")
        whole = seconds(lambda: difference(
            Change(product, product.category, one.node)
            for product, one in zip(shop.products, decided_by(shop, mapping), strict=True)
        ))  # fmt: skip
        print(f"a mapping file over {PRODUCTS:,} products: {whole:.2f} s ({whole / yardstick:.1f} yardsticks)")
        while len(work.pending.rules) < MANY:
            work.decide(work.left(None, 1)[0], to=LEAVES[0])
        tell_keys(f" after {MANY:,} others", work, leaves, yardstick)


def tell_keys(where: str, work: Work, leaves: Leaves, yardstick: float) -> None:
    times = [seconds(lambda: key(work, leaves)) for _ in range(KEYS)]
    first, middle, slowest = (1000 * one for one in (times[0], sorted(times)[KEYS // 2], max(times)))
    print(f"a key among {CATEGORIES:,} categories{where}: the first {first:.0f} ms, median {middle:.0f} ms, "
          f"slowest {slowest:.0f} ms ({middle / 1000 / yardstick:.2f} yardsticks)")  # fmt: skip


def key(work: Work, leaves: Leaves) -> None:
    """Accepts the first proposal, and writes the page that follows."""
    at = work.left(None, 1)[0]
    proposals = work.considered(at).proposals
    made = work.decide(at, **said_of(proposals[0]))
    page(pages.after(work, leaves, at, made))


def page(said: dict[str, Any]) -> None:
    pages.render("_work.html", root="", retailer="big", desk=_Desk, **said)


class _Desk:
    read_only = False


def drawn(folder: Path) -> tuple[Shop, Path]:
    draw = np.random.default_rng(7)
    category = np.minimum(draw.zipf(1.1, PRODUCTS) % (4 * CATEGORIES), CATEGORIES - 1)
    category[:CATEGORIES] = np.arange(CATEGORIES)
    products = [
        Product(id=f"big:{number:06d}", title=f"{LEAVES[place % 8]} no {number}", path=("Shop", f"Category {place}"),
                leaves=((LEAVES[place % 8], 0.97), ("top", 0.02)), category=LEAVES[place % 8], source="text")
        for number, place in enumerate(category.tolist())
    ]  # fmt: skip
    file = folder / "big" / "categories.xml"
    file.parent.mkdir()
    rules = [f'<rule path="Shop > Category {place}" to="{LEAVES[place % 8]}" date="2026-11-30" by="AK"/>'
             for place in range(1, CATEGORIES, 20)]  # fmt: skip
    file.write_text("\n".join(['<mapping retailer="big" taxonomy="1">', *rules, "</mapping>", ""]))
    return Shop("big", "en", products), file


def seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
