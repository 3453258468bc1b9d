"""Downloads the shops' feeds into the lake. A row is written only if the state changed: the last row is the state.

Each file of a retailer has its own rows; their attempts are numbered together, so that retailer and attempt are a key.
"""

import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from itertools import groupby, islice
from operator import itemgetter
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
from deltalake import DeltaTable

from jobs.engine.lots import lots
from jobs.engine.night import Night
from jobs.engine.stage import Counts, Query
from jobs.live.asked import Asked
from jobs.live.feeds import (
    Files,
    Kinds,
    State,
    awaited,
    kinds_of,
    left_files,
    live_feeds,
    newest_states,
    states_after,
    states_by_retailer,
)
from jobs.live.functions import parser_of, reading_of
from jobs.live.verdict import Verdict
from jobs.stages.feed_gates import OF_A_CATALOG, OFFER_DROP, GateResult, judge, lacks_offers_alone, refusal, refusing
from jobs.stages.parse import feed_options
from jobs.stages.record import StageRecord
from lake.feeds import keep, path_of
from lake.lease import lease
from lake.tables import literal, write_rows
from schemas.errors import WrongInput
from schemas.rejects import FEED_CODES, MEANINGS, WORKER_CODES, Code
from schemas.retailer import PART, Feed, FeedFile, Retailer, title_of
from schemas.settings import Settings
from schemas.table import DONE, REJECTED
from schemas.tables import FEEDS, OFFERS
from udfs.feeds.offers.gone_ids import KnownIds
from udfs.feeds.offers.reused_ids import KnownTitles
from udfs.feeds.options import FeedOptions
from udfs.feeds.reader import read_feed
from udfs.feeds.scrub import StillNamed, scrub
from udfs.runtime.isolation import Child, ChildDied
from udfs.web.download import Downloaded, FeedRequest
from udfs.web.guard import Networks
from udfs.web.sources import receive

SIDE_BY_SIDE = max(2, os.cpu_count() or 2)
"""Feeds that are downloaded and read at the same time."""

TITLES = 5_000
"""Offers of the last feed whose titles are compared: enough to tell a share of 20% from one of 10%."""

NO_IDS = pa.chunked_array([], pa.string())
COMPARED = (pa.field("changed_ids", pa.float64()), pa.field("gone_ids", pa.int64()))
"""What a feed's gates need of the comparison with the last one; not stored."""

NOTHING_TO_COMPARE = "the server answered 304 (not modified) to the first request"


@dataclass(frozen=True)
class Judged:
    """What becomes of a retailer's file."""

    state: State  # the file's newest row of `feeds`
    is_new: bool  # it differs from the row that is there
    to_keep: bool  # a feed came, and nothing in it was erased


def acquire(night: Night) -> Counts:
    """Request every file of every retailer, and commit the rows of the files whose state changed every five minutes."""
    handle = night.tables.open(FEEDS)  # before the states are read: a racing commit is then a conflict
    states = states_by_retailer(night)
    files = [file for spec in night.chosen for file in spec.files]
    counts = Counts()

    def one(file: FeedFile) -> State | None:
        return _acquire(night, file, kinds_of(file, states.get(file.name, {})))

    def of_one_retailer(rows: Iterator[State | None]) -> Iterator[list[State]]:
        """The new rows of each retailer, once all of its files have come: their attempts are numbered together."""
        for spec in night.chosen:
            new = [row for row in islice(rows, len(spec.files)) if row is not None]
            new += _removed(night, spec, states.get(spec.name, {}), new)
            advance(len(spec.files))
            yield new

    with night.progress.stage("acquire", len(files)) as advance, ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        for lot in lots(of_one_retailer(pool.map(one, files))):
            changed = [row for rows in lot for row in rows]
            _commit(night, handle, _numbered(changed, states))
            rejected = sum(row["status"] == REJECTED for row in changed)
            counts.due, counts.rejected = counts.due + len(changed), counts.rejected + rejected
            counts.done += len(changed) - rejected
    _accept_again(night, handle)
    return counts


