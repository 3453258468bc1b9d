"""What each page shows, and how it is written as HTML: everything that comes from a shop is escaped."""

import subprocess
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from desk.difference import Change, Difference, difference
from desk.edits import Decision
from desk.leaves import Leaves
from desk.mapping_file import rule_of
from desk.shop import NO_CATEGORY, Product, key_of
from desk.state import Desk
from desk.trend import Trend
from desk.work import Work, fits
from schemas.errors import Stop, WrongInput
from udfs.rules.mapping import IGNORED, MAPPED, UNMAPPED
from udfs.rules.mapping import Decision as Decided
from udfs.rules.proposal import OUT_OF_SCOPE
from udfs.rules.rule import Rule
from udfs.rules.wording import normalise, written

LEAST_SHOWN = 0.005
"""Probability from which a further proposal is shown."""

THUMBNAILS, TITLES, NEXT = 6, 8, 12
PAGE = 40
"""Products on one page of the products view."""

REASONS = ("no garment", "not sold any more", "a mix of everything", "gift cards and services")

_PAGES = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"), autoescape=True, undefined=StrictUndefined,
    trim_blocks=True, lstrip_blocks=True,
)  # fmt: skip
_PAGES.filters["thousands"] = lambda number: f"{number:,}"
_PAGES.filters["percent"] = lambda share: f"{100 * share:.0f}%"
_PAGES.filters["written"] = written


def render(name: str, **said: Any) -> str:
    return _PAGES.get_template(name).render(**said)


def style() -> str:
    """The style of every page, for those that are one file."""
    return (Path(__file__).parent / "static" / "desk.css").read_text(encoding="utf-8")


def told(error: Stop) -> dict[str, Any]:
    """An error as a page: its line, and for a file the lines around the mistake."""
    around: list[tuple[int, str]] = []
    if isinstance(error, WrongInput) and error.line and error.path.is_file():
        lines = error.path.read_bytes().decode("utf-8", "replace").splitlines()
        first = max(error.line - 3, 1)
        around = list(enumerate(lines[first - 1 : error.line + 2], first))
    line = error.line if isinstance(error, WrongInput) else None
    return {"text": str(error), "around": around, "line": line}


def shop_row(desk: Desk, name: str) -> dict[str, Any]:
    """One shop on the first page: its coverage by products, price and clicks, and what disagrees with its rules."""
    row: dict[str, Any] = {
        "name": name,
        "error": None,
        "disagree": [],
        MAPPED: 0,
        IGNORED: 0,
        UNMAPPED: 0,
        "products": 0,
    }
    row["trend"] = desk.trends.get(name, Trend())
    try:
        work = desk.work(name)
    except WrongInput as error:
        return row | {"error": str(error)}
    products = work.shop.products
    row |= {"products": len(products), "categories": len(work.left()), "pending": len(work.pending.rules)}
    row |= {"published": sum(product.category is not None for product in products)} | work.counts
    found = doubts(work)
    row["text_differs"] = _share(sum(text for _, text, _ in found), len(found))
    row["pictures_differ"] = _share(sum(pictures for *_, pictures in found), len(found))
    row["disagree"], doubted = most_doubted(found)
    rules = {f"{work.text.path.name}:{rule.line}": rule for rule in (work.mapping.rules if work.mapping else ())}
    row["rules"] = {name: named(rules[name]) for name, *_ in row["disagree"]}
    row["agreed"] = _share(len(products) - work.counts[UNMAPPED] - doubted, len(products))
    row["by_price"] = _weighed(work, lambda product: float(product.price or 0))
    row["by_clicks"] = _weighed(work, lambda product: desk.clicks.get(product.id, 0.0)) if desk.clicks else None
    return row


def named(rule: Rule) -> str:
    """The category of a rule, in one line."""
    more = (("id", rule.id), ("within", rule.within), ("where", rule.title_word), ("for", rule.gender))
    parts = [" › ".join(rule.path or ()), *(f"{kind} {value}" for kind, value in more if value)]
    return " ".join(filter(None, parts))


def doubts(work: Work) -> list[tuple[Decided, bool, bool]]:
    """What decides on each mapped product, and whether its text and its pictures say something else."""
    decided = zip(work.shop.products, work.decided, strict=True)
    return [(one, *work.doubts(product, one.node)) for product, one in decided if one.kind == MAPPED]


def most_doubted(
    found: Sequence[tuple[Decided, bool, bool]], most: int = 3
) -> tuple[list[tuple[str, str | None, int]], int]:
    """Rules that text or pictures contradict most (rule, what it says, products), and the products of all rules."""
    against: Counter[tuple[str, str | None]] = Counter()
    for one, text, pictures in found:
        against[one.rule or "", one.node] += text or pictures
    return [(rule, node, count) for (rule, node), count in against.most_common(most) if count], against.total()


