"""What vacuum deletes is missed by nobody: the next night publishes byte for byte the same version."""

import hashlib
import json
import shutil
from pathlib import Path
from unittest import mock
from uuid import UUID

import pytest
from deltalake import DeltaTable

import selvedge_searcher
from jobs.engine.models import MODELS
from jobs.live.functions import over_pixels
from lake import snapshots
from lake.lease import lease
from lake.shards import Place, read_picture
from lake.vacuum.retired import retired
from schemas.manifest import Manifest
from schemas.tables import OFFERS, PICTURES, STAGE_TABLES, VECTORS
from tests.jobs.vacuum.conftest import DAYS, another_embedding
from tests.night.house import double_keys
from tests.year.house import LongHouse

pytestmark = pytest.mark.night

LAST, TONIGHT = DAYS[-1], DAYS[-1] + 1
TIGHT = {"VACUUM__NIGHTS": "2", "VACUUM__VERSIONS": "2", "VACUUM__MONTHS": "0"}
"""Keeps so little that much has to go."""
WITHOUT = ("shard", "offset", "etag", "acquired_at", "fetched_at", "seconds")
"""Columns that depend on the clock, or on where a picture was put."""
A_MONTH = {"VACUUM__VERSIONS": "2"}


def the_next_version(house: LongHouse) -> Manifest:
    """Tonight's version, with names of files that follow from their order instead of chance."""
    names = iter(range(1_000))
    with (
        mock.patch("lake.segments.uuid4", lambda: UUID(int=next(names))),
        mock.patch("lake.published_files.uuid4", lambda: UUID(int=next(names))),
    ):
        ended = house.night_of(TONIGHT, changed=False)
    assert ended.code == 0, ended.err or ended.text
    assert ended.json["published"]
    return house.manifest()


def without_times(manifest: Manifest) -> str:
    facts = manifest.facts.model_dump() | {"retailers": sorted(manifest.facts.retailers)}
    delta, gates = {}, [gate.name for gate in manifest.gates]
    return manifest.model_copy(update={"published_at": None, "facts": facts, "delta": delta, "gates": gates}).__repr__()


def deleted(house: LongHouse, **settings: str) -> dict[str, dict[str, int]]:
    """Vacuum the house -> what went, by kind."""
    ended = house.vacuum(LAST, "--delete", **settings)
    assert ended.code == 0, ended.err or ended.text
    return {line["kind"]: line for line in ended.json["kinds"]}


def contents(house: LongHouse) -> dict[str, list[str]]:
    """The rows of every stage, without the places of pictures."""
    found = {}
    for table in STAGE_TABLES:
        names = [name for name in table.schema.names if name not in WITHOUT]
        columns = ", ".join(f'"{name}"' for name in names)
        found[table.name] = sorted(map(str, house.rows(f"select {columns} from {table.name}", table)))
    return found


def all_pictures_are_there(house: LongHouse) -> bool:
    rows = house.rows(f'select picture, shard, "offset", length from {PICTURES.name}', PICTURES)
    bodies = {row.pop("picture"): read_picture(house.store, Place(**row)) for row in rows}
    return all(hashlib.sha256(body).digest() == picture for picture, body in bodies.items())


@pytest.mark.parametrize("settings", [TIGHT, pytest.param(A_MONTH, marks=pytest.mark.long)], ids=["tight", "a month"])
def test_the_next_version_is_byte_for_byte_the_same(
    house: LongHouse, two_months: LongHouse, tmp_path: Path, settings: dict[str, str]
) -> None:
    other = two_months.copy(tmp_path / "other")
    before = len(house.files())
    assert "raw feeds" in deleted(house, **settings)
    assert len(house.files()) < before
    listed = house.rows(f"select distinct unnest(pictures) url from {OFFERS.name}", OFFERS)
    known = {row["url"].removeprefix(house.shops.url) for row in listed}
    house.shops.seen.clear()
    same = the_next_version(house)
    asked = dict(house.shops.seen)
    house.shops.seen.clear()
    assert without_times(same) == without_times(the_next_version(other))
    assert not known & (asked.keys() - house.shops.seen.keys()), "what a kept feed has is not asked for again"
    assert snapshots.verify(house.store, same.version) == []
    assert double_keys(house) == {}
    assert all_pictures_are_there(house)