def _removed(night: Night, spec: Retailer, files: Files, changed: list[State]) -> list[State]:
    """The last rows of the files that the spec does not list any more, if nothing of theirs is needed tonight."""
    after = dict(files)
    for row in changed:
        if row["retailer"] == spec.name:
            after[row["part"]] = states_after(files.get(row["part"], {}), row)
    if awaited(night, spec, after):
        return []
    names = {file.feed.url: file.title for file in spec.files}
    rows = []
    for part, kinds in left_files(spec, files).items():
        newest, title = kinds["newest"], title_of(spec.name, part)
        now = names.get(newest["url"])
        said = f"{title}: is called {now} now" if now else f"{title}: the spec does not list it any more"
        kept = {name: newest[name] for name in ("retailer", "part", "file_kind", "function", "url")}
        verdict = {"status": REJECTED, "code": str(Code.FEED_REMOVED), "detail": said, "acquired_at": night.now()}
        rows.append(dict.fromkeys(FEEDS.schema.names) | kept | verdict)
    return rows


def _numbered(rows: list[State], states: Mapping[str, Files]) -> list[State]:
    """The rows with the next attempts of their retailers."""
    found = []
    for retailer, mine in groupby(sorted(rows, key=itemgetter("retailer")), itemgetter("retailer")):
        last = max((kinds["newest"]["attempt"] for kinds in states.get(retailer, {}).values()), default=0)
        found += [row | {"attempt": attempt} for attempt, row in enumerate(mine, last + 1)]
    return found


def _commit(night: Night, handle: DeltaTable, rows: list[State]) -> None:
    """Raises HeldByAnother if another process wrote states since the handle was opened."""
    if rows:
        file = write_rows(night.store, FEEDS, pa.Table.from_pylist(rows, FEEDS.schema))
        night.tables.commit(handle, [file], night.transaction("acquire"))


def _to_compare(accepted: State | None, whole: State | None) -> State | None:
    """The last accepted feed, with the size of the last whole feed, so that a large drop cannot pass in small steps."""
    if accepted is None:
        return None
    last = whole or accepted
    return accepted | {name: last[name] for name in ("bytes", "offers", "rejects")} | {"whole": last}


def _acquire(night: Night, spec: FeedFile, kinds: Kinds) -> State | None:
    """The new state of one file, or None if it did not change. Its feed is kept before the state is committed."""
    with tempfile.TemporaryDirectory(prefix="selvedge-feed-") as folder:
        file = Path(folder) / "feed"
        judged = judge_feed(night, spec, kinds, file)
        if judged.to_keep:
            keep(night.store, judged.state["feed"], file)
    return judged.state if judged.is_new else None


def judge_feed(night: Night, spec: FeedFile, kinds: Kinds, file: Path) -> Judged:
    """Request a retailer's file into `file` and judge it against its rows of `feeds`. Writes nothing to the lake."""
    newest = kinds.get("newest")
    same_parser = newest is not None and newest["function"] == parser_of(spec, newest["charset"])
    with file.open("wb") as target:
        answer = received(spec.feed, _request(night, spec, newest if same_parser else None), target)
    if answer.status == "unchanged":
        if newest is not None:
            return Judged(newest, is_new=False, to_keep=False)
        answer = replace(answer, status="refused", code=Code.FEED_UNREACHABLE, detail=NOTHING_TO_COMPARE)
    row, to_keep = _row(night, spec, newest, answer), False
    if answer.status == "refused":
        row |= _verdict(spec, Code(str(answer.code)), answer.detail)
    elif named := _scrubbed(night, spec, file, answer.charset):
        row |= _verdict(spec, Code.INTERNAL, named)
    else:
        row |= _read(night, spec, file, _to_compare(kinds.get("accepted"), kinds.get("whole")), row)
        to_keep = True
    if newest is not None and same_parser and _same_state(row, newest):
        return Judged(newest, False, to_keep)
    return Judged(row, True, to_keep)


def _scrubbed(night: Night, spec: FeedFile, file: Path, charset: str | None) -> str:
    """Take what was erased out of a received feed -> why that failed, if it did: then the feed is not kept."""
    if not night.erased:
        return ""
    with Child(ScrubFeed(reading_options(night, spec, charset), spec.name, night.erased)) as child:
        try:
            return str(child(pa.RecordBatch.from_pydict({"path": [str(file)]}))["detail"][0].as_py())
        except (ChildDied, RuntimeError) as error:
            return f"the feed could not be searched for what was erased: {' '.join(str(error).split())}"


