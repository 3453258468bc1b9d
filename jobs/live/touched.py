"""Which retailers a stage has to ask for: those of which something has changed since nothing was due there.

A stage that is done notes in `runs` for each retailer a digest of its name and of all that decides on what it needs
there (its feeds, its files, functions, settings), and the versions of the tables that it asked. The name itself is not
kept: it may have to be erased. Later it asks again

* for retailers whose digest is another one, and for those of which a stage before it has something due. Where a new
  feed brings other prices, stock or sizes alone, most stages have the same digest;
* where `offers` got a row of a feed that is not new, or `duplicates` one of a retailer, and where the newest answer to
  one of its URLs has changed;
* for all of them where a table has lost a file, where a picture has come back that had been lost, or where its log does
  not reach back to the version that was noted.

All else that tables got since says nothing new of the other retailers: a row follows from its key, and every key that
they need had its row. `tests/jobs/live/test_touched.py` compares this with asking everything.
"""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from jobs.engine.night import Night
from jobs.engine.stage import Counts, Note
from jobs.live.functions import digest_of, rules_by_retailer
from jobs.live.products import contents, feeds_keys
from jobs.live.settled import common_inputs, files_of
from jobs.live.takedowns import barred_pictures
from jobs.live.views import urls
from schemas.table import DONE, Table
from schemas.tables import (
    BOXES,
    COVERAGE,
    DUPLICATES,
    FEEDS,
    FETCHES,
    FINGERPRINTS,
    GARMENTS,
    MAPPED,
    MERGED,
    OFFERS,
    PICTURES,
    RUNS,
    SCREENS,
    TEXTS,
    VECTORS,
)


class Asks(NamedTuple):
    """What a stage asks besides the offers."""

    own: tuple[Table, ...]
    after: tuple[str, ...] = ()
    """Stages whose rows it reads."""
    pictures: bool = True
    """Whether it asks which pictures the URLs brought."""


ASKS = {
    "screen": Asks((SCREENS,)),
    "classify": Asks((TEXTS,), pictures=False),
    "map": Asks((MAPPED, COVERAGE), pictures=False),
    "fingerprint": Asks((FINGERPRINTS,)),
    "dedup": Asks((DUPLICATES,), ("fingerprint",)),
    "detect": Asks((BOXES,), ("screen",)),
    "choose": Asks((GARMENTS,), ("classify", "map", "dedup", "detect")),
    "embed": Asks((VECTORS,), ("choose",)),
    "publish": Asks((), ("embed",)),
}
"""The stages that can ask for some retailers alone."""

BY_FEED = ("map", "publish")
"""Those that have rows of each feed, whatever it says."""


class Question(NamedTuple):
    """What a stage has to ask now."""

    retailers: frozenset[str]
    waiting: frozenset[str]  # those of which a stage before it may have something due
    digests: dict[str, bytes]  # of every retailer with a live feed
    tables: dict[str, tuple[int, bytes]]  # version and digest of the files of each table that it reads


def question(night: Night, stage: str, more: Mapping[str, bytes] | bytes = b"") -> Question:
    """What a stage has to ask now. `more`: what it asks besides, of each retailer or of all."""
    digests = digests_of(night, stage, more)
    waiting = frozenset().union(*(_changed(night, earlier, digests_of(night, earlier)) for earlier in _before(stage)))
    versions = {table.name: _version(night, table) for table in _tables(stage)}
    return Question(_changed(night, stage, digests) | waiting, waiting, digests, versions)


def note(night: Night, stage: str, asked: Question, counts: Counts) -> Note | None:
    """What a stage asked, if nothing is due any more and nobody else has written meanwhile."""
    own = {table.name for table in ASKS[stage].own}
    now = {table.name: _version(night, table) for table in _tables(stage)}
    same = all(now[name] == version for name, version in asked.tables.items() if name not in own)
    if not counts.complete or counts.pending or not same:
        return None
    return Note(
        [digest for name, digest in asked.digests.items() if name not in asked.waiting],
        [{"table": name, "version": version, "files": files} for name, (version, files) in now.items()],
    )


def _before(stage: str) -> list[str]:
    """The stages whose rows it reads, and those whose rows they read."""
    found: dict[str, None] = {}
    for name in ASKS[stage].after:
        found.update(dict.fromkeys([*_before(name), name]))
    return [*found]


def _tables(stage: str) -> list[Table]:
    asks = ASKS[stage]
    of_pictures = [FETCHES, PICTURES] if asks.pictures else []
    return [
        FEEDS,
        OFFERS,
        MERGED,
        *of_pictures,
        *(table for name in _before(stage) for table in ASKS[name].own),
        *asks.own,
    ]


def digests_of(night: Night, stage: str, more: Mapping[str, bytes] | bytes = b"") -> dict[str, bytes]:
    """By retailer with a live feed, all that decides on what the stage needs there besides rows of tables."""
    barred = sorted(barred_pictures(night)) if "fingerprint" in _before(stage) else []
    whole = digest_of(*barred)
    rules = rules_by_retailer(night) if "map" in (*_before(stage), stage) else {}
    return {
        name: digest_of(
            whole,
            inputs,
            rules.get(name, b""),
            more if isinstance(more, bytes) else more.get(name, b""),
        )
        for name, inputs in _inputs(night, by_feed=stage in BY_FEED).items()
    }


def _inputs(night: Night, by_feed: bool) -> dict[str, bytes]:
    """By retailer with a live feed, what decides there on every stage. Mapping files decide from `map` on alone."""

    def found() -> dict[str, bytes]:
        common = common_inputs(night)
        said = feeds_keys(night) if by_feed else contents(night)
        return {
            name: digest_of(name, common, feeds, night.retailers[name].model_dump_json())
            for name, feeds in said.items()
        }

    return night.kept(f"inputs by retailer, by feed: {by_feed}", found, of=[FEEDS, MERGED])


