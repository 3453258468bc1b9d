"""How a shop's pictures are grouped, night after night: groups that are there stay, and new pictures join them."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from jobs.engine.recheck import Draw, differences
from jobs.live.catalog import Catalog
from jobs.live.functions import duplicates_function, fingerprint_function
from jobs.stages.dedup import STAGE, key_of
from schemas.tables import DUPLICATES, FETCHES, FINGERPRINTS
from tests.jobs.lake_of_offers import FIRST, Shops
from tests.udfs.rules.prints import prints

HASHES = {bytes([at]) * 32: 2**at - 1 for at in (0, 3, 6, 12, 30)}
"""Bits from the first: 3, 6, 12, 30. Copies are up to 8 apart."""
A, B, C, D, E = HASHES


def shop(root: Path, *pictures: bytes) -> Shops:
    """It shows these pictures, which have all been fetched."""
    urls = [f"https://shop.test/{picture.hex()[:2]}" for picture in pictures]
    shops = Shops(root, shop=urls)
    shops.write(FETCHES, [
        {"url": url, "attempt": 1, "function": bytes(32), "status": "done", "night": FIRST, "picture": picture}
        for url, picture in zip(urls, pictures, strict=True)
    ])  # fmt: skip
    return shops


def looked_at(shops: Shops, *pictures: bytes, status: str = "done") -> None:
    for picture in pictures:
        made = prints(np.array([HASHES[picture]], np.uint64))._asdict() if status == "done" else {}
        row = {"function": fingerprint_function(), "status": status, "picture": picture}
        shops.write(FINGERPRINTS, [row | {name: value.tobytes() for name, value in made.items()}])


def groups(shops: Shops) -> list[list[bytes]]:
    """The medoid of each group, then its members."""
    return [[group.medoid, *sorted(group.members)] for group in Catalog.of(shops.night()).near_copies]


def test_a_picture_waits_until_it_has_been_looked_at(tmp_path: Path) -> None:
    shops = shop(tmp_path, A, B, E)
    assert STAGE.run(shops.night()).due == 0
    looked_at(shops, A, B)
    looked_at(shops, E, status="rejected")
    assert STAGE.due(shops.night()) == 2
    counts = STAGE.run(shops.night())
    assert (counts.due, counts.done) == (2, 2)
    assert groups(shops) == [[A, A, B]]
    assert STAGE.run(shops.night()).due == 0


def nights(root: Path, *news: Iterable[bytes]) -> Shops:
    """One night for each lot of new pictures."""
    shops = shop(root, *HASHES)
    for new in news:
        looked_at(shops, *new)
        STAGE.run(shops.night())
    return shops


def test_a_group_keeps_its_medoid_whatever_comes(tmp_path: Path) -> None:
    shops = nights(tmp_path, [B, D], [A], [C, E])
    assert groups(shops) == [[B, A, B, C]], "D is 9 bits from B, which came in the same night"
    at_once = tmp_path / "at once"
    at_once.mkdir()
    assert groups(nights(at_once, HASHES)) == [[C, A, B, C, D]], "within a night the picture in the middle is chosen"


def test_only_what_is_new_gets_a_row(tmp_path: Path) -> None:
    shops = nights(tmp_path, [B, D], [A])
    rows = shops.night().tables.sql("select picture, medoid, bits from duplicates order by picture", [DUPLICATES])
    assert rows.to_pylist() == [
        {"picture": A, "medoid": B, "bits": 3},
        {"picture": B, "medoid": None, "bits": 0},
        {"picture": D, "medoid": None, "bits": 0},
    ]


def test_a_medoid_that_the_shop_shows_no_more_still_holds_its_group(tmp_path: Path) -> None:
    shops = nights(tmp_path, [A, B, C])
    assert groups(shops) == [[B, A, B, C]]
    left = shop(tmp_path / "later", A, C) if (tmp_path / "later").mkdir() is None else shops
    for table in (FINGERPRINTS, DUPLICATES):
        left.write(table, shops.night().tables.sql(f"select * from {table.name}", [table]).to_pylist())
    assert groups(left) == [[B, A, C]]
    assert STAGE.run(left.night()).due == 0


def test_pictures_that_a_person_told_apart_are_in_no_group_together(tmp_path: Path) -> None:
    shops = nights(tmp_path, [A, B, C])
    header, pair = "picture\tother\treason\tdate\tinitials", f"{C.hex()}\t{A.hex()}\ttwo caps\t2026-01-31\tAK"
    (tmp_path / "mappings" / "not_duplicates.tsv").write_text(f"{header}\n{pair}\n")
    assert groups(shops) == [[B, A, B]]
    assert STAGE.run(shops.night()).due == 0, "nothing is compared anew"


def test_recheck_finds_a_row_that_names_another_medoid(tmp_path: Path) -> None:
    shops = nights(tmp_path, [A, B])
    assert STAGE.recheck is not None
    (pair,) = STAGE.recheck.again(shops.night(), Draw())
    assert differences(DUPLICATES, pair, STAGE.recheck.tolerance) == ([], 0)
    looked_at(shops, E)
    (row,) = shops.night().tables.sql("select * from duplicates where medoid is not null", [DUPLICATES]).to_pylist()
    wrong = row | {"pictures_key": bytes(32), "picture": E, "medoid": A, "bits": 3}
    shops.write(DUPLICATES, [wrong])
    (pair,) = STAGE.recheck.again(shops.night(), Draw())
    ((difference,), _) = differences(DUPLICATES, pair, STAGE.recheck.tolerance)
    assert difference.right == {"medoid": None, "bits": 0}
    keeps = STAGE.recheck.drop(shops.night(), pair.stored.select(["pictures_key"]).slice(0, 1))
    rows = shops.night().tables.sql("select * from duplicates order by picture", [DUPLICATES])
    assert keeps[0].stays(rows).to_pylist() == [True, True, False]


@pytest.mark.parametrize("line", ["x\ty", f"{A.hex()}\t{A.hex()}\tr\t2026-01-31\tAK"])
def test_a_wrong_line_is_named(tmp_path: Path, line: str) -> None:
    from schemas.errors import WrongInput
    from schemas.not_duplicates import errors_of_not_duplicates, read_not_duplicates

    file = tmp_path / "not_duplicates.tsv"
    file.write_text(f"picture\tother\treason\tdate\tinitials\n{line}\n")
    with pytest.raises(WrongInput, match="not_duplicates"):
        read_not_duplicates(file)
    assert [error.line for error in errors_of_not_duplicates(file)] == [2]


def test_a_picture_of_two_shops_has_a_group_of_its_own_in_each(tmp_path: Path) -> None:
    shops = nights(tmp_path, [A, B])
    shops.add("other", [f"https://shop.test/{picture.hex()[:2]}" for picture in (A, B)])
    common = {"function": duplicates_function(shops.night()), "status": "done", "retailer": "other", "medoid": E}
    shops.write(DUPLICATES, [
        common | {"pictures_key": key_of("other", picture), "picture": picture, "bits": 0} for picture in (A, B)
    ])  # fmt: skip
    retailers = pa.chunked_array([["shop", "other", "other", "shop"]])
    pictures = pa.chunked_array([[B, B, None, E]], pa.binary())
    assert Catalog.of(shops.night()).group_of(retailers, pictures).to_pylist() == [A, E, None, None]