def _weighed(work: Work, weight: Callable[[Product], float]) -> float | None:
    """The covered share of the weight of all products, pending decisions included; None where nothing weighs."""
    open_places = {place for key in work.open for place in work.rest(key)}
    total = sum(map(weight, work.shop.products))
    return _share(total - sum(weight(work.shop.products[place]) for place in open_places), total)


def _share(part: float, whole: float) -> float | None:
    return part / whole if whole else None


def card(work: Work, leaves: Leaves, at: str | None, said: str = "") -> dict[str, Any]:
    """The category to decide now, and those that come next."""
    waiting = work.left(at, NEXT + 1)
    key = waiting[0] if waiting else None
    found: dict[str, Any] = {"work": work, "counts": work.counts, "said": said, "reasons": REASONS, "key": key}
    found |= {"language": work.shop.language, "total": len(work.shop.products), "no_category": NO_CATEGORY}
    if key is None:
        return found | {"category": None, "next": []}
    names = [work.shop.categories[one] for one in waiting]
    work.proposer.prepare(work.shop, names, work.open)
    category, rest = names[0], work.shop.of(work.rest(key))
    considered = work.considered(key)
    proposals = [
        _proposal(work, leaves, place, proposal)
        for place, proposal in enumerate(considered.proposals)
        if not place or proposal.probability >= LEAST_SHOWN
    ]
    upcoming = [
        {"key": c.key, "name": c.name, "products": len(work.rest(c.key)), "leaf": _first(work, leaves, c.key)}
        for c in names[1:]
    ]
    return found | {
        "category": category,
        "products": rest,
        "titles": titles_of(rest),
        "thumbnails": thumbnails_of(rest, THUMBNAILS),
        "prices": prices_of(rest),
        "genders": Counter(product.gender for product in rest if product.gender).most_common(),
        "proposals": proposals,
        "evidence": evidence_lines(work, leaves, key),
        "share": len(rest) / max(len(work.shop.products), 1),
        "next": upcoming,
    }


def _proposal(work: Work, leaves: Leaves, place: int, proposal: Any) -> dict[str, Any]:
    row = {"place": place, "chance": proposal.probability, "code": proposal.leaf, "ignores": False}
    if proposal.leaf == OUT_OF_SCOPE:
        return row | {"name": "no garment: ignore it", "english": "", "above": "", "ignores": True}
    hit = leaves.hit(proposal.leaf, work.shop.language)
    return row | {"name": hit.name, "english": hit.english, "above": hit.above}


def _first(work: Work, leaves: Leaves, key: str) -> str:
    proposals = work.considered(key).proposals
    if not proposals:
        return ""
    leaf = proposals[0].leaf
    name = "ignore" if leaf == OUT_OF_SCOPE else leaves.hit(leaf, work.shop.language).name
    return f"{name} {100 * proposals[0].probability:.0f}%"


def evidence_lines(work: Work, leaves: Leaves, key: str) -> list[tuple[str, str]]:
    """What speaks for the proposals, in words: where it comes from, and what it says."""
    evidence = work.considered(key).evidence

    def named(leaf: str) -> str:
        return "no garment" if leaf == OUT_OF_SCOPE else leaf.replace("_", " ")

    def shares(values: dict[str, float] | Any, most: int = 3) -> str:
        ordered = sorted(values.items(), key=lambda item: (-item[1], item[0]))[:most]
        return ", ".join(f"{named(name)} {100 * share:.0f}%" for name, share in ordered if share >= 0.005)

    rules = ", ".join(f"{named(leaf)} ×{count}" for leaf, count in sorted(evidence.rules.items()))
    lines = [
        ("texts", shares(evidence.best)),
        ("pictures", shares(evidence.shown)),
        ("its name reads as", shares(evidence.name)),
        ("named so in the taxonomy", ", ".join(sorted(map(named, evidence.named)))),
        ("rules for a like name", rules),
    ]
    return [(source, text) for source, text in lines if text]


