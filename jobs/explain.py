"""Every stage's verdict on an offer, a URL or a picture, in order, and what would have to change."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from jobs import functions
from jobs.catalog import Catalog
from jobs.night import Night
from lake.tables import literal
from schemas.errors import WrongInput
from schemas.rejects import MEANINGS, Code
from schemas.table import DONE, Table
from schemas.tables import BOXES, FETCHES, FINGERPRINTS, OFFERS, PICTURES, SCREEN_CLASSES, SCREENS, TEXTS

SHOWN_ROWS = 20


@dataclass(frozen=True)
class Verdict:
    """What one stage said. `change` names who has to do something, where the verdict stands in the way."""

    stage: str
    what: str
    status: str
    detail: str
    change: str = ""


def explain(night: Night, asked: str) -> list[Verdict]:
    """Verdicts on a picture's sha256, a picture's URL, a product id or an offer id. Raises WrongInput for neither."""
    if re.fullmatch(r"[0-9a-f]{64}", asked):
        return list(_picture(night, bytes.fromhex(asked)))
    if re.match(r"https?://", asked):
        return list(_url(night, asked))
    return list(_offer(night, asked))


def _offer(night: Night, asked: str) -> Iterator[Verdict]:
    """An offer id, retailer:offer id, or a product id."""
    name = literal(asked)
    query = f"""
        select retailer, feed, function, line, offer_id, product_id, title, status, code, detail, text_key, pictures
        from {OFFERS.name} where offer_id = {name} or product_id = {name}
        or concat(retailer, ':', offer_id) = {name} order by retailer, line limit {SHOWN_ROWS}"""  # noqa: S608
    live = {(feed.retailer, feed.feed, feed.function) for feed in night.live_feeds()}
    rows = night.tables.sql(query, [OFFERS]).to_pylist()
    rows = [row for row in rows if (row["retailer"], row["feed"], row["function"]) in live]
    if not rows:
        raise WrongInput("explain", None, f"{asked}: no live offer, product, picture or URL is known by it")
    for row in rows:
        yield _verdict("parse", f"{row['retailer']}:{row['offer_id']} line {row['line']}", row, row["title"] or "")
    kept = [row for row in rows if row["status"] == DONE]
    if not kept:
        return
    yield from _text(night, kept[0]["text_key"])
    catalog = Catalog(night)
    for product in sorted({row["product_id"] for row in kept}):
        yield from _product(catalog, product)
    for url in dict.fromkeys(url for row in kept for url in row["pictures"] or ()):
        yield from _url(night, url)


def _text(night: Night, key: bytes) -> Iterator[Verdict]:
    query = f"""
        select * from {TEXTS.name} where text_key = {literal(key)}
        and function = {literal(functions.classify_function(night))}"""  # noqa: S608
    for row in night.tables.sql(query, [TEXTS]).to_pylist():
        found = f"{row['language']}: {row['leaf']} {row['probability']:.2f}, gender {row['gender']}"
        sure = row["probability"] >= night.settings.choice.text
        yield _verdict(
            "classify", "text", row, found if sure else f"{found} (below {night.settings.choice.text}: unknown)"
        )


def _product(catalog: Catalog, product: str) -> Iterator[Verdict]:
    """What was mapped and chosen for a product, and whether it is in the index."""
    rows = [row for row in catalog.chosen.to_pylist() if row["product_id"] == product]
    if not rows:
        yield Verdict("choose", product, "waiting", "some of its pictures have not been fetched or looked at yet")
    for row in rows:
        count = len(row["garments"] or ())
        found = f"{row['category']} by {row['category_source']}, gender {row['gender']}, {count} garments"
        yield _verdict("choose", product, row, found)
        for picture in row["turned_away"] or ():
            yield Verdict("choose", picture["url"], "turned away", f"{picture['code']}: {picture['detail']}",
                          _change(picture["code"]))  # fmt: skip


def _url(night: Night, url: str) -> Iterator[Verdict]:
    query = f"select * from {FETCHES.name} where url = {literal(url)} order by attempt"  # noqa: S608
    rows = night.tables.sql(query, [FETCHES]).to_pylist()
    if not rows:
        yield Verdict("fetch", url, "waiting", "was never asked for: it is due, or no live offer names it")
    for row in rows:
        yield _verdict("fetch", url, row, f"attempt {row['attempt']} on {row['night']}, HTTP {row['http_status']}")
    pictures = [row["picture"] for row in rows if row["status"] == DONE]
    if pictures:
        yield from _picture(night, pictures[-1])


def _picture(night: Night, picture: bytes) -> Iterator[Verdict]:
    name = picture.hex()[:16]
    stored = _rows(night, PICTURES, picture, functions.fetch_function())
    if not stored:
        raise WrongInput("explain", None, f"{picture.hex()}: no such picture is stored")
    for row in stored:
        yield _verdict("pictures", name, row, f"{row['mime']} {row['width']} x {row['height']}, {row['length']} bytes")
    wanted = night.settings.choice.wanted
    for row in _rows(night, SCREENS, picture, functions.screen_function(night)):
        yield _screened(name, row, wanted)
    for row in _rows(night, FINGERPRINTS, picture, functions.fingerprint_function()):
        yield _verdict("fingerprint", name, row, "phash " + (row["phash"] or b"").hex())
    for row in _rows(night, BOXES, picture, functions.detect_function(night)):
        boxes = ", ".join(f"{box['class']} {box['score']:.2f}" for box in row["boxes"] or ()) or "no box"
        yield _verdict("detect", name, row, boxes)


def _screened(name: str, row: dict[str, Any], wanted: float) -> Verdict:
    if row["status"] != DONE:
        return _verdict("screen", name, row, "")
    scores = ", ".join(f"{label} {row[label]:.2f}" for label in SCREEN_CLASSES)
    if row["wanted"] >= wanted:
        return Verdict("screen", name, "wanted", scores)
    return Verdict("screen", name, "turned away", scores, f"setting choice.wanted is {wanted}; or another picture")


def _rows(night: Night, table: Table, picture: bytes, function: bytes) -> list[dict[str, Any]]:
    query = f"""
        select * from {table.name}
        where picture = {literal(picture)} and function = {literal(function)}"""  # noqa: S608
    return night.tables.sql(query, [table]).to_pylist()


def _verdict(stage: str, what: str, row: dict[str, Any], found: str) -> Verdict:
    if row["status"] == DONE:
        return Verdict(stage, what, "done", found)
    return Verdict(stage, what, "rejected", f"{row['code']}: {row['detail'] or ''}", _change(row["code"]))


def _change(code: str) -> str:
    meaning = MEANINGS[Code(code)]
    return f"{meaning.text}; to act: {meaning.acts}"
