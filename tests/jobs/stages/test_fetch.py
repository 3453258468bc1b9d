"""Which pictures a night asks for, and what it owes their hosts, over a lake with offers and servers on loopback."""

import os
import time
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pytest

import jobs.stages.fetch
from jobs.stages.fetch import FetchPictures
from jobs.stages.fetch_queue import CHUNK_S, Owed, chunks, in_turns, owed
from schemas.errors import Stop
from tests.jobs.lake_of_offers import Shops
from tests.udfs.web.server import Server, after, answer, conditional, drip, picture


def test_only_what_failed_is_asked_again_when_its_turn_comes_with_attempts_counted(tmp_path: Path) -> None:
    routes = {"/good": answer(picture(1)), "/forbidden": answer(status=403)}
    with Server(routes) as server:
        shops = Shops(tmp_path, shop=[server.url(path) for path in ("/good", "/missing", "/forbidden")])
        asked = []
        for night in (0, 1, 3, 7):
            server.seen.clear()
            shops.fetch(night, recheck_nights=0)
            asked.append(sorted(server.paths))
    assert asked == [["/forbidden", "/good", "/missing"], [], ["/missing"], ["/forbidden", "/missing"]]
    attempts = shops.rows("select url, max(attempt) attempts from fetches group by url order by url")
    assert [row["attempts"] for row in attempts] == [2, 1, 3]


def test_a_known_picture_is_asked_for_on_condition_and_stored_once(tmp_path: Path) -> None:
    with Server({"*": conditional(picture(1), '"1"')}) as server:
        shops = Shops(tmp_path, shop=[server.url("/a")])
        shops.fetch()
        assert shops.fetch(1, recheck_nights=1).done == 1
        assert server.seen[1].headers["if-none-match"] == '"1"'
    assert [row["http_status"] for row in shops.rows("select http_status from fetches order by attempt")] == [200, 304]
    assert len(shops.rows("select * from pictures")) == 1


def test_the_same_bytes_again_are_not_stored_again(tmp_path: Path) -> None:
    with Server({"*": answer(picture(1))}) as server:
        shops = Shops(tmp_path, shop=[server.url("/a"), server.url("/b")])
        shops.fetch()
        assert shops.fetch(1, recheck_nights=1).done == 2
        shops.add("other", [server.url("/c")])  # another address of it: found out only once it is there
        assert shops.fetch(1, recheck_nights=0).done == 1
        assert shops.fetch(1, recheck_nights=0).due == 0
    assert len(shops.rows("select * from pictures")) == 1
    assert len(list((tmp_path / "lake" / "shards").iterdir())) == 1


def test_other_bytes_under_a_known_address_are_another_picture(tmp_path: Path) -> None:
    with Server({"/a": answer(picture(1))}) as server:
        shops = Shops(tmp_path, shop=[server.url("/a")])
        shops.fetch()
        server.routes["/a"] = answer(picture(2))
        shops.fetch(1, recheck_nights=1)
    assert len(shops.rows("select distinct picture from fetches")) == 2
    assert len(shops.rows("select * from pictures")) == 2


def test_the_smallest_rate_that_names_a_host_holds_also_where_its_shop_has_nothing_due(tmp_path: Path) -> None:
    with Server({"*": answer(picture(1))}) as server:
        shops = Shops(tmp_path)
        shops.add("calm", [server.url("/calm")], rate=5, connections=1)
        shops.fetch()
        shops.add("hasty", [server.url(f"/{n}") for n in range(6)])
        assert owed(shops.night()) == {"127.0.0.1": (5, 1)}
        shops.fetch(recheck_nights=0)
    times = [request.at for request in server.seen[1:]]
    assert len(times) == 6
    assert times[-1] - times[0] >= 5 / 5 - 0.05


