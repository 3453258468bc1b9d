"""Damage is met with one line that names the file and says what to do."""

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

from lake import snapshots
from lake.encoders import keep_encoder
from lake.lease import lease
from lake.store import DiskStore
from lake.tables import Tables
from lake.withdrawals import withdrawals
from schemas.errors import DamagedLake, Stop
from schemas.tables import TEXTS
from tests.lake.published import catalog, publish_night


def one_line(error: Stop) -> str:
    said = str(error)
    assert "\n" not in said
    assert "to act: the data engineer" in said
    return said


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


@pytest.fixture
def texts(tmp_path: Path) -> DiskStore:
    """A lake with one row in one table."""
    store = DiskStore(tmp_path)
    row = {"text_key": bytes(32), "function": bytes(32), "status": "done"}
    Tables(store).append(TEXTS, pa.Table.from_pylist([row], TEXTS.schema))
    return store


@pytest.mark.parametrize("damage", [cut, Path.unlink])
def test_a_file_of_a_table(texts: DiskStore, damage: Callable[[Path], None]) -> None:
    (file,) = (texts.root / "tables" / "texts").glob("*.parquet")
    damage(file)
    with pytest.raises(DamagedLake) as caught:
        Tables(texts).sql("select * from texts", [TEXTS])
    said = one_line(caught.value)
    assert f"tables/texts/{file.name}: " in said
    assert "`selvedge doctor --repair`" in said


@pytest.mark.parametrize("damage", [cut, Path.unlink])
def test_the_log_of_a_table(texts: DiskStore, damage: Callable[[Path], None]) -> None:
    damage(texts.root / "tables" / "texts" / "_delta_log" / f"{0:020}.json")
    for use in (lambda: Tables(texts).sql("select * from texts", [TEXTS]), lambda: Tables(texts).open(TEXTS)):
        with pytest.raises(DamagedLake) as caught:
            use()
        assert "tables/texts/_delta_log: cannot be read" in one_line(caught.value)


def test_a_query_that_is_wrong_is_no_damage(texts: DiskStore) -> None:
    with pytest.raises(Exception, match="nothing_of_the_kind") as caught:
        Tables(texts).sql("select nothing_of_the_kind from texts", [TEXTS])
    assert not isinstance(caught.value, DamagedLake)


@pytest.mark.parametrize("body", ["}{", "[]", "{}", '{"run": "a"}', '{"run": "a", "expires": "soon"}'])
def test_the_lease(tmp_path: Path, body: str) -> None:
    store = DiskStore(tmp_path)
    store.write("lease.json", body.encode())
    with pytest.raises(DamagedLake) as caught, lease(store, "mine", 60):
        pytest.fail("the lease was taken")
    assert "lease.json: is damaged" in one_line(caught.value)
    assert store.read("lease.json") == body.encode()


def test_the_hold(tmp_path: Path) -> None:
    store = DiskStore(tmp_path)
    publish_night(store, catalog({"aa": 1}))
    store.write("snapshots/HOLD", b"}{")
    with pytest.raises(DamagedLake) as caught:
        snapshots.parent(store)
    assert "snapshots/HOLD: is damaged" in one_line(caught.value)
    snapshots.live(store, 1)
    assert snapshots.parent(store) is not None


def test_the_manifest_that_the_pointer_names(tmp_path: Path) -> None:
    store = DiskStore(tmp_path)
    publish_night(store, catalog({"aa": 1}))
    publish_night(store, catalog({"aa": 2}))
    store.delete("snapshots/2/manifest.json")
    with pytest.raises(DamagedLake) as caught:
        snapshots.parent(store)
    assert "snapshots/2/manifest.json: is missing" in one_line(caught.value)
    assert "`selvedge live 1`" in str(caught.value)
    snapshots.live(store, 1)
    assert snapshots.current(store) == 1


def test_the_withdrawals(tmp_path: Path) -> None:
    store = DiskStore(tmp_path)
    store.write("withdrawn.json", b"}{")
    with pytest.raises(DamagedLake) as caught:
        withdrawals(store)
    assert "withdrawn.json: is damaged" in one_line(caught.value)


@pytest.mark.parametrize("damage", [cut, Path.unlink])
def test_a_file_of_an_encoder_is_written_anew(tmp_path: Path, damage: Callable[[Path], None]) -> None:
    part = tmp_path / "detect"
    part.mkdir()
    (part / "model.onnx").write_bytes(b"weights")
    store = DiskStore(tmp_path / "lake")
    encoder = keep_encoder(store, {"detect": part}, 7)
    for name in ("detect/model.onnx", "encoder.json"):
        place = store.root / "encoders" / encoder.digest / name
        whole = place.read_bytes()
        damage(place)
        assert keep_encoder(store, {"detect": part}, 7) == encoder
        assert place.read_bytes() == whole
