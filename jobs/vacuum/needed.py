"""What live offers, kept versions and the last nights need, table by table."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import cached_property
from itertools import groupby, pairwise
from operator import itemgetter
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from jobs.engine.models import MODELS, live_releases
from jobs.engine.night import Night
from jobs.live.catalog import Catalog
from jobs.live.feeds import digests_by_retailer, feed_states, live_feeds
from jobs.live.functions import (
    choose_function,
    duplicates_function,
    fingerprint_function,
    map_function,
    merge_function,
    over_pixels,
    parser_of,
    rules_by_retailer,
)
from jobs.live.product_keys import category_keys
from jobs.live.products import feeds_keys
from jobs.live.retailers import taken_out
from jobs.live.second import second
from lake import snapshots
from lake.published_files import read_rows
from lake.tables import literal
from lake.vacuum.rows import Keep
from lake.vacuum.versions import Kept
from schemas.manifest import DataFile
from schemas.rejects import Code
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

Row = dict[str, Any]
OF_MODEL = {SCREENS.name: "screen", TEXTS.name: "text", BOXES.name: "detect", VECTORS.name: "embed"}


class Needed:
    """Everything is read once, when it is first needed.

    A feed is needed if it is live, if the gates compare the next one with it, if a recent version was made from it, or
    if it was live in one of the last nights. All else follows from the offers of these feeds: so what left the shop a
    week ago and comes back is not fetched again.
    """

    def __init__(self, night: Night, kept: Kept) -> None:
        self._night, self._kept = night, kept
        self._since: datetime = night.now() - timedelta(days=night.settings.vacuum.nights)

    @cached_property
    def keeps(self) -> list[Keep]:
        """For each table of the stages, and for `runs`, the rows that stay."""
        model_of = [
            (table, [over_pixels(release) for release in self._models(OF_MODEL[table.name])])
            for table in (SCREENS, BOXES, VECTORS)
        ]
        of_pictures = [
            *model_of,
            (DUPLICATES, [duplicates_function(self._night)]),
            (FINGERPRINTS, [fingerprint_function()]),
        ]
        return [
            _among(FEEDS, ("retailer", "attempt"), self._feed_rows),
            _among(OFFERS, ("retailer", "feed", "function"), self._offer_feeds),
            self._merged(),
            _among(FETCHES, ("url", "attempt"), self._fetches),
            _among(PICTURES, ("picture",), [(picture,) for picture in self.pictures.to_pylist()]),
            *(_of_functions(table, "picture", self.pictures, functions) for table, functions in of_pictures),
            _of_functions(TEXTS, "text_key", self._texts, self._models("text")),
            self._mapped(),
            _among(COVERAGE, ("retailer", "feed"), self._covered),
            self._of_catalog(GARMENTS, "product_key", self._catalog.keys["product_key"].to_pylist(),
                             choose_function(self._night)),
            _among(RUNS, ("run", "stage"), self._runs),
        ]  # fmt: skip

    @property
    def _catalog(self) -> Catalog:
        return Catalog.of(self._night)

    # ---- feeds and offers

    @cached_property
    def _decided_out(self) -> set[str]:
        """Retailers that somebody took out of the index; one that is merely absent is not among them."""
        parent = snapshots.parent(self._night.store)
        inside = parent.counts.keys() - taken_out(self._night, parent) if parent else set()
        known = {row["retailer"] for row in feed_states(self._night)}
        without_version = known - self._night.specs.keys() if parent is None else set()
        unknown = self._night.broken.keys() | inside | without_version
        return known - self._night.retailers.keys() - unknown

    @cached_property
    def _feeds(self) -> list[Row]:
        """Rows of `feeds` that stay; that a file has left is said as long as any other row of it is there."""
        query = f"""
            select retailer, part, attempt, feed, charset, status, code, acquired_at from {FEEDS.name}
            order by retailer, part, attempt"""  # noqa: S608
        rows: list[Row] = self._night.tables.sql(query, [FEEDS]).to_pylist()
        of_versions = {
            (name, state.feed_sha256)
            for manifest in self._kept.recent
            for name, state in manifest.facts.retailers.items()
        } | self._of_parts(rows)
        states = {(row["retailer"], row["attempt"]) for row in feed_states(self._night)}
        superseded = _superseded(rows)

        def was_live(row: Row) -> bool:
            """Whether it is live, or was until one of the last nights."""
            place = (row["retailer"], row["attempt"])
            until = superseded.get(place, self._since)
            return place in states or (row["status"] == DONE and until >= self._since)

        def is_needed(row: Row, has_left: bool) -> bool:
            if (row["retailer"], row["feed"] and row["feed"].hex()) in of_versions:
                return True
            is_live = row["retailer"] not in self._decided_out and was_live(row)
            return not has_left and (row["acquired_at"] >= self._since or is_live)

        found: list[Row] = []
        for _, of_file in groupby(rows, itemgetter("retailer", "part")):
            mine = [*of_file]
            last = [row for row in mine[-1:] if row["code"] == Code.FEED_REMOVED]
            has_left = any(row["acquired_at"] < self._since for row in last)
            kept = [row for row in mine if row not in last and is_needed(row, has_left)]
            found += [*kept, *(last if kept or not has_left else [])]
        return found

    def _of_parts(self, rows: list[Row]) -> set[tuple[str, str]]:
        """Retailer and feed of the parts that recent versions were made from: those that were live when they were
        published."""
        found = set()
        for manifest in self._kept.recent:
            at = manifest.published_at
            last = {
                (row["retailer"], row["part"]): row["feed"]
                for row in rows
                if row["part"] is not None and row["status"] == DONE and (at is None or row["acquired_at"] <= at)
            }
            found |= {(retailer, feed.hex()) for (retailer, _), feed in last.items()}
        return found

    @property
    def _feed_rows(self) -> list[tuple[Any, ...]]:
        return [(row["retailer"], row["attempt"]) for row in self._feeds]

    @property
    def raw_feeds(self) -> set[bytes]:
        """sha256 of the feeds whose bytes stay."""
        return {row["feed"] for row in self._feeds if row["feed"] is not None}

    @cached_property
    def _offer_feeds(self) -> list[tuple[Any, ...]]:
        """Retailer, feed and parser of the offers that stay: of the current parser where it has read the feed."""
        query = f"select distinct retailer, feed, function from {OFFERS.name}"  # noqa: S608
        found = {tuple(row.values()) for row in self._night.tables.sql(query, [OFFERS]).to_pylist()}
        needed = {(row["retailer"], row["feed"]) for row in self._feeds}
        readings = self._readings
        return sorted(
            (retailer, feed, function)
            for retailer, feed, function in found
            if (retailer, feed) in needed
            and (
                function in (current := readings.get((retailer, feed), {function}))
                or any((retailer, feed, one) not in found for one in current)
            )
        )

    @property
    def _readings(self) -> dict[tuple[str, bytes], set[bytes]]:
        """How the kept feeds are read now, by retailer and feed; without those of files that no spec lists."""
        files = {(name, file.part): file for name, spec in self._night.retailers.items() for file in spec.files}
        found: dict[tuple[str, bytes], set[bytes]] = {}
        for row in self._feeds:
            if file := files.get((row["retailer"], row["part"])):
                found.setdefault((row["retailer"], row["feed"]), set()).add(parser_of(file, row["charset"]))
        return found

    @cached_property
    def _offers(self) -> str:
        """SQL of the offers that stay."""
        rows = ", ".join(f"({', '.join(literal(part) for part in key)})" for key in self._offer_feeds)
        none = "('', X'00', X'00')"
        return f"""
            select o.* from {OFFERS.name} o join (values {rows or none}) needed(retailer, feed, function)
            on o.retailer = needed.retailer and o.feed = needed.feed and o.function = needed.function"""  # noqa: S608

    # ---- what follows from the offers

    @cached_property
    def _texts(self) -> pa.Array:
        return self._distinct(f"select distinct text_key from ({self._offers}) where text_key is not null", OFFERS)  # noqa: S608

    @cached_property
    def _fetches(self) -> list[tuple[Any, ...]]:
        """Of each URL its last two attempts, its last success, and those of the last nights."""
        since = literal(self._since.date().isoformat())
        query = f"""
            select url, attempt from (
                select url, attempt, status, night,
                    row_number() over (partition by url order by attempt desc) place,
                    row_number() over (partition by url, status order by attempt desc) of_status
                from {FETCHES.name}
                where url in (select unnest(pictures) from ({self._offers}))
            ) where place <= 2 or (status = '{DONE}' and of_status = 1) or night >= cast({since} as date)"""  # noqa: S608
        rows = self._night.tables.sql(query, {FETCHES, OFFERS})
        return list(zip(rows["url"].to_pylist(), rows["attempt"].to_pylist(), strict=True))

    @cached_property
    def pictures(self) -> pa.Array:
        """The pictures of the URLs that stay, and those that recent versions show."""
        urls = f"select distinct url from {FETCHES.name} where url in (select unnest(pictures) from ({self._offers}))"  # noqa: S608
        live = self._distinct(
            f"select distinct picture from {FETCHES.name} f join ({urls}) u on f.url = u.url where picture is not null",  # noqa: S608
            FETCHES, OFFERS,
        )  # fmt: skip
        files = {file.path: file for manifest in self._kept.recent for file in manifest.of("garments")}
        return pc.unique(pa.concat_arrays([live, *(self._shown(file) for file in files.values())]))

    def _shown(self, file: DataFile) -> pa.Array:
        rows = read_rows(self._night.store, "garments", [file], ["image_sha256"])
        return pc.unique(rows["image_sha256"]).cast(pa.binary())

    def _distinct(self, query: str, *tables: Table) -> pa.Array:
        return self._night.tables.sql(query, tables).column(0).combine_chunks()

    def _merged(self) -> Keep:
        """Products of the live feeds, without those of nights that are over."""
        keys = list(feeds_keys(self._night).values())
        of_feeds = self._of_catalog(MERGED, "feeds", keys, merge_function())
        tonight = pa.scalar(self._night.today)

        def stays(rows: pa.Table) -> pa.ChunkedArray:
            return pc.and_(of_feeds.stays(rows), pc.fill_null(pc.greater(rows["until_night"], tonight), True))

        return Keep(MERGED, (*of_feeds.columns, "until_night"), stays)

    def _mapped(self) -> Keep:
        query = f"select distinct retailer, category_path, category_ids from ({self._offers})"  # noqa: S608
        categories = self._night.tables.sql(query, [OFFERS])
        live = category_keys(categories, rules_by_retailer(self._night)).dictionary
        return _of_functions(MAPPED, "category_key", live, [map_function()])

    @property
    def _covered(self) -> list[tuple[Any, ...]]:
        """Feeds of which a kept version's coverage may be asked."""
        of_versions = [
            (name, bytes.fromhex(state.feed_sha256))
            for manifest in self._kept.all
            for name, state in manifest.facts.retailers.items()
            if state.feed_sha256
        ]
        tonight = digests_by_retailer(live_feeds(self._night)).items()
        return [*((row["retailer"], row["feed"]) for row in self._feeds if row["feed"]), *tonight, *of_versions]

    def _of_catalog(self, table: Table, key: str, keys: list[bytes], function: bytes) -> Keep:
        """Rows of tonight's products. Those of a retailer without a spec stay: it may be back tomorrow."""
        absent = sorted({row["retailer"] for row in self._feeds} - self._night.retailers.keys() - self._decided_out)
        live, others = pa.array(keys, pa.binary()), pa.array(absent, pa.string())

        def stays(rows: pa.Table) -> pa.ChunkedArray:
            current = pc.and_(pc.is_in(rows[key], live), pc.equal(rows["function"], pa.scalar(function, pa.binary())))
            return pc.or_(current, pc.fill_null(pc.is_in(rows["retailer"], others), False))

        return Keep(table, (key, "function", "retailer"), stays)

    def _models(self, name: str) -> list[bytes]:
        """Digests of a model's releases whose rows stay: promoted, used in one of the last nights, a candidate, or
        a second embedding."""
        used = {
            bytes.fromhex(manifest.facts.models[name])
            for manifest in self._kept.recent
            if name in manifest.facts.models and (manifest.published_at or self._since) >= self._since
        }
        if name == "embed":
            beside = second(self._night)
            used |= {bytes.fromhex(each.model) for manifest in self._kept.recent if (each := manifest.second)}
            used |= {beside.digest} if beside else set()
        return sorted({self._night.model_digest(name), *used, *live_releases(name, self._night.settings.models)})

    @property
    def models(self) -> set[str]:
        """Digests of the releases of which the lake keeps something: their rows stay, or a kept version names them."""
        named = {digest for manifest in self._kept.all for digest in manifest.facts.models.values()}
        return named | {digest.hex() for name in MODELS for digest in self._models(name)}

    @cached_property
    def dead_runs(self) -> list[str]:
        """Runs before the last nights; neither the last one nor the last in which a stage had work: `plan` asks it."""
        query = f"""
            select run, max(started_at) started_at, max(case when place = 1 then 1 else 0 end) needed from (
                select run, started_at, row_number() over (
                    partition by stage order by (case when done + rejected > 0 then 0 else 1 end), started_at desc
                ) place from {RUNS.name}
            ) group by run order by started_at"""  # noqa: S608
        rows = self._night.tables.sql(query, [RUNS]).to_pylist()
        return [row["run"] for row in rows[:-1] if row["started_at"] < self._since and not row["needed"]]

    @property
    def _runs(self) -> list[tuple[Any, ...]]:
        rows = self._night.tables.sql(f"select run, stage from {RUNS.name}", [RUNS]).to_pylist()  # noqa: S608
        dead = set(self.dead_runs)
        return [(row["run"], row["stage"]) for row in rows if row["run"] not in dead]


