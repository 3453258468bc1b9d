"""The desk of one shop as one file that can be mailed: worked by keys without a server, applied when it is back."""

import base64
import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from desk import pages
from desk.edits import Decision, decision_of
from desk.files import read_lines
from desk.leaves import Leaves
from desk.pages import LEAST_SHOWN, REASONS, evidence_lines, prices_of, thumbnails_of, titles_of
from desk.shop import Category, key_of
from desk.thumbnails import SIDES, small
from desk.work import Work, said_of
from jobs.answers.thumbnails import data_uri
from schemas.errors import WrongInput
from udfs.rules.proposal import OUT_OF_SCOPE

FORMAT = "selvedge desk decisions 1"
"""First word of a file of decisions; each further line is one."""

THUMBNAILS = 4
MAX_PICTURE_BYTES = 20_000_000
"""Of all pictures in the file: the largest categories come first, and it must go through the post."""

READ, MAX_TITLE_BYTES = 1_000, 8_000_000
"""Products of a category whose titles go along, spread over it, so that it can be split; and titles of all together."""

MAX_BYTES = 16_000_000
LONGEST = 200


def exported(work: Work, leaves: Leaves, picture: Callable[[bytes], bytes | None]) -> str:
    """The page. Everything from the shop is data in it, never markup."""
    keys = work.left()
    work.proposer.prepare(work.shop, [work.shop.categories[key] for key in keys], work.open)
    room, titles_room, cards = MAX_PICTURE_BYTES, MAX_TITLE_BYTES, []
    for key in keys:
        pictures = [] if room <= 0 else _pictures(work, key, picture)
        room -= sum(map(len, pictures))
        rows = _rows(work, key) if titles_room > 0 else []
        titles_room -= sum(len(title) for title, _ in rows)
        cards.append(_card(work, leaves, key) | {"pictures": pictures, "rows": rows})
    script = (Path(__file__).parent / "static" / "mailed.js").read_text(encoding="utf-8")
    data = {"format": FORMAT, "retailer": work.shop.retailer, "total": len(work.shop.products), "cards": cards,
            "covered": len(work.shop.products) - work.counts["unmapped"], "leaves": leaves.names(work.shop.language),
            "reasons": REASONS}  # fmt: skip
    return pages.render(
        "mailed.html",
        retailer=work.shop.retailer,
        data=data,
        script=script,
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        style=pages.style(),
    )


def _card(work: Work, leaves: Leaves, key: str) -> dict[str, Any]:
    category, products = work.shop.categories[key], work.shop.of(work.rest(key))
    proposals: list[dict[str, Any]] = []
    for one in work.considered(key).proposals:
        if proposals and one.probability < LEAST_SHOWN:
            break
        name = "no garment: ignore it" if one.leaf == OUT_OF_SCOPE else leaves.hit(one.leaf, work.shop.language).name
        proposals.append({"name": name, "chance": round(one.probability, 3), **said_of(one)})
    return {"path": category.path, "ids": category.ids, "name": category.name, "products": len(products),
            "titles": titles_of(products), "prices": prices_of(products), "proposals": proposals,
            "evidence": evidence_lines(work, leaves, key)}  # fmt: skip


def _rows(work: Work, key: str) -> list[tuple[str, str]]:
    """Title and gender of the products by which the page splits a category; the gender is empty where none is known."""
    places = work.rest(key)
    return [(p.title, p.gender or "") for p in work.shop.of(places[:: max(-(-len(places) // READ), 1)])]


def _pictures(work: Work, key: str, picture: Callable[[bytes], bytes | None]) -> list[str]:
    found = []
    for sha, _ in thumbnails_of(work.shop.of(work.rest(key)), THUMBNAILS):
        body = picture(bytes.fromhex(sha))
        made = small(body, SIDES[0]) if body else None
        found += [data_uri(made)] if made else []
    return found


def read_decisions(file: Path) -> tuple[str, str, list[tuple[int, Decision]]]:
    """Retailer, initials, and each decision with its line. Raises WrongInput with the line of a mistake."""
    lines = read_lines(file, MAX_BYTES)
    rows = [(number, _object(file, number, line)) for number, line in enumerate(lines, 1) if line.strip()]
    head = rows[0][1] if rows else {}
    retailer, by = head.get("retailer"), head.get("by") or ""
    if head.get("format") != FORMAT or not isinstance(retailer, str) or not isinstance(by, str):
        raise WrongInput(file, 1, f"must begin with a line that says {FORMAT}; it is what an exported desk downloads")
    return retailer, by, [(number, _decision(file, number, row)) for number, row in rows[1:]]


def _object(file: Path, number: int, line: str) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        row = None
    if not isinstance(row, dict):
        raise WrongInput(file, number, "is not a JSON object on one line")
    return row


def _decision(file: Path, number: int, row: dict[str, Any]) -> Decision:
    try:
        made = decision_of(row)
    except (ValueError, TypeError) as error:
        raise WrongInput(file, number, f"is no decision ({error})") from None
    texts = (made.to, made.because, made.title, made.gender, made.note)
    if any(text is not None and len(text) > LONGEST for text in texts):
        raise WrongInput(file, number, f"a text is longer than {LONGEST} characters")
    if made.is_skip or (made.to is not None and made.because is not None):
        raise WrongInput(file, number, "must say either a category or why it is ignored")
    return made


def take(work: Work, file: Path, decisions: list[tuple[int, Decision]]) -> None:
    """Makes the decisions pending. Raises WrongInput with the line of the first that is stale or wrong."""
    for number, said in decisions:
        key = key_of(said.path)
        category: Category | None = work.shop.categories.get(key)
        name = " > ".join(said.path)[:80]
        if category is None:
            raise WrongInput(file, number, f"{name}: the shop has no such category any more; export the desk again")
        if said.to is not None and said.to not in work.taxonomy:
            raise WrongInput(file, number, f"the taxonomy has no node {said.to[:60]}")
        what = {name: value for name, value in asdict(said).items() if name not in ("path", "ids")}
        try:
            taken = work.decide(key, **what)
        except WrongInput as error:
            raise WrongInput(file, number, error.text) from None
        if taken is None:
            raise WrongInput(file, number, f"{name}: is decided by now; take the line out, or export the desk again")
