"""Every stage's verdict on an offer, a URL or a picture, in order, and what would have to change."""

import re
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from jobs import functions
from jobs.catalog import Catalog
from jobs.explain_picture import Verdict, change, picture_verdicts, verdict
from jobs.night import Night
from jobs.run import STAGE_NAMES
from lake import snapshots
from lake.candidate import rows_of
from lake.tables import literal
from schemas.errors import WrongInput
from schemas.table import DONE
from schemas.tables import FETCHES, OFFERS, TEXTS, VECTORS

SHOWN_ROWS = 20


def explain(night: Night, asked: str) -> list[Verdict]:
    """Verdicts on a picture's sha256, a picture's URL, a product id or an offer id. Raises WrongInput for neither."""
    if re.fullmatch(r"[0-9a-f]{64}", asked):
        found = list(_picture(night, bytes.fromhex(asked)))
    elif re.match(r"https?://", asked):
        found = list(_url(night, asked))
    else:
        found = list(_offer(night, asked))
    return sorted(dict.fromkeys(found), key=lambda verdict: STAGE_NAMES.index(verdict.stage))


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
        yield verdict("parse", f"{row['retailer']}:{row['offer_id']} line {row['line']}", row, row["title"] or "")
    kept = [row for row in rows if row["status"] == DONE]
    if not kept:
        return
    yield from _text(night, kept[0]["text_key"])
    catalog = Catalog.of(night)
    for product in sorted({row["product_id"] for row in kept}):
        yield from _product(night, catalog, product)
    for url in dict.fromkeys(url for row in kept for url in row["pictures"] or ()):
        yield from _fetched(night, catalog, url)


def _text(night: Night, key: bytes) -> Iterator[Verdict]:
    query = f"""
        select * from {TEXTS.name} where text_key = {literal(key)}
        and function = {literal(functions.classify_function(night))}"""  # noqa: S608
    for row in night.tables.sql(query, [TEXTS]).to_pylist():
        found = f"{row['language']}: {row['leaf']} {row['probability']:.2f}, gender {row['gender']}"
        sure = row["probability"] >= night.settings.choice.text
        yield verdict(
            "classify", "text", row, found if sure else f"{found} (below {night.settings.choice.text}: unknown)"
        )


def _product(night: Night, catalog: Catalog, product: str) -> Iterator[Verdict]:
    """How a product's category was mapped, what was chosen for it, and whether it is in the index."""
    at = pc.index(catalog.products["product_id"], pa.scalar(product)).as_py()
    if at < 0:
        yield Verdict("choose", product, "blocked", "by mappings/blocked.tsv", "an engineer takes the line out")
        return
    yield _mapped(catalog, at)
    rows = [row for row in catalog.chosen.to_pylist() if row["product_id"] == product]
    if not rows:
        yield Verdict("choose", product, "waiting", "some of its pictures have not been fetched or looked at yet")
    for row in rows:
        garments = row["garments"] or ()
        found = f"{row['category']} by {row['category_source']}, gender {row['gender']}, {len(garments)} garments"
        yield verdict("choose", product, row, found)
        for picture in row["turned_away"] or ():
            yield Verdict("choose", picture["url"], "turned away", f"{picture['code']}: {picture['detail']}",
                          change(picture["code"]))  # fmt: skip
        yield from _embedded(night, product, [garment["vector_key"] for garment in garments])
    yield from _published(night, "product_id", product, product.partition(":")[0])


def _mapped(catalog: Catalog, at: int) -> Verdict:
    row = catalog.products.slice(at, 1).to_pylist()[0]
    path = " > ".join(row["category_path"] or ()) or "(no category)"
    rules = catalog.verdicts.get(catalog.categories[at])
    if rules is None:
        return Verdict("map", path, "waiting", "no mapping was made of it yet")
    said = [
        f"{rule['rule']}: " + (rule["node"] or f"ignored ({rule['ignored_because']})") + _condition(rule)
        for rule in rules
    ]
    ask = "" if rules else f"a rule in mappings/{row['retailer']}/categories.xml; to act: the analyst"
    return Verdict("map", path, "mapped" if rules else "unmapped", "; ".join(said), ask)


def _condition(rule: dict[str, Any]) -> str:
    conditions = [f"{name} {rule[name]}" for name in ("title_word", "gender") if rule[name]]
    return f" where {' and '.join(conditions)}" if conditions else ""


def _embedded(night: Night, product: str, keys: list[bytes]) -> Iterator[Verdict]:
    if not keys:
        return
    query = f"""
        select status, code, detail from {VECTORS.name} where function = {literal(functions.embed_function(night))}
        and vector_key in ({", ".join(literal(key) for key in keys)})"""  # noqa: S608
    rows = night.tables.sql(query, [VECTORS]).to_pylist()
    if len(rows) < len(set(keys)):
        yield Verdict("embed", product, "waiting", f"{len(rows)} of {len(set(keys))} vectors are made")
    for row in rows:
        yield verdict("embed", product, row, f"{len(set(keys))} vectors")


def _published(night: Night, column: str, value: Any, retailer: str | None = None) -> Iterator[Verdict]:
    """What the live version holds of a product or a picture."""
    live = snapshots.current(night.store)
    if live is None:
        yield Verdict("publish", str(value), "nothing", "no version has been published yet")
        return
    manifest = snapshots.manifest(night.store, live)
    garments, _ = rows_of(night.store, manifest, [retailer] if retailer else manifest.counts)
    count = pc.sum(pc.equal(garments[column], pa.scalar(value, garments.schema.field(column).type))).as_py() or 0
    name = value.hex()[:16] if isinstance(value, bytes) else str(value)
    yield Verdict("publish", name, "in the index" if count else "not in the index", f"version {live}: {count} garments")


def _url(night: Night, url: str) -> Iterator[Verdict]:
    yield from _fetched(night, Catalog.of(night), url)


def _fetched(night: Night, catalog: Catalog, url: str) -> Iterator[Verdict]:
    """Every attempt at a URL, then the picture that the last good one brought."""
    query = f"select * from {FETCHES.name} where url = {literal(url)} order by attempt"  # noqa: S608
    rows = night.tables.sql(query, [FETCHES]).to_pylist()
    if not rows:
        yield Verdict("fetch", url, "waiting", "was never asked for: it is due, or no live offer names it")
    for row in rows:
        yield verdict("fetch", url, row, f"attempt {row['attempt']} on {row['night']}, HTTP {row['http_status']}")
    pictures = [row["picture"] for row in rows if row["status"] == DONE]
    if pictures:
        yield from picture_verdicts(night, catalog, pictures[-1])


def _picture(night: Night, picture: bytes) -> Iterator[Verdict]:
    yield from picture_verdicts(night, Catalog.of(night), picture)
    yield from _published(night, "image_sha256", picture)
