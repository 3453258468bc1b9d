"""The letter to one shop, from its own rows only, as a page and a table."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from jobs.engine.night import Night
from jobs.engine.stage import Query
from jobs.live.feeds import State, live_feeds, live_prices, states_by_retailer
from jobs.live.views import live_offers, live_urls, newest_fetches
from lake.tables import literal
from reports.letter import FeedOfShop, Fetched, LetterFacts, ShopError, render_letter, render_table
from schemas.errors import WrongInput
from schemas.rejects import MEANINGS, Acts, Code
from schemas.retailer import FeedFile, Retailer
from schemas.table import DONE
from schemas.tables import FETCHES, OFFERS

QUOTING = {
    Code.OFFER_BAD_PRICE: r"has the price '(.*)', which is (?:not a number|no amount)",
    Code.OFFER_BAD_PICTURE: r"has the picture '(.*)', whose address cannot be used",
    Code.FETCH_ROBOTS: r" forbids it to [^:]*: (.*)",
    Code.FETCH_TYPE: r"begins with (.*)",
}
"""Details that quote what the shop wrote: the group is the quoted part, which needs no translation. Rows of earlier
releases may say "no amount"."""


def write_letter(night: Night, retailer: str, folder: Path) -> tuple[Path, Path]:
    """Write `<retailer>.html` and `<retailer>.csv` into a folder; raises WrongInput for an unknown retailer."""
    facts = gather(night, retailer)
    folder.mkdir(parents=True, exist_ok=True)
    page, table = folder / f"{retailer}.html", folder / f"{retailer}.csv"
    page.write_text(render_letter(facts), encoding="utf-8")
    table.write_text(render_table(facts), encoding="utf-8-sig", newline="")  # the mark tells spreadsheets the encoding
    return page.absolute(), table.absolute()


def gather(night: Night, retailer: str) -> LetterFacts:
    """All data of the letter."""
    night.check_names([retailer], "letter")
    spec = night.retailers[retailer]
    kinds = states_by_retailer(night).get(retailer, {})
    states = [(file, kinds[file.part]["newest"]) for file in spec.files if file.part in kinds]
    if not states:
        raise WrongInput("letter", None, f"{retailer}: its feed was never requested; run `selvedge night` first")
    live = live_offers(feed for feed in live_feeds(night) if feed.retailer == retailer)
    asked = _last_night(night, live_urls(live))
    of_feeds = (error for _, state in states for error in _feed_errors(state))
    return LetterFacts(
        retailer=retailer, language=spec.language, date=night.today.isoformat(),
        feeds=tuple(_feed(file, state) for file, state in states),
        errors=(*of_feeds, *_offer_errors(night, spec), *_picture_errors(night, live)),
        fetched=_fetched(asked), rate=spec.images.rate, connections=spec.images.connections,
        agent=night.settings.fetch.user_agent, contract=spec.images.contract,
    )  # fmt: skip


def _feed(file: FeedFile, state: State) -> FeedOfShop:
    offers = state["offers"] or 0
    done = offers - sum(reject["count"] for reject in state["rejects"] or ())
    return FeedOfShop(file.feed.url, state["status"] == DONE, offers, done, state["detail"])


def _is_for_shop(code: str | None) -> bool:
    return code is not None and MEANINGS[Code(code)].acts is Acts.SHOP


def _error(row: dict[str, Any], line: int | None, offer: str | None, address: str | None) -> ShopError:
    code, detail = row["code"], row["detail"] or ""
    quoted = re.search(QUOTING[code], detail) if code in QUOTING else None
    status = row.get("http_status")
    answered = f"HTTP {status}" if status and status >= 300 else None
    return ShopError(code, line, offer, address, detail, quoted[1] if quoted else answered)


def _feed_errors(state: dict[str, Any]) -> Iterator[ShopError]:
    if _is_for_shop(state["code"]):
        yield _error(state, None, None, state["url"])


def _offer_errors(night: Night, spec: Retailer) -> Iterator[ShopError]:
    """The rejected offers of the shop's live files, in their order; of several files each with the file's address."""
    for feed in [*live_feeds(night), *live_prices(night)]:
        if feed.retailer != spec.name:
            continue
        query = f"""
            select code, line, offer_id, detail from {OFFERS.name} where retailer = {literal(spec.name)}
            and feed = {literal(feed.feed)} and function = {literal(feed.function)} and status <> '{DONE}'
            order by position"""  # noqa: S608
        for row in night.tables.sql(query, [OFFERS]).to_pylist():
            if _is_for_shop(row["code"]):
                yield _error(row, row["line"], row["offer_id"], feed.url if len(spec.files) > 1 else None)


def _last_night(night: Night, urls: Query) -> list[dict[str, Any]]:
    """The fetches of the shop's picture URLs in the last night that tried any."""
    query = f"""
        select f.* from {FETCHES.name} f join (select distinct url from ({urls.sql})) mine on f.url = mine.url
        order by f.url, f.attempt"""  # noqa: S608
    rows = night.tables.sql(query, {*urls.tables, FETCHES}).to_pylist()
    last = max((row["night"] for row in rows), default=None)
    return [row for row in rows if row["night"] == last]


def _picture_errors(night: Night, live: Query) -> Iterator[ShopError]:
    """Every picture whose last fetch failed, with the first offer that has it."""
    query = f"""
        select f.code, f.detail, f.http_status, f.url, o.line, o.offer_id from {newest_fetches()} f
        join (
            select *, row_number() over (partition by url order by position) place from (
                select unnest(array_slice(pictures, 1, max_pictures)) url, line, offer_id, position from ({live.sql})
            )
        ) o on f.url = o.url
        where o.place = 1 and f.status <> '{DONE}' order by o.position, f.url"""  # noqa: S608
    for row in night.tables.sql(query, {*live.tables, FETCHES}).to_pylist():
        if _is_for_shop(row["code"]):
            yield _error(row, row["line"], row["offer_id"], row["url"])


def _fetched(asked: list[dict[str, Any]]) -> Fetched | None:
    if not asked:
        return None
    times = sorted(row["fetched_at"] for row in asked)
    seconds = max((times[-1] - times[0]).total_seconds(), max(row["seconds"] or 0.0 for row in asked), 0.001)
    return Fetched(
        night=str(asked[0]["night"]),
        asked=len(asked),
        arrived=sum(row["status"] == DONE for row in asked),
        unchanged=sum(row["http_status"] == 304 for row in asked),
        bytes=sum(row["bytes"] or 0 for row in asked),
        per_second=len(asked) / seconds,
        barred=sum(row["code"] == Code.FETCH_ROBOTS for row in asked),
    )
