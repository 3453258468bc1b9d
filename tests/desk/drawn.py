"""Draws a shop whose true mapping is known: what the desk's tests and the day's campaign work on. No lake is needed."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import pyarrow as pa

from desk.evidence import Proposer
from desk.leaves import Leaves
from desk.shop import Product, Shop
from desk.state import Desk
from shops.vocabulary import Kind, Said, vocabulary
from tests.udfs.rules.mappings import PROJECT, TAXONOMY
from udfs.rules.proposal import OUT_OF_SCOPE
from udfs.rules.wording import written
from udfs.runtime.models import promoted
from udfs.text.classify import NEEDED, classify
from udfs.text.lexicon import NOTHING
from udfs.text.model import TextModel, load

ZIPF = 1.1
AMBIGUOUS, RENAMED, FOREIGN, MISSPELT = 0.10, 0.10, 0.10, 0.05
COVERED_AT_FIRST = 0.55

VAGUE = {
    "ru": ["Новинки", "Распродажа", "Хиты продаж", "Разное", "Коллекция осень", "Последний размер", "Для отпуска",
           "Капсула", "Базовый гардероб", "Подарки"],
    "ja": ["新着", "セール", "特集", "その他", "秋の新作", "人気アイテム", "まとめ買い", "限定", "定番", "ギフト"],
}  # fmt: skip
FURTHER = {
    "ru": ["", "Премиум", "Большие размеры", "Спорт", "Для дома", "Осень-зима", "Лето"],
    "ja": ["", "プレミアム", "大きいサイズ", "スポーツ", "ルームウェア", "秋冬", "夏"],
}
_TEXTS = pa.schema([(name, pa.list_(pa.string()) if name == "category_path" else pa.string()) for name in NEEDED])


@dataclass(frozen=True)
class DrawnCategory:
    """A category with the true leaf of each of its products; `old` is its path when the mapping was written."""

    path: tuple[str, ...]
    leaves: tuple[str, ...]
    old: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Drawn:
    """A shop, the true leaf of each product by id, and the mapping that it begins with."""

    shop: Shop
    truth: dict[str, str]
    rules: list[str]


def text_model() -> TextModel:
    return load(promoted("text", PROJECT / "models"))


def draw(language: str, categories: int, products: int, seed: int, model: TextModel) -> Drawn:
    """The same shop for the same numbers."""
    dice = random.Random(f"{language} {categories} {seed}")
    drawn = _categories(language, categories, dice)
    weights = [1 / (rank**ZIPF) for rank in range(1, len(drawn) + 1)]
    share = products / sum(weights)
    rows, truth = [], {}
    for number, (category, weight) in enumerate(zip(drawn, weights, strict=True)):
        for at in range(max(1, round(weight * share))):
            leaf = category.leaves[dice.randrange(len(category.leaves))]
            product = f"drawn:{number:04d}-{at:05d}"
            truth[product] = leaf
            price = Decimal(dice.randrange(990, 19_990, 100))
            rows.append((product, _title(language, leaf, dice), category.path, price))
    leaves = _classified([(title, path) for _, title, path, _ in rows], model)
    made = [
        Product(id=product, title=title, path=path, price=price, currency="RUB", leaves=said)
        for (product, title, path, price), said in zip(rows, leaves, strict=True)
    ]
    shop = Shop("drawn", language, sorted(made, key=lambda product: product.id))
    return Drawn(shop, truth, _rules(drawn, shop, dice))


def _categories(language: str, count: int, dice: random.Random) -> list[DrawnCategory]:
    words = vocabulary(language).lists
    names = [(leaf, Kind.parsed(text).name) for leaf, texts in words["kinds"].items() for text in texts]
    roots = [words["roots"][name] for name in ("women", "men", "unisex")]
    plain = [(leaf, (root, *filter(None, [more]), _upper(name))) for more in FURTHER[language] for root in roots
             for leaf, name in names]  # fmt: skip
    dice.shuffle(plain)
    kinds = ["vague"] * round(AMBIGUOUS * count) + ["renamed"] * round(RENAMED * count)
    kinds += ["foreign"] * round(FOREIGN * count) + ["misspelt"] * round(MISSPELT * count)
    kinds += ["plain"] * (count - len(kinds))
    dice.shuffle(kinds)
    found = []
    for number, kind in enumerate(kinds):
        leaf, path = plain[number]
        if kind == "foreign":
            thing = dice.choice(sorted(words["out_of_scope"]))
            goods = dice.choice(words["out_of_scope"][thing]).split(" ")[0]
            found.append(DrawnCategory((words["roots"]["out_of_scope"], f"{_upper(goods)} {number}"), (OUT_OF_SCOPE,)))
        elif kind == "vague":
            more = (plain[-1 - number][0],) if number % 2 else ()
            found.append(DrawnCategory((path[0], f"{dice.choice(VAGUE[language])} {number}"), (leaf, *more)))
        elif kind == "misspelt":
            found.append(DrawnCategory((*path[:-1], _misspelt(path[-1], dice)), (leaf,)))
        elif kind == "renamed":
            found.append(DrawnCategory(path, (leaf,), (*path[:-1], f"{path[-1]} {number}")))
        else:
            found.append(DrawnCategory(path, (leaf,)))
    return found


def _rules(drawn: Sequence[DrawnCategory], shop: Shop, dice: random.Random) -> list[str]:
    """Rules for some of the plain categories, until they cover `COVERED_AT_FIRST`; those of renamed ones are dead."""
    size = {}
    for product in shop.products:
        size[product.path] = size.get(product.path, 0) + 1
    order = list(drawn)
    dice.shuffle(order)
    rules, covered = [], 0
    for category in order:
        if len(category.leaves) > 1 or category.leaves == (OUT_OF_SCOPE,):
            continue
        mine = size[category.path] if category.old is None else 0
        if covered + mine <= COVERED_AT_FIRST * len(shop.products):
            covered += mine
            path = written(category.old or category.path).replace(">", "&gt;")
            rules.append(f'<rule path="{path}" to="{category.leaves[0]}" date="2026-01-31" by="AK"/>')
    return rules


def _title(language: str, leaf: str, dice: random.Random) -> str:
    words = vocabulary(language)
    if leaf == OUT_OF_SCOPE:
        return words.goods(dice.choice(sorted(words.lists["out_of_scope"])), dice)
    lists = words.lists
    said = Said(
        leaf=leaf, gender=dice.choice(("women", "men", "unisex")), colour=dice.choice(sorted(lists["colours"])),
        pattern=dice.choice(sorted({*lists["patterns"], "plain"})), weave=dice.choice(sorted(lists["materials"])),
        brand=dice.choice(lists["brands"]), code=str(dice.randrange(1000, 9999)),
    )  # fmt: skip
    return words.title(said, dice)


def _classified(texts: Sequence[tuple[str, tuple[str, ...]]], model: TextModel) -> list[tuple[tuple[str, float], ...]]:
    found = []
    for first in range(0, len(texts), 1000):
        rows = [{"title": title, "category_path": list(path)} for title, path in texts[first : first + 1000]]
        answers = classify(pa.RecordBatch.from_pylist(rows, schema=_TEXTS), model)["leaves"].to_pylist()
        found += [tuple((leaf["leaf"], leaf["probability"]) for leaf in leaves) for leaves in answers]
    return found


def _misspelt(name: str, dice: random.Random) -> str:
    """The name with two letters exchanged, or one doubled."""
    at = dice.randrange(len(name) - 1) if len(name) > 1 else 0
    return name[:at] + name[at + 1 : at + 2] + name[at] + name[at + 2 :] if dice.random() < 0.5 else (
        name[: at + 1] + name[at:]
    )  # fmt: skip


def _upper(name: str) -> str:
    return name[:1].upper() + name[1:]


def desk_of(drawn: Drawn, folder: Path, model: TextModel, read_only: bool = False) -> Desk:
    """A desk over a drawn shop; its mapping file is written to the folder."""
    (folder / "drawn").mkdir(parents=True, exist_ok=True)
    file = folder / "drawn" / "categories.xml"
    if not file.exists():
        lines = ['<mapping retailer="drawn" taxonomy="1">', *drawn.rules, "</mapping>", ""]
        file.write_text("\n".join(lines), encoding="utf-8")
    from udfs.rules.mapping import Mapping

    mapping = Mapping.read(file, TAXONOMY)
    proposer = Proposer(TAXONOMY, {"drawn": mapping}, lambda: model)
    return Desk(folder, TAXONOMY, {"drawn": drawn.shop}, proposer, lambda sha: None, read_only)


def leaves_of(model: TextModel) -> Leaves:
    names = model.lexicon.leaves
    return Leaves(TAXONOMY, {name: leaf for name, leaf in names.items() if leaf != NOTHING})


def right_share(drawn: Drawn, desk: Desk) -> tuple[float, float]:
    """Covered share of the products, and the right share of what the analyst decided."""
    work = desk.work("drawn")
    covered = right = 0
    for key in work.open:
        for place, decision in work.outcome(key):
            if decision is not None:
                covered += 1
                leaf = drawn.truth[drawn.shop.products[place].id]
                right += (decision.to or OUT_OF_SCOPE) == leaf
    return work.covered, right / covered if covered else 1.0
