"""A manifest of a stranger opens no file outside the lake, and writes none outside the cache."""

import hashlib
from pathlib import Path

import pyarrow.fs as pafs
import pytest

from selvedge_searcher import SnapshotDamaged
from selvedge_searcher.lake import Lake
from selvedge_searcher.manifest import File

BODY = b"a file of the lake"
SHA256 = hashlib.sha256(BODY).hexdigest()


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    """A lake with one file, and the same bytes beside it."""
    root = tmp_path / "lake"
    (root / "published").mkdir(parents=True)
    for place in (root / "published" / "inside", tmp_path / "outside"):
        place.write_bytes(BODY)
    return root


def listed(path: str, sha256: str = SHA256) -> list[File]:
    return [File(path, len(BODY), sha256)]


def test_a_file_inside_is_opened(lake: Path) -> None:
    assert Lake(str(lake)).proven(listed("published/inside"))["published/inside"].to_pybytes() == BODY


@pytest.mark.parametrize("path", ["../outside", "published/../../outside", "published\\..\\..\\outside", ""])
def test_a_path_that_leads_out_is_refused(lake: Path, path: str) -> None:
    with pytest.raises(SnapshotDamaged, match="is not a path inside the lake"):
        Lake(str(lake)).proven(listed(path))


def test_an_absolute_path_is_refused(lake: Path) -> None:
    with pytest.raises(SnapshotDamaged, match="is not a path inside the lake"):
        Lake(str(lake)).proven(listed(str(lake.parent / "outside")))


def test_a_link_that_leads_out_is_refused(lake: Path) -> None:
    (lake / "published" / "link").symlink_to(lake.parent / "outside")
    (lake / "elsewhere").symlink_to(lake.parent, target_is_directory=True)
    for path in ("published/link", "elsewhere/outside"):
        with pytest.raises(SnapshotDamaged, match="leads outside the lake"):
            Lake(str(lake)).proven(listed(path))


def test_a_lake_behind_a_link_and_links_inside_it_are_opened(lake: Path, tmp_path: Path) -> None:
    (lake / "published" / "link").symlink_to("inside")
    (tmp_path / "mounted").symlink_to(lake, target_is_directory=True)
    assert Lake(str(tmp_path / "mounted")).proven(listed("published/link"))["published/link"].to_pybytes() == BODY


def test_a_download_is_named_by_a_sha256_alone(lake: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    remote = Lake(str(lake), cache, pafs.LocalFileSystem())
    for name in ("../escaped", "/tmp/escaped", "", "f" * 63):
        with pytest.raises(SnapshotDamaged, match="the manifest has no valid sha256 for it"):
            remote.proven(listed("published/inside", name))
    assert list(cache.iterdir()) == []
    assert remote.proven(listed("published/inside"))["published/inside"].to_pybytes() == BODY