def test_nothing_is_due_after_it(house: LongHouse) -> None:
    house.shop.write_feed_as_it_was(house.lake_feed())
    deleted(house, **TIGHT)
    ended = house.selvedge("night", "--json", "--date", house.day(LAST))
    assert ended.code == 0, ended.err or ended.text
    assert {name: stage["due"] for name, stage in ended.json["stages"].items() if stage["due"]} == {}
    assert ended.json["published"] is False


def test_showing_deletes_nothing_and_says_what_goes(house: LongHouse) -> None:
    before = house.files()
    shown = {line["kind"]: line for line in house.vacuum(LAST, **TIGHT).json["kinds"]}
    assert house.files() == before
    done = deleted(house, **TIGHT)
    for kind in ("versions", "raw feeds", "rows of offers", "rows of pictures", "rows of vectors", "shards"):
        assert (shown[kind]["rows"], shown[kind]["files"]) == (done[kind]["rows"], done[kind]["files"]), kind
        assert done[kind]["files"] > 0


def test_a_second_one_finds_nothing(house: LongHouse) -> None:
    deleted(house, **TIGHT)
    assert deleted(house, **TIGHT).keys() <= {"runs", "rows of runs"}


def test_rows_of_what_is_gone_go_and_their_bytes_too(house: LongHouse) -> None:
    counts = {table.name: len(rows) for table, rows in ((t, contents(house)[t.name]) for t in STAGE_TABLES)}
    size = sum(house.files().values())
    deleted(house, **TIGHT)
    after = {name: len(rows) for name, rows in contents(house).items()}
    for name in ("feeds", "offers", "fetches", "pictures", "screens", "texts", "fingerprints", "boxes", "vectors"):
        assert after[name] < counts[name], name
    assert sum(house.files().values()) < 0.7 * size
    feeds = house.rows(f"select count(distinct feed) n from {OFFERS.name}", OFFERS)[0]["n"]
    assert len(house.store.list("feeds")) == feeds


def test_a_feed_that_was_live_in_one_of_the_last_nights_stays(house: LongHouse) -> None:
    """It came 31 nights ago and was followed by the next one 5 nights ago."""
    deleted(house, **A_MONTH)
    assert house.rows(f"select count(distinct feed) n from {OFFERS.name}", OFFERS)[0]["n"] == 3
    assert len(house.store.list("feeds")) == 3


def test_versions_that_are_live_held_last_or_one_a_month_stay(house: LongHouse) -> None:
    assert house.selvedge("rollback", "2", "--why", "to see that it stays").code == 0
    settings = TIGHT | {"VACUUM__MONTHS": "12"}
    assert deleted(house, **settings)["versions"]["rows"] == 1
    kept = snapshots.versions(house.store)
    assert kept == [1, 2, 4, 5]  # first of January, held and live, the last two
    for version in kept:
        assert snapshots.verify(house.store, version) == []
        assert selvedge_searcher.open(str(house.lake), version).version == version
        named = house.manifest(version)
        for table, delta in named.delta.items():
            handle = DeltaTable(house.store.delta_uri(f"published/{table}"), version=delta)
            assert handle.to_pyarrow_table().num_rows == named.rows(table)
    assert house.selvedge("live", "5").code == 0
    assert house.selvedge("rollback", "1").code == 0


def test_a_version_that_a_reader_may_have_open_stays(house: LongHouse) -> None:
    """Two days after it was followed by another one."""
    assert house.night_of(TONIGHT, changed=False).code == 0
    assert house.vacuum(TONIGHT, "--delete", **TIGHT).code == 0
    assert snapshots.versions(house.store) == [4, 5, 6]
    assert house.vacuum(TONIGHT + 2, "--delete", **TIGHT).code == 0
    assert snapshots.versions(house.store) == [5, 6]