def _request(night: Night, spec: FeedFile, newest: State | None) -> FeedRequest:
    """The request: conditional, if the last feed was good and its bytes are still kept."""
    request = feed_request(night.settings, spec.feed, spec.retailer.images.allow_private_hosts)
    if newest is None or newest["status"] != DONE or not night.store.exists(path_of(newest["feed"])):
        return request
    return replace(request, etag=newest["etag"], last_modified=newest["last_modified"])


def received(feed: Feed, request: FeedRequest, target: BinaryIO) -> Downloaded:
    """The shop's response. Nothing is requested if the secret that the spec names is not set."""
    if feed.auth_env and not os.environ.get(feed.auth_env):
        return Downloaded("refused", Code.FEED_CREDENTIALS, f"{feed.auth_env} is not set (auth_env in the spec)")
    return receive(feed.url, request, target)


def feed_request(settings: Settings, feed: Feed, networks: Networks) -> FeedRequest:
    """The request for a feed. Its secret comes from the environment."""
    return FeedRequest(
        authorization=os.environ.get(feed.auth_env) if feed.auth_env else None,
        allow_private_hosts=networks,
        max_bytes=settings.feeds.max_bytes,
        folder=settings.feeds.folder,
        user_agent=settings.fetch.user_agent,
        connect_s=settings.fetch.connect_seconds,
    )


def _row(night: Night, spec: FeedFile, newest: State | None, answer: Downloaded) -> State:
    return dict.fromkeys(FEEDS.schema.names) | {
        "retailer": spec.name,
        "part": spec.part,
        "file_kind": spec.kind if spec.part else None,
        "attempt": (newest["attempt"] if newest else 0) + 1,
        "function": parser_of(spec, answer.charset),
        "charset": answer.charset,
        "feed": answer.sha256,
        "acquired_at": night.now(),
        "url": spec.feed.url,
        "bytes": answer.bytes,
        "etag": answer.etag,
        "last_modified": answer.last_modified,
        "status": DONE,
    }


def _same_state(row: State, newest: State) -> bool:
    """Whether the shop sent the same bytes again or failed in the same way."""
    return all(row[name] == newest[name] for name in ("feed", "status", "code", "function"))


def _verdict(spec: FeedFile, code: Code, detail: str | None) -> State:
    acts = MEANINGS[code].acts
    text = detail or MEANINGS[code].text
    return {"status": REJECTED, "code": str(code), "detail": f"{spec.title}: {text} ({spec.feed.url}); to act: {acts}"}


def _read(night: Night, spec: FeedFile, file: Path, accepted: State | None, row: State) -> State:
    """The content of the feed, and whether it passes its gates."""
    titles = _titles(night, spec.name, accepted) if accepted else {}
    ids = _kept_ids(night, spec.name, accepted["whole"]) if accepted else NO_IDS
    with Child(ScanFeed(reading_options(night, spec, row["charset"]), titles, ids)) as child:
        try:
            found: State = child(pa.RecordBatch.from_pydict({"path": [str(file)]})).to_pylist()[0]
        except ChildDied as death:
            return _verdict(spec, Code.FEED_HOSTILE, f"reading the feed crashed its process: {death.detail}")
        except RuntimeError as error:  # a fault of the reader costs this feed alone
            return _verdict(spec, Code.INTERNAL, f"reading the feed failed: {' '.join(str(error).split())}")
    if found["code"]:
        return found | _verdict(spec, Code(found["code"]), found["detail"])
    results = judge(found | {"bytes": row["bytes"]}, accepted, spec.gates, night.now())
    if spec.kind != PART:
        results = [result for result in results if result.name not in OF_A_CATALOG]
    found |= {"gates": [asdict(result) for result in results]}
    refused = refusal(results, found["made_at"])
    if refused and accepted and spec.kind == PART and lacks_offers_alone(results):
        return found | _verdict(spec, Code.FEED_DELETIONS, _withheld(spec, refused)) | {"status": DONE}
    return found | _verdict(spec, Code.FEED_GATE, refused) if refused else found


def _withheld(spec: FeedFile, refused: str) -> str:
    command = f"selvedge publish --accept {spec.title}/{OFFER_DROP} --reason TEXT"
    return f"{refused}: prices and new offers were taken, missing offers stay live until `{command}`"


