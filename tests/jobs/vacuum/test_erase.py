"""What was erased is nowhere in the lake: every byte of it is searched, compressed tables too."""

import hashlib
import io
import json
from dataclasses import replace

import pyarrow.parquet as pq
import pytest
from PIL import Image

import selvedge_searcher
from lake import snapshots
from lake.shards import Place, read_picture
from schemas.tables import FETCHES, GARMENTS, OFFERS, PICTURES, VECTORS
from tests.jobs.vacuum.conftest import DAYS, another_embedding
from tests.night.house import Ended
from tests.older.tiny_shops import Offer, kept_picture
from tests.year.drift import SHOP
from tests.year.house import LongHouse

pytestmark = pytest.mark.night

TONIGHT, LATER = DAYS[-1] + 1, DAYS[-1] + 2
HEADER = "kind\tvalue\treason\tdate\tinitials\n"


def block(house: LongHouse, *lines: tuple[str, str]) -> None:
    rows = "".join(f"{kind}\t{value}\ttakedown\t2031-02-01\tAB\n" for kind, value in lines)
    (house.mappings / "blocked.tsv").write_text(HEADER + rows)


def night(house: LongHouse, day: int) -> Ended:
    ended = house.night_of(day, changed=False)
    assert ended.code == 0, ended.err or ended.text
    return ended


def erase(house: LongHouse, *words: str) -> None:
    ended = house.vacuum(LATER, *(words or ["--erase"]))
    assert ended.code == 0, ended.err or ended.text


def names(house: LongHouse, *texts: str | bytes) -> list[str]:
    """Every file of the lake that has one of the texts, also inside compressed tables."""
    wanted = [text.encode() if isinstance(text, str) else text for text in texts]
    found = []
    for path in house.files():
        body = house.store.read(path)
        if path.endswith(".parquet"):
            rows = pq.read_table(io.BytesIO(body)).to_pylist()
            body += repr(rows).encode() + b"".join(_binary(value) for row in rows for value in row.values())
        if any(text in body for text in wanted):
            found.append(path)
    return found


def _binary(value: object) -> bytes:
    return value if isinstance(value, bytes) else b""


def bytes_of(house: LongHouse, picture: bytes) -> bytes:
    query = f"""select shard, "offset", length from {PICTURES.name} where picture = X'{picture.hex()}'"""
    return read_picture(house.store, Place(**house.rows(query, PICTURES)[0]))


def shown(house: LongHouse, offer: Offer) -> dict[str, object]:
    """The garment of an offer in the live version."""
    garments = selvedge_searcher.open(str(house.lake)).garments.to_pylist()
    return next(one for one in garments if one["image_url"] == offer.pictures[0])


def live_offers(house: LongHouse) -> list[Offer]:
    """Offers that the last version has, and tonight's feed has too."""
    urls = {one["image_url"] for one in selvedge_searcher.open(str(house.lake)).garments.to_pylist()}
    return [offer for offer in house.shop.shown if offer.pictures[0] in urls]


def listed(house: LongHouse) -> dict[str, str]:
    return json.loads((house.lake / "erased.json").read_text())


def test_a_blocked_picture_with_its_near_copies(house: LongHouse) -> None:
    offers = live_offers(house)
    first, others = offers[0], offers[1:]
    garment = shown(house, first)
    body = bytes_of(house, garment["image_sha256"])
    small = io.BytesIO()
    Image.open(io.BytesIO(body)).resize((128, 160)).save(small, "JPEG", quality=85)
    copy = kept_picture(house.shops.folder, SHOP, small.getvalue())
    place = house.shop.shown.index(others[0])
    house.shop.shown[place] = replace(others[0], pictures=[f"{house.shops.url}/{copy}"])
    try:
        night(house, TONIGHT)
        assert shown(house, house.shop.shown[place]), "the copy was in the index"
        block(house, ("sha256", garment["image_sha256"].hex()))
        night(house, LATER)
        seen = selvedge_searcher.open(str(house.lake)).garments["image_sha256"].to_pylist()
        gone = [garment["image_sha256"], hashlib.sha256(small.getvalue()).digest()]
        assert not set(gone) & set(seen), "gone the next night, and its copy too"
        assert names(house, body, small.getvalue()), "their bytes are still there"
        keys = f"select vector_key, function, embedding from {VECTORS.name} where picture in (X'{gone[0].hex()}')"
        vectors = house.rows(keys, VECTORS)
        erase(house)
        urls = (first.pictures[0], f"{house.shops.url}/{copy}")
        assert names(house, body, small.getvalue(), *urls) == []
        assert vectors
        for vector in vectors:
            import numpy as np

            assert names(house, np.asarray(vector["embedding"], np.float32).tobytes()) == []
        assert {digest.hex() for digest in gone} <= listed(house).keys()
        assert set(listed(house).values()) == {house.day(LATER)}
        live = house.manifest()
        assert snapshots.verify(house.store, live.version) == []
        assert selvedge_searcher.open(str(house.lake)).version == live.version
        block(house)  # the line may go: it stays erased
        ended = night(house, LATER)
        assert ended.json["published"] is False
        assert names(house, body, small.getvalue(), *urls) == []
    finally:
        house.shop.shown[place] = others[0]


