"""`selvedge vacuum --erase`: takes what `mappings/blocked.tsv` lists, or a whole retailer, out of the lake for good.

First the hashes are listed (`lake.erased`); all that follows goes by that list alone, so that an interrupted erasure is
finished by running it again, and what comes again later is known.
"""

import os
from collections.abc import Callable, Iterable
from datetime import timedelta
from functools import cached_property

import pyarrow as pa
import pyarrow.compute as pc

from jobs.engine.night import Night
from jobs.live.functions import over_pixels
from jobs.live.second import crops
from jobs.live.takedowns import brought_by, urls_with, with_copies
from jobs.stages.publish import publish
from jobs.stages.publish_rows import published_key
from jobs.vacuum.vacuum import Line
from lake import feeds as raw_feeds
from lake import snapshots
from lake.doctor.finding import LOST
from lake.erased import erased, hash_of, note_erased
from lake.lease import lease
from lake.published_files import TABLES as PUBLISHED_TABLES
from lake.published_files import read_rows
from lake.store import Entry
from lake.tables import FOLDER, live_files, one_of
from lake.vacuum.blank import blank_pictures
from lake.vacuum.logs import unnamed_files
from lake.vacuum.mentions import are_erased, lists_erased, traces_of_erased, vectors_of
from lake.vacuum.rows import Keep, plan_rewrite, rewrite
from lake.vacuum.versions import Kept, folders_of, unneeded_files, unneeded_seconds
from lake.withdrawals import forget
from reports.facts import SURVEY_FILE
from schemas.errors import WrongInput
from schemas.manifest import Manifest
from schemas.table import Table
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
    SCREENS,
    STAGE_TABLES,
    VECTORS,
)
from udfs.runtime.device import THREADS
from udfs.runtime.isolation import end_idle

Mask = Callable[[pa.Table], pa.Array | pa.ChunkedArray]


def erase(night: Night, retailer: str | None = None) -> list[Line]:
    """Erase what is blocked, and a retailer that is out of the index -> what went, by kind.

    Raises WrongInput while the live version still lists some of it: the next night takes it out.
    """
    with lease(night.store, night.run, night.settings.lease_seconds):
        hashes = targets(night, retailer)
        _check_live(night, hashes | erased(night.store))
        note_erased(night.store, hashes, night.today)
        os.environ[THREADS] = str(night.settings.work.model_threads or os.cpu_count() or 1)
        try:
            return Erasure(night).run()
        finally:
            night.spark.stop()
            end_idle()


def targets(night: Night, retailer: str | None) -> frozenset[bytes]:
    """The hashes of what is to be erased: of pictures (with near copies), URLs, products, and of the retailer."""
    blocked = night.blocked
    lost = _alone(night, "product_id", blocked.products)
    pictures, urls = blocked.pictures | brought_by(night, blocked.urls | lost), blocked.urls | lost
    names = blocked.products
    if retailer is not None:
        _check_out(night, retailer)
        own = _alone(night, "retailer", frozenset({retailer}))
        pictures, urls, names = pictures | brought_by(night, own), urls | own, names | {retailer}
    pictures = with_copies(night, pictures)
    return pictures | {hash_of(text) for text in urls | names | urls_with(night, pictures)}


def _alone(night: Night, column: str, values: frozenset[str]) -> frozenset[str]:
    """Picture URLs that no offer but those of some products, or of a retailer, has."""
    if not values:
        return frozenset()
    query = f"""
        select url from (
            select unnest(pictures) url, {one_of(column, values)} is_theirs from {OFFERS.name}
        ) group by url having bool_and(is_theirs)"""  # noqa: S608
    return frozenset(night.tables.sql(query, [OFFERS])["url"].to_pylist())


def _check_out(night: Night, retailer: str) -> None:
    if retailer in night.retailers:
        path = night.specs[retailer].folder
        raise WrongInput(path, None, "set `enabled: false`, or delete this folder, before its retailer is erased")


def _check_live(night: Night, hashes: frozenset[bytes]) -> None:
    """Raises WrongInput if the live version lists something that is to be erased."""
    live = snapshots.current(night.store)
    if live is not None and lists_erased(night.store, snapshots.manifest(night.store, live), hashes):
        held = snapshots.hold(night.store) is not None
        way = "`selvedge live VERSION` of a newer one" if held else "`selvedge night` publishes one without it"
        raise WrongInput("vacuum --erase", None, f"version {live} is live and still lists some of it; first {way}")