def _titles(night: Night, retailer: str, accepted: State) -> dict[str, str]:
    """Titles by id of the last accepted feed, sampled evenly."""
    step = max(1, (accepted["offers"] or 0) // TITLES)
    rows = night.tables.sql(
        f"""select offer_id, title from {OFFERS.name} where retailer = {literal(retailer)}
        and feed = {literal(accepted["feed"])} and status = '{DONE}' and position % {step} = 0""",  # noqa: S608
        [OFFERS],
    )
    return dict(zip(rows["offer_id"].to_pylist(), rows["title"].to_pylist(), strict=True))


def reading_options(night: Night, spec: FeedFile, charset: str | None) -> FeedOptions:
    """How a retailer's file is read. `charset`: the server's word for its encoding."""
    return feed_options(night.settings, reading_of(spec, charset), spec.feed.url)


def _kept_ids(night: Night, retailer: str, whole: State) -> pa.ChunkedArray:
    """Ids of the offers kept from the last whole feed; none where its rows are not in the lake."""
    query = f"""
        select distinct offer_id from {OFFERS.name} where retailer = {literal(retailer)}
        and feed = {literal(whole["feed"])} and function = {literal(whole["function"])}
        and status = '{DONE}'"""  # noqa: S608
    return night.tables.sql(query, [OFFERS])["offer_id"]


UNREAD = 20
"""Parts of a feed that are kept of those that nobody reads."""


@dataclass(frozen=True)
class ScanFeed:
    """Reads a whole feed and gives only its summary. Column `path`: the file on this machine."""

    options: FeedOptions
    titles: Mapping[str, str]
    """Titles by id in the last feed."""
    ids: pa.ChunkedArray
    """Ids of the offers kept from the last whole feed."""

    def __call__(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        with Path(batch["path"][0].as_py()).open("rb") as source:
            reading = read_feed(source, replace(self.options, lists_unread=True))
            titles, ids = KnownTitles(self.titles), KnownIds(self.ids)
            for offers in reading.batches():
                titles.compare(offers)
                ids.compare(offers)
        found = reading.summary
        row: State = {
            "code": found.code and str(found.code),
            "detail": found.detail,
            "made_at": found.made_at,
            "dialect": found.dialect,
            "dialect_reason": found.dialect_reason,
            "encoding": found.encoding,
            "offers": found.offers,
            "products": found.products,
            "rejects": _counts(found.rejects),
            "repairs": _counts(found.repairs),
            "filled": [{"name": name, "share": share} for name, share in sorted(found.filled.items())],
            "unread": [asdict(part) for part in found.unread[:UNREAD]],
        }
        schema = pa.schema([*(FEEDS.schema.field(name) for name in row), *COMPARED])
        row |= {"changed_ids": titles.share, "gone_ids": ids.gone}
        return pa.RecordBatch.from_pylist([row], schema)


@dataclass(frozen=True)
class ScrubFeed:
    """Takes what was erased out of a feed, in place. Column `path`: the file; it gives `detail`: why that failed."""

    options: FeedOptions
    retailer: str
    erased: frozenset[bytes]

    def __call__(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        try:
            scrub(Path(batch["path"][0].as_py()), self.retailer, self.options, self.erased)
        except StillNamed as named:
            return pa.RecordBatch.from_pydict({"detail": [str(named)]})
        return pa.RecordBatch.from_pydict({"detail": [""]})


def _counts(by_name: Mapping[Any, int]) -> list[dict[str, Any]]:
    return [{"name": str(name), "count": count} for name, count in sorted(by_name.items())]


def gates_by_feed(accepted: Iterable[str]) -> dict[str, set[str]]:
    """The names of gates by `retailer` or `retailer/file`, of those RETAILER/GATE that are about feeds."""
    found: dict[str, set[str]] = {}
    for gate in accepted:
        title, slash, name = gate.rpartition("/")
        if slash:
            found.setdefault(title, set()).add(name)
    return found


def accept(night: Night, gates: Mapping[str, set[str]], reason: str) -> None:
    """Accept feeds that the given gates (by `retailer` or `retailer/file`) refused, all or none. The rows keep the
    reason."""
    with lease(night.store, night.run, night.settings.lease_seconds):
        _accept(night, night.tables.open(FEEDS), gates, reason)


def _accept(night: Night, handle: DeltaTable, gates: Mapping[str, set[str]], reason: str) -> None:
    newest = {title_of(row["retailer"], row["part"]): row for row in newest_states(night)}
    rows = [_accepted(newest.get(title), title, found, reason) for title, found in sorted(gates.items())]
    rows = [row | {"acquired_at": night.now()} for row in rows]
    _commit(night, handle, _numbered(rows, states_by_retailer(night)))


def _accept_again(night: Night, handle: DeltaTable) -> None:
    """Accept tonight's feeds as this run was told to. A gate that does not refuse them, or did before this stage was
    tried again, is no mistake; one that did not judge them is."""
    chosen = {retailer.name for retailer in night.chosen}
    newest = {title_of(row["retailer"], row["part"]): row for row in newest_states(night)}
    for title, gates in sorted(gates_by_feed(night.accepted).items()):
        if title.partition("/")[0] not in chosen:
            continue
        results = [GateResult(**result) for result in newest.get(title, {}).get("gates") or []]
        if unknown := gates - {result.name for result in results}:
            named = ", ".join(f"{title}/{gate}" for gate in sorted(unknown))
            raise WrongInput("--accept", None, f"{named}: no such gate judged the current feed of {title}")
        if refused := gates & {result.name for result in refusing(results)}:
            _accept(night, handle, {title: refused}, night.accepted[f"{title}/{min(refused)}"])


def _accepted(newest: State | None, title: str, gates: set[str], reason: str) -> State:
    refused = newest is not None and newest["code"] in (Code.FEED_GATE, Code.FEED_DELETIONS)
    results = [GateResult(**result) for result in (newest or {}).get("gates") or []]
    unknown = gates - {result.name for result in refusing(results)}
    if newest is None or not refused or unknown:
        named = ", ".join(f"{title}/{gate}" for gate in sorted(unknown or gates))
        raise WrongInput("--accept", None, f"{named}: this gate does not refuse the current feed of {title}")
    kept = [replace(result, accepted_because=reason) if result.name in gates else result for result in results]
    still = refusal(kept, newest["made_at"])
    verdict = {"status": REJECTED, "code": str(Code.FEED_GATE), "detail": still} if still else {
        "status": DONE, "code": None, "detail": None
    }  # fmt: skip
    return {**newest, **verdict, "gates": [asdict(result) for result in kept]}


def _due(night: Night) -> str:
    files = sum(len(spec.files) for spec in night.chosen)
    return f"{files} feeds will be requested; only then is it known which are new"


def _rejects(night: Night) -> Query:
    """Files of enabled retailers whose newest feed was refused."""
    refused = [row for row in newest_states(night) if row["status"] == REJECTED]
    keys = ", ".join(f"({literal(row['retailer'])}, {row['attempt']})" for row in refused) or "('', 0)"
    sql = f"""
        select f.code, f.detail,
            case when f.part is null then f.retailer else concat(f.retailer, '/', f.part) end what
        from {FEEDS.name} f join (values {keys}) n(retailer, attempt)
        on f.retailer = n.retailer and f.attempt = n.attempt where f.status = '{REJECTED}'"""  # noqa: S608
    return Query(sql, (FEEDS,))


def _verdicts(night: Night, asked: Asked) -> Iterator[Verdict]:
    retailers = {offer["retailer"] for offer in asked.offers}
    for feed in live_feeds(night):
        if feed.retailer in retailers:
            status = "held" if feed.held_since else "done"
            received = f"received {feed.acquired_at:%Y-%m-%d %H:%M}"
            yield Verdict("acquire", f"{feed.title}, feed {feed.feed.hex()[:16]}", status, received, feed.reason)
            for offer in asked.offers:
                missing = feed.completed_by is not None and offer["feed"] == feed.completed_by.feed != feed.feed
                if offer["retailer"] == feed.retailer and missing:
                    said = f"not in the feed {received}; its deletion is withheld"
                    command = f"`selvedge publish --accept {feed.title}/{OFFER_DROP} --reason TEXT` removes it"
                    yield Verdict("acquire", f"{feed.retailer}:{offer['offer_id']}", "withheld", said, command)


STAGE = StageRecord(
    name="acquire",
    tables=(FEEDS,),
    codes=FEED_CODES | WORKER_CODES,
    run=acquire,
    due=_due,
    rejects=_rejects,
    verdicts=_verdicts,
)