def test_a_second_embedding_forgets_it_too(house: LongHouse) -> None:
    other = another_embedding(house)
    (house.root / "selvedge.yaml").write_text(f"second: {{embedding: {other}}}\n")
    night(house, TONIGHT)
    filled = house.selvedge("models", "fill", "embed", other)
    assert filled.code == 0, filled.err
    night(house, TONIGHT)
    snapshot = selvedge_searcher.open(str(house.lake)).second
    assert snapshot is not None
    assert len(snapshot.garments) == house.manifest().rows("garments")
    garment = shown(house, live_offers(house)[1])
    at = snapshot.garments["garment_id"].to_pylist().index(garment["garment_id"])
    vector = snapshot.vectors[at].tobytes()
    block(house, ("sha256", garment["image_sha256"].hex()))
    night(house, LATER)
    second = house.manifest().second
    assert second is not None
    left = [path for path in names(house, vector) if path.startswith("published/second/")]
    assert left == [file.path for file in second.vectors], "its segment is carried"
    erase(house)
    assert names(house, vector) == []
    after = house.manifest().second
    assert after is not None
    assert after.garments == second.garments == house.manifest().rows("garments")
    assert selvedge_searcher.open(str(house.lake)).second is not None


def test_a_blocked_url_and_what_a_later_feed_says_of_it(house: LongHouse) -> None:
    offer = live_offers(house)[1]
    garment = shown(house, offer)
    body, url = bytes_of(house, garment["image_sha256"]), offer.pictures[0]
    block(house, ("url", url))
    assert house.vacuum(LATER, "--erase").code == 2, "the live version still lists it"
    night(house, TONIGHT)
    erase(house)
    assert names(house, body, url) == []
    for version in (1, 2, 3, 4, 5):
        if version not in snapshots.versions(house.store):
            assert house.selvedge("rollback", str(version)).code == 2
    house.shops.seen.clear()
    house.shop.shown[0] = replace(house.shop.shown[0], price=house.shop.shown[0].price + 1)
    ended = night(house, LATER)
    assert ended.json["published"] is True
    assert names(house, body, url) == []
    assert house.shops.seen[url.removeprefix(house.shops.url)] == 0
    feed = house.shops.feed(SHOP).read_bytes()
    assert url.encode() in feed
    kept = house.store.read(f"feeds/{hashlib.sha256(feed).hexdigest()[:2]}/{hashlib.sha256(feed).hexdigest()}")
    assert kept == feed.replace(url.encode(), b"")


@pytest.mark.long
def test_a_blocked_product(house: LongHouse) -> None:
    offer = live_offers(house)[2]
    garment = shown(house, offer)
    product, body = str(garment["product_id"]), bytes_of(house, garment["image_sha256"])
    block(house, ("product", product))
    night(house, TONIGHT)
    erase(house)
    assert names(house, body, product, offer.pictures[0], f"<g:id>{offer.id}<", f"{offer.title}<") == []
    house.shop.shown[0] = replace(house.shop.shown[0], price=house.shop.shown[0].price + 1)
    ended = night(house, LATER)
    assert ended.json["published"] is True
    assert names(house, body, product, offer.pictures[0], f"<g:id>{offer.id}<", f"{offer.title}<") == []
    lines = {row["offer_id"]: row["line"] for row in house.rows(f"select offer_id, line from {OFFERS.name}", OFFERS)}
    feed = house.shops.feed(SHOP).read_text().splitlines()
    last = house.shop.shown[-1]
    assert feed[lines[last.id]] == f"<g:id>{last.id}</g:id>", "the others are where they were"


def test_a_whole_retailer(house: LongHouse) -> None:
    other = house.mappings / "elsewhere"
    other.mkdir()
    (other / "retailer.yaml").write_text((house.mappings / SHOP / "retailer.yaml").read_text())
    assert house.vacuum(LATER, "--erase-retailer", SHOP).code == 2, "it is enabled"
    house.selvedge("night", "--date", house.day(TONIGHT))
    house.edit_spec(SHOP, enabled=False)
    ended = house.selvedge("night", "--json", "--date", house.day(LATER))
    assert (ended.code, ended.json["published"]) == (0, True), ended.err or ended.text
    bodies = [bytes_of(house, row["picture"]) for row in house.rows(f"select picture from {PICTURES.name}", PICTURES)]
    kept = {row["picture"] for row in house.rows(f"select distinct picture from {FETCHES.name} f", FETCHES)}
    assert kept
    erase(house, "--erase-retailer", SHOP)
    assert names(house, f"{SHOP}:", f'"{SHOP}"', f"'{SHOP}'") == []
    assert house.rows(f"select distinct retailer from {GARMENTS.name}", GARMENTS) == [{"retailer": "elsewhere"}]
    assert bodies
    assert hashlib.sha256(SHOP.encode()).hexdigest() in listed(house)


@pytest.mark.long
def test_it_may_be_interrupted_and_run_again(house: LongHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    from jobs.vacuum.erase import Erasure

    offer = live_offers(house)[1]
    body, url = bytes_of(house, shown(house, offer)["image_sha256"]), offer.pictures[0]
    block(house, ("url", url))
    night(house, TONIGHT)
    for step in ("_publish", "_versions", "_shards", "_raw_feeds", "_rows", "_files"):
        done = getattr(Erasure, step)

        def dies(self, done=done):
            done(self)
            raise OSError("killed")

        with monkeypatch.context() as patch:
            patch.setattr(Erasure, step, dies)
            assert house.vacuum(LATER, "--erase").code == 1
    block(house)
    erase(house)
    assert names(house, body, url) == []
    night(house, LATER)