def _changed(night: Night, stage: str, digests: Mapping[str, bytes]) -> frozenset[str]:
    """The retailers for which the stage itself has to ask."""
    every = frozenset(digests)
    known = _newest_notes(night).get(stage)
    if known is None:
        return every
    before = set(known["asked_of"])
    found = {name for name, digest in digests.items() if digest not in before}
    versions = {row["table"]: (row["version"], row["files"]) for row in known["asked_at"]}
    if found == every:
        return every
    added = {}
    for table in _tables(stage):
        new = _added(night, table, versions.get(table.name))
        if new is None:
            return every
        added[table.name] = new
    others = every - found
    if new := added.get(OFFERS.name):
        found |= _with_more_offers(night, new, added[FEEDS.name])
    if new := added.get(DUPLICATES.name):
        found.update(pc.unique(night.tables.of_files(DUPLICATES, new, ["retailer"])["retailer"]).to_pylist())
    if (new := added.get(PICTURES.name)) and _came_back(night, new, added[FETCHES.name] or ()):
        return every
    if new := added.get(FETCHES.name):
        found |= _with_new_answers(night, new, others)
    return every & found


def _newest_notes(night: Night) -> dict[str, dict[str, Any]]:
    """The last note of each stage."""
    query = f"""
        select stage, asked_of, asked_at from (
            select *, row_number() over (partition by stage order by started_at desc) place
            from {RUNS.name} where asked_of is not null
        ) where place = 1"""  # noqa: S608
    rows = night.kept("notes", lambda: night.tables.sql(query, [RUNS]).to_pylist(), of=[RUNS])
    return {row["stage"]: row for row in rows}


def _version(night: Night, table: Table) -> tuple[int, bytes]:
    def found() -> tuple[int, bytes]:
        version, files = files_of(night, table)
        return version, digest_of(*sorted(files))

    return night.kept(f"version of {table.name}", found, of=[table])


def _added(night: Night, table: Table, before: tuple[int, bytes] | None) -> frozenset[str] | None:
    """The files that a table got since a version; None where it has lost one, or where nobody knows."""
    if before is None:
        return None
    if _version(night, table) == before:
        return frozenset()

    def found() -> frozenset[str] | None:
        version, digest = before
        old = frozenset() if version < 0 else night.tables.files_at(table, version)
        now = files_of(night, table)[1]
        known = old is not None and digest_of(*sorted(old)) == digest
        return now - old if known and old is not None and old <= now else None

    return night.kept(f"added to {table.name} since {before[0]}", found, of=[table])


def _with_more_offers(night: Night, offers: Iterable[str], feeds: Iterable[str]) -> set[str]:
    """The retailers of which these files of `offers` have rows of a feed that those of `feeds` did not bring."""
    of = ["retailer", "feed"]
    new = {tuple(row.values()) for row in night.tables.of_files(FEEDS, feeds, of).to_pylist()}
    rows = night.tables.of_files(OFFERS, offers, of).group_by(of).aggregate([]).to_pylist()
    return {row["retailer"] for row in rows if (row["retailer"], row["feed"]) not in new}


def _came_back(night: Night, pictures: Iterable[str], fetches: Iterable[str]) -> bool:
    """Whether `pictures` got one that an older row of `fetches` has brought: it had been lost."""
    new = pc.unique(night.tables.of_files(PICTURES, pictures, ["picture"])["picture"]).cast(pa.binary())
    fetched = night.tables.of_files(FETCHES, fetches, ["picture"])["picture"].cast(pa.binary())
    query = f"select picture from {FETCHES.name} where status = '{DONE}'"  # noqa: S608
    brought = night.tables.among(query, [FETCHES], "picture", new)["picture"]
    return len(brought) > pc.sum(pc.is_in(fetched, new)).as_py() if len(new) else False


ANSWER = ("url", "attempt", "status", "picture", "code", "detail")


def _with_new_answers(night: Night, files: frozenset[str], retailers: frozenset[str]) -> set[str]:
    """Those of some retailers who show a URL whose state these files of `fetches` have changed."""

    def found() -> set[str]:
        new = night.tables.of_files(FETCHES, files, ANSWER)
        keys = pc.unique(new["url"])
        query = f"select {', '.join(ANSWER)} from {FETCHES.name}"  # noqa: S608
        rows = night.tables.among(query, [FETCHES], "url", keys).to_pylist()
        added = set(zip(new["url"].to_pylist(), new["attempt"].to_pylist(), strict=True))
        before = _states(row for row in rows if (row["url"], row["attempt"]) not in added)
        now = _states(rows)
        moved = pa.array(sorted(url for url in now if now[url] != before.get(url)), pa.string())
        if not len(moved):
            return set()
        shown = urls(night.among(retailers))
        rows = night.tables.among(f"select retailer, url from ({shown.sql})", shown.tables, "url", moved)  # noqa: S608
        return set(pc.unique(rows["retailer"]).to_pylist())

    name = digest_of(*sorted(files), *sorted(retailers)).hex()
    return night.kept(f"new answers {name}", found, of=[FETCHES, OFFERS])


def _states(rows: Iterable[dict[str, Any]]) -> dict[str, tuple[Any, ...]]:
    """What `jobs.live.catalog` sees of each URL: the picture of its last successful fetch, or why there is none."""
    pictures: dict[str, bytes] = {}
    last: dict[str, tuple[Any, ...]] = {}
    for row in sorted(rows, key=lambda row: row["attempt"]):
        last[row["url"]] = (row["code"], row["detail"])
        if row["status"] == DONE:
            pictures[row["url"]] = row["picture"]
    return {url: (pictures[url],) if url in pictures else said for url, said in last.items()}