def test_an_owners_wish_holds_unless_the_spec_names_a_contract(tmp_path: Path) -> None:
    routes = {"/robots.txt": answer(b"User-agent: *\nDisallow: /shut"), "*": answer(picture(1), X_Robots_Tag="noai")}
    with Server(routes) as server:
        shops = Shops(tmp_path, plain=[server.url("/shut/a"), server.url("/b")])
        assert shops.fetch().rejected == 2
        assert server.paths == ["/b"]
        shops.add("agreed", [server.url("/shut/c"), server.url("/d")], contract="mail of A. Owner, 3 May")
        assert shops.fetch().done == 2
    codes = shops.rows("select distinct code from fetches where status = 'rejected'")
    assert codes == [{"code": "fetch_robots"}]


def test_a_host_that_asks_for_a_long_pause_is_left_alone_in_later_chunks_too(tmp_path: Path) -> None:
    busy = answer(status=503, Retry_After="3600")
    with Server({"*": busy}, address="127.0.0.2") as closed, Server({"*": answer(picture(1))}) as open_:
        urls = [server.url(f"/{n}") for n in range(6) for server in (closed, open_)]
        counts = Shops(tmp_path, shop=urls).fetch(chunk_rows=4)
    assert len(closed.seen) <= 2  # that were asked side by side
    assert (counts.done, counts.rejected, counts.pending) == (6, len(closed.seen), 6 - len(closed.seen))


def test_a_host_that_is_too_slow_for_its_chunk_comes_behind_all_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dripping = Server({"*": after(0.6, answer(picture(1)))}, address="127.0.0.2")
    with dripping as slow, Server({"*": answer(picture(2))}) as quick:
        shops = Shops(tmp_path, first=[quick.url("/first")])
        shops.fetch()  # which starts the process that the chunks below find ready
        monkeypatch.setattr(jobs.stages.fetch, "CHUNK_PATIENCE_S", 1.5)
        shops.add("slow", [slow.url(f"/{n}") for n in range(5)], connections=1)
        shops.add("quick", [quick.url(f"/{n}") for n in range(5)])
        counts = shops.fetch(chunk_rows=8)
    assert (counts.due, counts.done) == (10, 10)
    assert max(request.at for request in quick.seen) < max(request.at for request in slow.seen) - 0.6


class Deadly(FetchPictures):
    """Dies once its pictures are stored, before it can say so."""

    def __call__(self, tasks: pa.RecordBatch) -> pa.RecordBatch:
        super().__call__(tasks)
        os._exit(9)


def test_a_killed_fetch_is_one_line_and_no_shop_is_asked_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Server({"*": answer(picture(1))}) as server:
        shops = Shops(tmp_path, shop=[server.url("/a")])
        monkeypatch.setattr(jobs.stages.fetch, "FetchPictures", Deadly)
        with pytest.raises(Stop, match="fetch: the process ended with"):
            shops.fetch()
        monkeypatch.undo()
        assert shops.fetch().done == 1
        assert server.paths == ["/a"]
    assert len(shops.rows("select * from pictures")) == 1


def test_the_deadline_leaves_due_what_was_not_tried(tmp_path: Path) -> None:
    with Server({"*": drip(picture(1))}) as server:
        shops = Shops(tmp_path, shop=[server.url(f"/{n}") for n in range(20)])
        started = time.monotonic()
        counts = shops.fetch(deadline_seconds=1)
        assert time.monotonic() - started < 40  # a picture drips for minutes
        assert (counts.due, counts.done, counts.rejected, counts.pending) == (20, 0, 0, 20)
        assert shops.rows("select * from fetches") == []
        server.routes["*"] = answer(picture(1))
        assert shops.fetch().done == 20


def test_a_slow_host_of_many_pictures_is_spread_over_the_night() -> None:
    urls = [f"http://slow.test/{n}" for n in range(5000)] + [f"http://fast.test/{n}" for n in range(5000)]
    due = pa.table({"url": urls})
    limits = {"slow.test": Owed(1, 1), "fast.test": Owed(10, 1)}
    parts = list(chunks(in_turns(due, limits), 20_000))
    counts = [Counter(part["host"].to_pylist()) for part in parts]
    assert counts[0] == {"slow.test": CHUNK_S, "fast.test": 10 * CHUNK_S}
    assert counts[-1] == {"slow.test": 5000 % CHUNK_S}
    assert sum(part.num_rows for part in parts) == 10_000