def test_no_number_is_used_twice(house: LongHouse) -> None:
    (house.lake / "snapshots" / "3" / "manifest.json").unlink()
    (house.lake / "snapshots" / "6").mkdir()
    (house.lake / "snapshots" / "6" / "candidate.json").write_text("{}")
    deleted(house, **TIGHT)
    assert not (house.lake / "snapshots" / "3").exists()
    assert (house.lake / "snapshots" / "6" / "candidate.json").exists()
    assert the_next_version(house).version == 7


def test_a_retailer_whose_spec_is_missing_loses_nothing(house: LongHouse) -> None:
    spec = house.mappings / "harbour"
    other = house.mappings / "elsewhere"
    other.mkdir()
    text = (spec / "retailer.yaml").read_text()
    (other / "retailer.yaml").write_text(text.replace("harbour", "elsewhere"))
    shutil.rmtree(spec)
    deleted(house)
    spec.mkdir()
    (spec / "retailer.yaml").write_text(text)
    shutil.rmtree(other)
    house.shops.seen.clear()
    house.shop.write_feed_as_it_was(house.lake_feed())
    ended = house.selvedge("night", "--json", "--date", house.day(LAST))
    assert ended.code == 0, ended.err or ended.text
    assert {name: stage["due"] for name, stage in ended.json["stages"].items() if stage["due"]} == {}
    assert house.shops.pictures_asked == 0


def test_a_retailer_that_was_taken_out_goes(house: LongHouse) -> None:
    house.edit_spec("harbour", enabled=False)
    other = house.mappings / "elsewhere"
    other.mkdir()
    (other / "retailer.yaml").write_text((house.mappings / "harbour" / "retailer.yaml").read_text())
    house.selvedge("vacuum", "--json", "--delete", "--date", house.day(LAST + 40))
    left = house.rows(f"select count(distinct feed) n from {OFFERS.name}", OFFERS)[0]["n"]
    assert left == len(DAYS), "recent versions were made from these feeds"
    house.selvedge("vacuum", "--json", "--delete", "--date", house.day(LAST + 40), **TIGHT)
    assert house.rows(f"select count(distinct feed) n from {OFFERS.name}", OFFERS)[0]["n"] == 2


def test_vectors_of_an_old_model_go_and_those_of_a_candidate_stay(house: LongHouse) -> None:
    model = house.root / "models" / "embed"
    (release,) = model.iterdir()
    promotions = house.root / "models" / "promotions.jsonl"
    kept = house.rows(f"select count(*) n from {VECTORS.name}", VECTORS)[0]["n"]
    candidate, old = b"\x01" * 32, b"\x02" * 32
    for digest in (candidate, old):
        function = over_pixels(digest)
        rows = house.tables.sql(f"select * from {VECTORS.name}", [VECTORS])
        at = rows.schema.get_field_index("function")
        house.tables.append(VECTORS, rows.set_column(at, "function", [[function] * rows.num_rows]).cast(VECTORS.schema))
        folder = model / digest.hex()[:12]
        folder.mkdir()
        said = json.loads((release / "model.json").read_text()) | {"digest": digest.hex()}
        (folder / "model.json").write_text(json.dumps(said))
    promotions.write_text(json.dumps({"model": "embed", "digest": release.name, "previous": old.hex()[:12]}) + "\n")
    deleted(house)
    query = f"select function, count(*) n from {VECTORS.name} group by function"
    counts = {row["function"]: row["n"] for row in house.rows(query, VECTORS)}
    assert counts.keys() == {over_pixels(digest) for digest in (candidate, bytes.fromhex(said_digest(release)))}
    assert len(set(counts.values())) == 1
    assert counts[over_pixels(candidate)] <= kept


def test_releases_that_no_row_needs_leave_the_lake(house: LongHouse) -> None:
    promoted = {entry.path for entry in house.store.list("models")}
    assert len(promoted) == len(MODELS)
    for name in ("release.json", "model.onnx"):
        house.store.write(f"models/{'00' * 32}/{name}", b"old")
    assert deleted(house)["models"] == {"kind": "models", "files": 2, "rows": 0, "bytes": 6}
    assert {entry.path for entry in house.store.list("models")} == promoted