def _superseded(rows: list[Row]) -> dict[tuple[str, int], datetime]:
    """When each accepted feed was followed by the next one of its file; the last one of a file is left out."""
    accepted = [row for row in rows if row["status"] == DONE]
    return {
        (row["retailer"], row["attempt"]): after["acquired_at"]
        for row, after in pairwise(accepted)
        if (after["retailer"], after["part"]) == (row["retailer"], row["part"])
    }


def _joined(columns: Iterable[pa.Array | pa.ChunkedArray]) -> pa.Array | pa.ChunkedArray:
    """Several columns as one key."""
    texts = [column if pa.types.is_binary(column.type) else pc.cast(pc.cast(column, pa.string()), pa.binary())
             for column in columns]  # fmt: skip
    return pc.binary_join_element_wise(*texts, b"\x1f", null_handling="replace", null_replacement=b"\x1e")


def _among(table: Table, names: tuple[str, ...], keys: Iterable[tuple[Any, ...]]) -> Keep:
    """Rows whose key is in a list."""
    found = list(keys)
    kinds = [table.stored.field(name).type for name in names]
    live = _joined([pa.array([key[at] for key in found], kind) for at, kind in enumerate(kinds)])
    return Keep(table, names, lambda rows: pc.is_in(_joined([rows[name] for name in names]), live))


def _of_functions(table: Table, key: str, keys: pa.Array, functions: list[bytes]) -> Keep:
    """Rows of live keys under some functions."""
    live, current = keys, pa.array(functions, pa.binary())
    return Keep(
        table, (key, "function"),
        lambda rows: pc.and_(pc.is_in(rows[key], live), pc.is_in(rows["function"], current)),
    )  # fmt: skip
