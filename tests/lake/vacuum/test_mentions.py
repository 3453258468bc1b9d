"""Whether a version still lists something that was erased."""

from pathlib import Path

import pyarrow as pa
import pytest

from lake.erased import hash_of
from lake.segments import segment_keys
from lake.store import DiskStore
from lake.vacuum.mentions import are_erased, lists_erased, traces_of_erased, vectors_of
from schemas.manifest import Manifest
from tests.lake.published import catalog, digest, publish_night, publish_with_second

Two = tuple[DiskStore, Manifest, Manifest]
NOTHING = pa.array([], pa.binary(32))


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Two:
    """Two versions: the second lacks a product of the first."""
    store = DiskStore(tmp_path_factory.mktemp("versions"))
    first, second = (publish_night(store, catalog({"shop": size})) for size in (3, 2))
    assert first is not None
    assert second is not None
    return store, first.manifest, second.manifest


def test_texts_are_known_by_their_hash() -> None:
    texts = pa.chunked_array([["a", None, "b"], ["a"]])
    assert are_erased(texts, {hash_of("a")}).to_pylist() == [True, False, False, True]


@pytest.mark.parametrize(
    "hashed",
    [
        hash_of("shop"),
        hash_of("shop:0002"),
        hash_of("https://shop.example/2"),
        hash_of("https://shop.example/2.jpg"),
        digest("https://shop.example/2.jpg"),
    ],
    ids=["retailer", "product", "url", "picture's url", "picture"],
)
def test_a_version_that_lists_something_erased(two: Two, hashed: bytes) -> None:
    store, first, second = two
    assert lists_erased(store, first, {hashed})
    assert lists_erased(store, second, {hashed}) == (hashed == hash_of("shop"))
    assert not lists_erased(store, first, {hash_of("shop:0009")})


def test_a_list_of_changes_names_what_its_rows_no_longer_have(two: Two) -> None:
    store, _, second = two
    assert traces_of_erased(store, second, {hash_of("shop:0002")}, NOTHING)
    assert traces_of_erased(store, second, {hash_of("shop")}, NOTHING)
    assert not traces_of_erased(store, second, {hash_of("shop:0000")}, NOTHING)


def test_a_segment_holds_vectors_that_no_row_has_any_more(two: Two) -> None:
    store, first, second = two
    banned = vectors_of(store, first, {digest("https://shop.example/2.jpg")})
    assert len(banned) == 1
    assert len(vectors_of(store, second, {digest("https://shop.example/2.jpg")})) == 0
    assert traces_of_erased(store, second, set(), banned)


def test_a_segment_of_a_second_embedding_is_looked_at_too(tmp_path: Path) -> None:
    store = DiskStore(tmp_path)
    made = publish_with_second(store, catalog({"shop": 3}), 2)
    assert made.second is not None
    banned = segment_keys(store, made.second.vectors).slice(0, 1)
    assert traces_of_erased(store, made, set(), banned)
    assert not traces_of_erased(store, made, set(), NOTHING)
    (tmp_path / made.second.vectors[0].path).unlink()
    assert traces_of_erased(store, made, set(), NOTHING), "nobody can tell"
