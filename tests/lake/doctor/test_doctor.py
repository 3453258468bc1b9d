"""One damage after the other is done to a copy of a small lake: the doctor names it, mends it, and deletes nothing."""

import os
import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import selvedge_searcher
from lake.doctor.finding import LOST, Finding, Kind, Lake
from lake.doctor.other_files import LEFT_OVER
from lake.doctor.rounds import examine, repair
from lake.store import DiskStore
from schemas.errors import REPAIR
from tests.fuzz.damage import base, copied
from tests.older.house import OlderHouse

pytestmark = pytest.mark.night

Damage = Callable[[Path], None]
JPEG = b"\xff\xd8\xff"


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[OlderHouse, str]]:
    """A house whose lake has two versions, and the digest of what its next night publishes."""
    with base(tmp_path_factory.mktemp("doctor")) as made:
        yield made


@pytest.fixture
def house(first: tuple[OlderHouse, str], tmp_path: Path) -> OlderHouse:
    """The same with a lake of its own."""
    return copied(first[0], tmp_path / "house")


def lake_of(house: OlderHouse) -> Lake:
    return Lake(DiskStore(house.lake), house.root / "models", 60.0)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def flip(path: Path) -> None:
    body = bytearray(path.read_bytes())
    picture = body.find(JPEG) if path.suffix == ".tar" else -1
    body[picture + 20 if picture >= 0 else len(body) // 2] ^= 1
    path.write_bytes(body)


def garbage(path: Path) -> None:
    path.parent.mkdir(exist_ok=True, parents=True)
    path.write_bytes(b"}{")


def misspell_a_file(path: Path) -> None:
    """One bit of a file's name in a log: `e37b...` becomes `%37b...`, which readers take for `7b...`."""
    name = re.compile(rb"(-[0-9a-f]*?)[0-9a-f]([2-7][0-9a-f]+\.parquet)")
    path.write_bytes(name.sub(rb"\1%\2", path.read_bytes(), count=1))


def misspell_a_column(path: Path) -> None:
    path.write_bytes(path.read_bytes().replace(b"height", b"jeight"))


def age(path: Path) -> None:
    """As a killed process left it, two days ago."""
    path.write_bytes(b"half a file")
    old = path.stat().st_mtime - 2 * LEFT_OVER.total_seconds()
    os.utime(path, (old, old))


NIGHTLY = "found by the night too"
CASES: dict[str, tuple[Kind, str, Damage, str]] = {
    "a table's file is cut": (Kind.TABLE_FILE, "tables/texts/*.parquet", cut, NIGHTLY),
    "a table's file is gone": (Kind.TABLE_FILE, "tables/offers/*.parquet", Path.unlink, NIGHTLY),
    "a bit of a table's file": (Kind.TABLE_FILE, "tables/boxes/*.parquet", flip, ""),
    "a log is cut": (Kind.LOG, "tables/mapped/_delta_log/*0.json", cut, NIGHTLY),
    "the first commit is gone": (Kind.LOG, "tables/fetches/_delta_log/*0.json", Path.unlink, NIGHTLY),
    "a file's name in a log": (Kind.TABLE_FILE, "tables/pictures/_delta_log/*1.json", misspell_a_file, NIGHTLY),
    "a column's name in a log": (Kind.LOG, "tables/pictures/_delta_log/*0.json", misspell_a_column, NIGHTLY),
    "a published log is cut": (Kind.PUBLISHED_LOG, "published/garments/_delta_log/*1.json", cut, NIGHTLY),
    "a shard is gone": (Kind.SHARD, "shards/*.tar", Path.unlink, NIGHTLY),
    "a bit of a picture": (Kind.SHARD, "shards/*.tar", flip, ""),
    "a published file is gone": (Kind.VERSION, "published/products/*.parquet", Path.unlink, NIGHTLY),
    "the live manifest is gone": (Kind.POINTER, "snapshots/2/manifest.json", Path.unlink, NIGHTLY),
    "a manifest is cut": (Kind.POINTER, "snapshots/2/manifest.json", cut, NIGHTLY),
    "the pointer is gone": (Kind.POINTER, "snapshots/CURRENT", Path.unlink, NIGHTLY),
    "the hold is garbage": (Kind.HOLD, "snapshots/HOLD", garbage, NIGHTLY),
    "an encoder's model is cut": (Kind.ENCODER, "encoders/*/embed/model.onnx", cut, NIGHTLY),
    "withdrawals are garbage": (Kind.NOTES, "withdrawn.json", garbage, NIGHTLY),
    "the list of what was erased": (Kind.NOTES, "erased.json", garbage, NIGHTLY),
    "a note of a release": (Kind.RELEASE, "models/*/release.json", flip, NIGHTLY),
    "a kept feed is cut": (Kind.FEED, "feeds/*/*", cut, ""),
    "a kept feed is gone": (Kind.FEED, "feeds/*/*", Path.unlink, ""),
    "what a kill left": (Kind.LEFTOVER, "tables/texts/.tmp-half", age, ""),
}


def place(lake: Path, pattern: str) -> Path:
    """The newest file that fits; where none does, the pattern is the name of a file that is to be made."""
    found = [path for path in lake.glob(pattern) if path.is_file()]
    return max(found, key=lambda path: path.stat().st_mtime_ns, default=lake / pattern)


def sizes(lake: Path) -> Counter[int]:
    return Counter(path.stat().st_size for path in lake.rglob("*") if path.is_file())


def test_a_lake_without_damage(house: OlderHouse) -> None:
    assert examine(lake_of(house)) == []
    assert repair(lake_of(house)).found == []


@pytest.mark.parametrize("case", CASES)
def test_it_is_named_mended_and_nothing_is_deleted(house: OlderHouse, case: str) -> None:
    kind, pattern, damage, nightly = CASES[case]
    lake = lake_of(house)
    damage(place(house.lake, pattern))
    found = examine(lake)
    assert kind in {finding.kind for finding in found}
    assert all(one_line(finding) for finding in found)
    assert bool(examine(lake, deep=False)) == bool(nightly)
    before = sizes(house.lake)
    assert repair(lake).remaining == []
    if kind not in (Kind.POINTER, Kind.VERSION):  # which write pointers and manifests anew
        assert not before - sizes(house.lake), "something was deleted"
    assert [finding for finding in examine(lake) if finding.kind is not Kind.FEED] == []


def one_line(finding: Finding) -> bool:
    return "\n" not in finding.line and finding.place in finding.line and REPAIR in finding.line


def test_a_column_that_only_the_log_has_is_damage_and_no_newer_program(house: OlderHouse) -> None:
    misspell_a_column(place(house.lake, "tables/pictures/_delta_log/*0.json"))
    ended = house.later_night()
    assert ended.code == 1
    assert REPAIR in ended.err


@pytest.mark.parametrize("name", ["lease.json", "leases/table-texts.json"])
def test_a_damaged_lease_is_set_aside_once_no_night_can_be_running(house: OlderHouse, name: str) -> None:
    path = house.lake / name
    path.parent.mkdir(exist_ok=True)
    garbage(path)
    refused = house.selvedge("doctor", "--repair")
    assert refused.code == 1
    assert "a night may be running" in refused.err
    os.utime(path, (0, 0))
    assert house.selvedge("doctor", "--repair").code == 0
    assert (house.lake / LOST / name).read_bytes() == b"}{"


def test_many_damages_at_once_and_the_next_night_is_right(first: tuple[OlderHouse, str], house: OlderHouse) -> None:
    many = ("a table's file is cut", "a bit of a table's file", "a log is cut", "the first commit is gone",
            "a shard is gone", "an encoder's model is cut", "the hold is garbage", "what a kill left")  # fmt: skip
    for case in many:
        _, pattern, damage, _ = CASES[case]
        damage(place(house.lake, pattern))
    ended = house.later_night()
    assert ended.code == 1
    assert len(ended.err.strip().splitlines()) == 1
    assert REPAIR in ended.err
    assert house.selvedge("doctor").code == 1
    assert house.selvedge("doctor", "--repair").code == 0
    assert house.selvedge("live", "2").code == 0  # the hold that stands in for the damaged one
    assert house.later_night().code == 0
    assert house.manifest().content_digest == first[1]
    selvedge_searcher.open(str(house.lake))