def said_digest(release: Path) -> str:
    return str(json.loads((release / "model.json").read_text())["digest"])


def test_a_damaged_manifest_or_pointer_stops_it(house: LongHouse) -> None:
    before = house.files()
    (house.lake / "snapshots" / "2" / "manifest.json").write_text("{")
    ended = house.vacuum(LAST, "--delete")
    assert (ended.code, "snapshots/2/manifest.json: is damaged" in ended.err) == (1, True)
    (house.lake / "snapshots" / "CURRENT").unlink()
    assert house.vacuum(LAST, "--delete").code == 1
    assert before.keys() - house.files().keys() <= {"snapshots/CURRENT"}


def test_a_shard_with_a_damaged_picture_stays(house: LongHouse, tmp_path: Path) -> None:
    live, other = house.manifest(), house.copy(tmp_path / "other")
    deleted(other, **TIGHT)
    emptied = retired(other.store).keys()
    shown = {row["image_sha256"] for row in selvedge_searcher.open(str(house.lake)).garments.to_pylist()}
    first = house.rows(f'select * from {PICTURES.name} order by shard, "offset"', PICTURES)
    hurt = next(row for row in first if row["picture"] in shown and row["shard"] in emptied)
    with (house.lake / "shards" / hurt["shard"]).open("r+b") as file:
        file.seek(hurt["offset"])
        file.write(b"\x00" * 8)
    shard = house.lake / "shards" / hurt["shard"]
    before = shard.read_bytes()
    (line,) = house.vacuum(LAST, "--delete", **TIGHT).json["damaged"]
    assert line == (
        f"shards/{hurt['shard']}: 1 live picture in it cannot be read or fail their sha256, so it stays as it is; "
        "to act: the data engineer (`selvedge doctor --repair`; "
        f"`selvedge explain {hurt['picture'].hex()}` shows who needs the first)"
    )
    assert shard.read_bytes() == before
    assert house.manifest().version == live.version
    assert f"damaged  shards/{hurt['shard']}: " in house.selvedge("vacuum", "--delete", "--date", house.day(LAST)).text
    shard.unlink()
    ended = house.vacuum(LAST, "--delete", **TIGHT)
    assert ended.code == 1
    assert f"shards/{hurt['shard']}: is missing" in ended.err


def test_another_run_is_not_disturbed(house: LongHouse) -> None:
    with lease(house.store, "a night", 600):
        ended = house.vacuum(LAST, "--delete")
    assert (ended.code, "held by run a night" in ended.err) == (1, True)


def test_rows_and_files_of_a_second_embedding_that_was_live_once_stay(house: LongHouse) -> None:
    other = another_embedding(house)
    was_live = {"model": "embed", "digest": "an older one", "previous": other, "at": "", "because": None}
    (house.root / "models" / "promotions.jsonl").write_text(json.dumps(was_live) + "\n")
    (house.root / "selvedge.yaml").write_text(f"second: {{embedding: {other}}}\n")
    assert house.night_of(TONIGHT, changed=False).code == 0
    assert house.selvedge("models", "fill", "embed", other).code == 0
    ended = house.night_of(TONIGHT, changed=False)
    assert ended.code == 0, ended.err
    garments = house.manifest().rows("garments")
    before = house.manifest().second
    assert before is not None
    assert before.garments == garments
    deleted(house, **TIGHT)
    assert house.manifest().second == before
    assert selvedge_searcher.open(str(house.lake)).second is not None
    for file in (*before.files, *before.encoder.files):
        assert (house.lake / file.path).is_file()
    house.store.delete(before.vectors[0].path)
    ended = house.night_of(TONIGHT, changed=False)
    assert ended.code == 0, ended.err
    after = house.manifest().second
    assert after is not None
    assert (after.garments, after.vectors != before.vectors) == (garments, True), "made anew of the rows that stayed"
