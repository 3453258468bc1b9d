"""Every stage's verdict on an offer, a URL or a picture, in order, and what would have to change."""

import re
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from jobs.answers.explain_picture import Verdict, blocked, change, picture_verdicts, verdict
from jobs.engine.night import Night
from jobs.live import functions
from jobs.live.catalog import Catalog
from jobs.live.feeds import LiveFeed, live_feeds
from jobs.live.views import live_offers, offers_of
from jobs.run import STAGE_NAMES
from lake import snapshots
from lake.candidate import rows_of
from lake.tables import literal
from schemas.errors import WrongInput
from schemas.table import DONE
from schemas.tables import FETCHES, OFFERS, TEXTS, VECTORS
from udfs.rules.wording import written

SHOWN_ROWS = 20
GARMENT_ID = re.compile(r"[0-9a-f]{32}")
SHOWN_PRODUCTS = 5
"""Of those that show a picture; a placeholder stands on thousands."""


def explain(night: Night, asked: str) -> list[Verdict]:
    """Verdicts on a picture's sha256, its URL, a product, garment or offer id. Raises WrongInput for what is none."""
    if re.fullmatch(r"[0-9a-f]{64}", asked):
        found = list(_picture(night, bytes.fromhex(asked)))
    elif re.match(r"https?://", asked):
        found = list(_url(night, asked))
    else:
        found = list(_offer(night, _product_of(night, asked) or asked))
    return sorted(dict.fromkeys(found), key=lambda verdict: STAGE_NAMES.index(verdict.stage))


def _offer(night: Night, asked: str) -> Iterator[Verdict]:
    """An offer id, retailer:offer id, or a product id."""
    name, feeds = literal(asked), live_feeds(night)
    query = f"""
        select retailer, line, offer_id, product_id, title, status, code, detail, text_key, pictures from (
            {live_offers(feeds).sql} union all {offers_of(feeds).sql} where o.status <> '{DONE}'
        ) where offer_id = {name} or product_id = {name}
        or concat(retailer, ':', offer_id) = {name} order by retailer, line limit {SHOWN_ROWS}"""  # noqa: S608
    rows = night.tables.sql(query, [OFFERS]).to_pylist()
    if not rows:
        raise WrongInput("explain", None, f"{asked}: no live offer, product, garment, picture or URL is known by it")
    live = {feed.retailer: feed for feed in feeds}
    for row in rows:
        yield _acquired(live[row["retailer"]])
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


def _product_of(night: Night, asked: str) -> str | None:
    """The product of a garment of the live version."""
    live = snapshots.current(night.store)
    if live is None or not GARMENT_ID.fullmatch(asked):
        return None
    manifest = snapshots.manifest(night.store, live)
    garments, _ = rows_of(night.store, manifest, manifest.counts)
    at = pc.index(garments["garment_id"], pa.scalar(asked)).as_py()
    return str(garments["product_id"][at]) if at >= 0 else None


def _acquired(feed: LiveFeed) -> Verdict:
    name = f"{feed.retailer}, feed {feed.feed.hex()[:16]}"
    return Verdict(
        "acquire", name, "held" if feed.held_since else "done", f"of {feed.acquired_at:%Y-%m-%d %H:%M}", feed.reason
    )


def _text(night: Night, key: bytes) -> Iterator[Verdict]:
    query = f"""
        select * from {TEXTS.name} where text_key = {literal(key)}
        and function = {literal(functions.classify_function(night))}"""  # noqa: S608
    least = night.settings.choice.text
    for row in night.tables.sql(query, [TEXTS]).to_pylist():
        probability = row["probability"] or 0.0
        found = f"{row['language']}: {row['leaf']} {probability:.2f}, gender {row['gender']}"
        unsure = "" if probability >= least else f" (below {least}: unknown)"
        yield verdict("classify", "text", row, found + unsure)


def _product(night: Night, catalog: Catalog, product: str) -> Iterator[Verdict]:
    """How a product's category was mapped, what was chosen for it, and whether it is in the index."""
    at = pc.index(catalog.products["product_id"], pa.scalar(product)).as_py()
    if at < 0:
        yield blocked(product)
        return
    yield _mapped(catalog, at)
    rows = catalog.chosen.filter(pc.equal(catalog.chosen["product_id"], product)).to_pylist()
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
    path = written(row["category_path"] or ()) or "(no category)"
    rules = catalog.verdicts.get(catalog.categories[at])
    if rules is None:
        return Verdict("map", path, "waiting", "no mapping was made of it yet")
    said = [
        f"{rule['rule']}: " + (rule["node"] or f"ignored ({rule['ignored_because']})") + _condition(rule)
        for rule in rules
    ]
    if rules:
        return Verdict("map", path, "mapped", "; ".join(said))
    ask = f"a rule in mappings/{row['retailer']}/categories.xml; to act: the analyst" if row["category_path"] else ""
    return Verdict("map", path, "unmapped", "", ask)


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
    name = value.hex() if isinstance(value, bytes) else str(value)
    yield Verdict("publish", name, "in the index" if count else "not in the index", f"version {live}: {count} garments")


def _url(night: Night, url: str) -> Iterator[Verdict]:
    catalog = Catalog.of(night)
    yield from _fetched(night, catalog, url)
    yield from _products_with(night, catalog, "url", url)


def _products_with(night: Night, catalog: Catalog, column: str, value: Any) -> Iterator[Verdict]:
    """What became of the live products that show a picture."""
    shown = catalog.pictures.filter(pc.equal(catalog.pictures[column], pa.scalar(value)))
    products = catalog.products["product_id"].take(pc.unique(shown["product"])).to_pylist()
    for product in products[:SHOWN_PRODUCTS]:
        yield from _product(night, catalog, product)
    if len(products) > SHOWN_PRODUCTS:
        yield Verdict("choose", str(value), "shared", f"{len(products) - SHOWN_PRODUCTS} more products show it")


def _fetched(night: Night, catalog: Catalog, url: str) -> Iterator[Verdict]:
    """Every attempt at a URL, then the picture that the last good one brought."""
    query = f"select * from {FETCHES.name} where url = {literal(url)} order by attempt"  # noqa: S608
    rows = night.tables.sql(query, [FETCHES]).to_pylist()
    if not rows:
        if pc.index(catalog.url_states["url"], pa.scalar(url)).as_py() < 0:
            raise WrongInput("explain", None, f"{url}: was never asked for, and no live offer names it")
        yield Verdict("fetch", url, "waiting", "was not asked for yet: it is due")
    if url in night.blocked.urls:
        yield blocked(url)
    for row in rows:
        yield verdict("fetch", url, row, f"attempt {row['attempt']} on {row['night']}, HTTP {row['http_status']}")
    pictures = [row["picture"] for row in rows if row["status"] == DONE]
    if pictures:
        yield from picture_verdicts(night, catalog, pictures[-1])


def _picture(night: Night, picture: bytes) -> Iterator[Verdict]:
    catalog = Catalog.of(night)
    yield from picture_verdicts(night, catalog, picture)
    yield from _products_with(night, catalog, "picture", picture)
    yield from _published(night, "image_sha256", picture)