def titles_of(products: Sequence[Product]) -> list[str]:
    """Different titles, spread over the products."""
    step = max(len(products) // (TITLES * 3), 1)
    return list(dict.fromkeys(product.title for product in products[::step] if product.title))[:TITLES]


def thumbnails_of(products: Sequence[Product], most: int) -> list[tuple[str, str]]:
    """Address and title of different pictures, spread over the products."""
    step = max(len(products) // (most * 2), 1)
    found = {product.pictures[0].hex(): product.title for product in products[::step] if product.pictures}
    return list(found.items())[:most]


def prices_of(products: Sequence[Product]) -> str:
    by_currency: dict[str, list[Any]] = {}
    for product in products:
        if product.price is not None:
            by_currency.setdefault(product.currency or "", []).append(product.price)
    said = []
    for currency, prices in sorted(by_currency.items()):
        low, high = min(prices), max(prices)
        said.append(f"{low:,.0f} to {high:,.0f} {currency}" if low != high else f"{low:,.0f} {currency}")
    return ", ".join(said)


def after(work: Work, leaves: Leaves, key: str, made: Decision | None) -> dict[str, Any]:
    """The card that follows a decision, with a line that says what was decided."""
    if made is None:
        return card(work, leaves, key, "That category is decided already.")
    name = work.shop.categories[key].path[-1] if work.shop.categories[key].path else NO_CATEGORY
    part = f" where {' and '.join(filter(None, (made.title, made.gender)))}" if made.is_partial else ""
    if made.is_skip:
        said = f"Skipped {name}."
    elif made.to is None:
        said = f"{name}{part} is ignored: {made.because}."
    else:
        said = f"{name}{part} is {leaves.hit(made.to, work.shop.language).name}."
    return card(work, leaves, key, f"{said} {100 * work.covered:.1f}% covered.")


def after_undo(work: Work, leaves: Leaves, taken: Decision | None) -> dict[str, Any]:
    if taken is None:
        return card(work, leaves, None, "There is nothing to undo.")
    return card(work, leaves, key_of(taken.path), f"Undone: {written(taken.path) or NO_CATEGORY}.")


def parts(work: Work, key: str, word: str, gender: str) -> dict[str, Any]:
    """How the products of a category divide by a word, or a gender."""
    products = work.shop.of(work.rest(key)) if key in work.shop.categories else []
    asked = Decision((), title=word.strip() or None, gender=gender or None)
    has_letters = asked.title is None or bool(normalise(asked.title).strip("* "))
    mine = [p for p in products if asked.is_partial and has_letters and fits(asked, p)]
    chosen = {product.id for product in mine}
    others = [product for product in products if product.id not in chosen]
    return {"mine": mine, "others": others, "asked": asked, "titles": (titles_of(mine)[:4], titles_of(others)[:4])}


def listed(work: Work, asked: dict[str, str]) -> dict[str, Any]:
    """Products of a category, of a rule, or with a word in the title; one page of them."""
    rows = list(zip(work.shop.products, work.decided, strict=True))
    title = "All products"
    if key := asked.get("category"):
        places = set(work.category(key).products)
        rows = [row for place, row in enumerate(rows) if place in places]
        title = work.category(key).name
    if rule := asked.get("rule"):
        rows = [row for row in rows if row[1].rule == rule]
        title = rule
    if query := normalise(asked.get("q", "")):
        rows = [row for row in rows if query in normalise(row[0].title) or query == normalise(row[0].id)]
    first = max(int(asked.get("from", "0")), 0) if asked.get("from", "0").isdecimal() else 0
    return {"title": title, "rows": rows[first : first + PAGE], "count": len(rows), "first": first, "page": PAGE,
            "asked": asked, "key_of": key_of}  # fmt: skip


def pending_difference(work: Work) -> Difference:
    """What the pending decisions change in the index, by the mapping alone."""
    keys = dict.fromkeys(key_of(decision.path) for decision in work.pending.rules)
    changes = []
    for key in keys:
        for place, decision in work.outcome(key):
            if decision is not None:
                product = work.shop.products[place]
                changes.append(Change(product, product.category, decision.to))
    return difference(changes)


def to_save(work: Work, by: str) -> dict[str, Any]:
    today = datetime.now(UTC).date()
    rules = [rule_of(decision, by or "AB", today) for decision in work.pending.rules]
    return {"rules": rules, "by": by, "found": pending_difference(work), "counts": work.counts}


def commit(work: Work, count: int, before: dict[str, int], changed: Difference) -> str:
    """Commits the file to git; returns git's own word for it, also where it refuses."""
    rules = "1 mapping rule" if count == 1 else f"{count} mapping rules"
    named = f"products: {len(changed.gained)} gained, {len(changed.moved)} moved, {len(changed.lost)} lost"
    message = f"{work.shop.retailer}: {rules}; {named}, {before[UNMAPPED]} left unmapped"
    path = work.text.path.resolve()
    said = ""
    for words in (["add", "--", path.name], ["commit", "-q", "-m", message, "--", path.name]):
        done = subprocess.run(["git", *words], cwd=path.parent, capture_output=True, text=True, timeout=60, check=False)
        if done.returncode:
            said = (done.stderr or done.stdout).strip().splitlines()[-1:][0] if done.stderr or done.stdout else "failed"
            return f"git refused: {said}"
    return message
