"""A lake in S3 is vacuumed, and something in it erased, as one on disk is."""

from pathlib import Path

import pytest

from infra.s3 import s3_server
from lake import snapshots
from lake.store import open_store
from tests.jobs.vacuum.test_erase import LATER, TONIGHT, block, bytes_of, live_offers, names, shown
from tests.jobs.vacuum.test_vacuum import LAST, TIGHT, all_pictures_are_there, contents, the_next_version, without_times
from tests.year.house import LongHouse

pytestmark = [pytest.mark.night, pytest.mark.long]
LAKE = "s3://lakes/one"


def upload(house: LongHouse) -> None:
    for path in house.files():
        open_store(LAKE).write(path, house.store.read(path))


def download(house: LongHouse) -> None:
    """Everything that is in S3, and nothing else."""
    there = {entry.path for entry in open_store(LAKE).list("")}
    for path in house.files().keys() - there:
        house.store.delete(path)
    for path in there:
        house.store.write(path, open_store(LAKE).read(path))


def test_vacuum_and_erase(
    house: LongHouse, two_months: LongHouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = two_months.copy(tmp_path / "other")
    assert other.vacuum(LAST, "--delete", **TIGHT).code == 0
    with s3_server("lakes") as variables:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr("boto3.DEFAULT_SESSION", None)
        upload(house)
        ended = house.vacuum(LAST, "--delete", LAKE=LAKE, **TIGHT)
        assert ended.code == 0, ended.err or ended.text
        download(house)
        assert contents(house) == contents(other)
        assert snapshots.versions(house.store) == snapshots.versions(other.store)
        assert all_pictures_are_there(house)
        assert without_times(the_next_version(house)) == without_times(the_next_version(other))

        offer = live_offers(house)[0]
        body, url = bytes_of(house, shown(house, offer)["image_sha256"]), offer.pictures[0]
        block(house, ("url", url))
        assert house.night_of(TONIGHT + 1, changed=False).code == 0
        upload(house)
        ended = house.vacuum(LATER, "--erase", LAKE=LAKE)
        assert ended.code == 0, ended.err or ended.text
        download(house)
        assert names(house, body, url) == []
        assert snapshots.verify(house.store, house.manifest().version) == []