class Erasure:
    """Takes what the list of erased things names out of the lake. Each step may be repeated."""

    def __init__(self, night: Night) -> None:
        self.night, self.store = night, night.store
        self.hashes = erased(night.store)
        self.pictures = pa.array(sorted(self.hashes), pa.binary())
        self.at_once = night.now() + timedelta(days=36_500)
        """Nothing is too young to be deleted."""

    def run(self) -> list[Line]:
        steps: Iterable[Callable[[], list[Line]]] = (
            self._publish, self._versions, self._shards, self._raw_feeds, self._rows, self._files, self._set_aside,
            self._reports,
        )  # fmt: skip
        return [line for step in steps for line in step() if line.files or line.rows]

    # ---- versions

    @cached_property
    def _manifests(self) -> list[Manifest]:
        return [snapshots.manifest(self.store, number) for number in snapshots.versions(self.store)]

    @cached_property
    def _banned(self) -> pa.Array:
        """Published keys of the vectors of erased pictures."""
        query = f"select picture, vector_key, function from {VECTORS.name}"  # noqa: S608
        rows = self.night.tables.sql(query, [VECTORS])
        rows = rows.filter(pc.is_in(rows["picture"], self.pictures)).to_pylist()
        keys = pa.array([published_key(row["vector_key"], row["function"]) for row in rows], pa.binary(32))
        of_versions = [vectors_of(self.store, manifest, self.hashes) for manifest in self._manifests]
        of_seconds = [self._in_second(manifest) for manifest in self._manifests if manifest.second]
        return pc.unique(pa.concat_arrays([keys, *of_versions, *of_seconds]))

    def _in_second(self, manifest: Manifest) -> pa.Array:
        """Published keys that erased pictures have in the second embedding of a version that lists them."""
        garments = read_rows(self.store, "garments", manifest.of("garments"), ["image_sha256", "box"])
        shown = garments.filter(self._shows(garments["image_sha256"]))
        function = over_pixels(bytes.fromhex(manifest.second.model if manifest.second else ""))
        return pa.array([published_key(crop, function) for crop in crops(shown).to_pylist()], pa.binary(32))

    def _publish(self) -> list[Line]:
        """A new version, if the live one has traces of what was erased in its changes or its segments."""
        live = snapshots.current(self.store)
        if live is None:
            return []
        manifest = snapshots.manifest(self.store, live)
        if not traces_of_erased(self.store, manifest, self.hashes, self._banned):
            return []
        if snapshots.hold(self.store) is not None:
            way = "`selvedge live VERSION` ends the hold"
            raise WrongInput("vacuum --erase", None, f"version {live} has traces of it and is held; first {way}")
        publish(self.night, self._banned)
        return [Line("new version", 1)]

    def _versions(self) -> list[Line]:
        """Versions that list it, or have traces of it, are deleted; rollback to them is refused from now on."""
        banned, live = self._banned, snapshots.current(self.store)
        manifests = [snapshots.manifest(self.store, number) for number in snapshots.versions(self.store)]
        gone = [
            manifest.version
            for manifest in manifests
            if manifest.version != live
            and (lists_erased(self.store, manifest, self.hashes)
                 or traces_of_erased(self.store, manifest, self.hashes, banned))
        ]  # fmt: skip
        kept = Kept([manifest for manifest in manifests if manifest.version not in gone], [], gone)
        entries = folders_of(self.store, kept, self.at_once)
        self._delete(entries)
        files = [entry for table in PUBLISHED_TABLES for entry in unneeded_files(self.store, table, kept, self.at_once)]
        files += unneeded_seconds(self.store, kept, self.at_once)
        self._delete(files)
        return [
            Line("versions", len(entries), len(gone), _sum(entries)),
            Line("their files", len(files), 0, _sum(files)),
        ]

    # ---- bytes and rows

    def _shards(self) -> list[Line]:
        return [Line("pictures in shards", blank_pictures(self.store, self.hashes))]

    def _raw_feeds(self) -> list[Line]:
        """Feeds that name it, and those that nobody has parsed, so that nobody knows."""
        query = f"select feed, retailer, product_id, url, pictures from {OFFERS.name}"  # noqa: S608
        rows = self.night.tables.sql(query, [OFFERS])
        clean = set(rows["feed"].to_pylist()) - set(rows.filter(self._names(rows))["feed"].to_pylist())
        kept = {raw_feeds.path_of(feed) for feed in clean}
        entries = [entry for entry in self.store.list(raw_feeds.FOLDER) if raw_feeds.feed_path(entry.path) not in kept]
        self._delete(entries)
        return [Line("raw feeds", len(entries), 0, _sum(entries))]

    def _names(self, rows: pa.Table) -> pa.Array:
        """Which offers or products name something erased."""
        return _either(
            self._has_erased(rows["pictures"]), *(self._is(rows[n]) for n in ("retailer", "product_id", "url"))
        )

    def _is(self, texts: pa.ChunkedArray) -> pa.Array:
        return are_erased(texts, self.hashes)

    def _has_erased(self, lists: pa.ChunkedArray) -> pa.Array:
        whole = lists.combine_chunks()
        hit = self._is(pc.list_flatten(whole))
        rows = set(pc.list_parent_indices(whole).filter(hit).to_pylist())
        return pa.array([at in rows for at in range(len(whole))], pa.bool_())

    def _shows(self, pictures: pa.ChunkedArray) -> pa.Array:
        return pc.fill_null(pc.is_in(pictures, self.pictures), False)

    def _rows(self) -> list[Line]:
        of_pictures = [(table, ("picture",), lambda rows: self._shows(rows["picture"]))
                       for table in (PICTURES, SCREENS, FINGERPRINTS, BOXES, VECTORS)]  # fmt: skip
        of_retailers = [(table, ("retailer",), lambda rows: self._is(rows["retailer"]))
                        for table in (FEEDS, MAPPED, COVERAGE)]  # fmt: skip
        dead: list[tuple[Table, tuple[str, ...], Mask]] = [
            *of_pictures, *of_retailers,
            (FETCHES, ("url", "final_url", "picture"),
             lambda rows: _either(self._is(rows["url"]), self._is(rows["final_url"]), self._shows(rows["picture"]))),
            (DUPLICATES, ("retailer", "picture", "medoid", "groups"),
             lambda rows: _either(self._is(rows["retailer"]), self._shows(rows["picture"]),
                                  self._shows(rows["medoid"]), self._grouped(rows))),
            (MERGED, ("retailer", "product_id", "url", "pictures"), self._names),
            (GARMENTS, ("retailer", "product_id", "garments", "turned_away"), self._chosen),
        ]  # fmt: skip
        keeps = [Keep(table, columns, _without(mask)) for table, columns, mask in dead]
        offers = Keep(
            OFFERS, ("retailer", "product_id", "url", "pictures"), _without(self._whole_offer),
            changed=lambda rows: self._names(rows), change=self._scrubbed,
        )  # fmt: skip
        lines = []
        for keep in (*keeps, offers):
            plan = plan_rewrite(self.night.tables, keep, any_dead=True)
            rewrite(self.night.tables, plan)
            lines.append(Line(f"rows of {keep.table.name}", len(plan.shares), plan.rows, plan.bytes))
        forget(self.store, lambda name: hash_of(name) in self.hashes)
        return lines

    def _grouped(self, rows: pa.Table) -> pa.Array:
        gone = set(self.hashes)
        return pa.array(
            [any(gone & set(group["members"]) for group in groups or ()) for groups in rows["groups"].to_pylist()],
            pa.bool_(),
        )

    def _chosen(self, rows: pa.Table) -> pa.Array:
        """Products whose choice names something erased: they are chosen anew."""
        gone = self.hashes

        def names(garments: list[dict[str, bytes]] | None, away: list[dict[str, str]] | None) -> bool:
            shown = any(one["picture"] in gone or hash_of(str(one["url"])) in gone for one in garments or ())
            return shown or any(hash_of(one["url"]) in gone for one in away or ())

        pairs = zip(rows["garments"].to_pylist(), rows["turned_away"].to_pylist(), strict=True)
        named = pa.array([names(*pair) for pair in pairs], pa.bool_())
        return _either(named, self._is(rows["retailer"]), self._is(rows["product_id"]))

    def _whole_offer(self, rows: pa.Table) -> pa.Array:
        return _either(self._is(rows["retailer"]), self._is(rows["product_id"]))

    def _scrubbed(self, rows: pa.Table) -> pa.Table:
        """The offers without erased URLs."""
        lists = [[url for url in urls if hash_of(url) not in self.hashes] if urls is not None else None
                 for urls in rows["pictures"].to_pylist()]  # fmt: skip
        pages = pc.if_else(self._is(rows["url"]), pa.scalar(None, pa.string()), rows["url"])
        for name, values in (("pictures", pa.array(lists, pa.list_(pa.string()))), ("url", pages)):
            at = rows.schema.get_field_index(name)
            rows = rows.set_column(at, rows.schema.field(at), values.cast(rows.schema.field(at).type))
        return rows

    def _files(self) -> list[Line]:
        """The replaced files themselves."""
        entries: list[Entry] = []
        for table in STAGE_TABLES:
            if (handle := self.night.tables.found(table)) is not None:
                entries += unnamed_files(self.store, f"{FOLDER}/{table.name}", live_files(handle), self.at_once)
        self._delete(entries)
        return [Line("replaced files", len(entries), 0, _sum(entries))]

    def _set_aside(self) -> list[Line]:
        """Damaged files that the doctor took out of use: nobody can tell what they hold."""
        entries = self.store.list(LOST)
        self._delete(entries)
        return [Line("damaged files", len(entries), 0, _sum(entries))]

    def _reports(self) -> list[Line]:
        """Every page, and the survey: titles, URLs and small pictures stand in them."""
        folder = self.night.settings.reports
        pages = [*sorted(folder.glob("*.html")), *folder.glob(SURVEY_FILE)]
        size = sum(page.stat().st_size for page in pages)
        for page in pages:
            page.unlink()
        return [Line("reports", len(pages), 0, size)]

    def _delete(self, entries: list[Entry]) -> None:
        for entry in entries:
            self.store.delete(entry.path)


def _sum(entries: list[Entry]) -> int:
    return sum(entry.bytes for entry in entries)


def _either(*masks: pa.Array) -> pa.Array:
    whole = masks[0]
    for mask in masks[1:]:
        whole = pc.or_(whole, mask)
    return whole


def _without(dead: Mask) -> Mask:
    return lambda rows: pc.invert(dead(rows))
