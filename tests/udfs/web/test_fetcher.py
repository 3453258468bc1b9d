"""Pictures from hosts that behave well, and from hosts that do not."""

import gc
import resource
import time
import zlib
from asyncio import StreamWriter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from schemas.rejects import Code
from schemas.tables import FETCHES
from tests.udfs.web.server import (
    LOOPBACK,
    Behaviour,
    Endless,
    NameServer,
    Request,
    Server,
    after,
    answer,
    conditional,
    drip,
    gzip_bomb,
    in_turn,
    not_http,
    picture,
    redirect,
    reset,
    reset_after,
    self_signed,
    silence,
)  # fmt: skip
from udfs.pictures.inspect import Limits, Picture
from udfs.web import robots as robots_module
from udfs.web.fetcher import FetchPolicy, FetchRow, PictureRequest, _Fetch, fetch_pictures
from udfs.web.guard import networks
from udfs.web.picture import PictureBody

GOOD = picture(1)
POLICY = FetchPolicy(
    date(2026, 1, 10),
    "selvedge/0.1 (+mailto:catalog@example.org)",
    limits=Limits(max_bytes=1 << 20),
    connect_s=1,
    read_s=0.4,
    total_s=0.8,
    tries=1,
    backoff_s=0.02,
    patience_s=2,
    cool_down_s=0.05,
)


def due(url: str, **more: object) -> PictureRequest:
    given = {"attempt": 1, "retailer": "shop", "rate": 1000.0, "connections": 8, "allow_private_hosts": LOOPBACK}
    return PictureRequest(url, **(given | more))


class Kept(dict[bytes, tuple[Picture, bytes, str]]):
    def __call__(self, digest: bytes, found: Picture, body: bytes, url: str) -> None:
        self[digest] = (found, body, url)


def fetch_all(
    requests: list[PictureRequest], policy: FetchPolicy = POLICY, names: NameServer | None = None
) -> dict[str, FetchRow]:
    rows = list(fetch_pictures(requests, policy, Kept(), names))
    assert len({row.url for row in rows}) == len(rows)
    return {row.url: row for row in rows}


def fetch_one(request: PictureRequest, policy: FetchPolicy = POLICY, names: NameServer | None = None) -> FetchRow:
    (row,) = fetch_pictures([request], policy, Kept(), names)
    return row


def serve(**routes: object) -> Server:
    return Server({f"/{path}": behaviour for path, behaviour in routes.items()})


# what works


def test_good_pictures_are_kept_and_their_rows_say_all() -> None:
    kept = Kept()
    with Server({"/a": answer(GOOD, ETag='"1"', Last_Modified="Mon"), "/b": answer(picture(2, kind="PNG"))}) as server:
        requests = [due(server.url("/a"), attempt=3), due(server.url("/b"))]
        rows = {row.url: row for row in fetch_pictures(requests, POLICY, kept)}
    row = rows[server.url("/a")]
    assert row._replace(fetched_at=datetime.min, seconds=0) == FetchRow(
        server.url("/a"), 3, "done", None, None, POLICY.night, datetime.min, 200, len(GOOD), sha256(GOOD).digest(),
        '"1"', "Mon", server.url("/a"), 0,
    )  # fmt: skip
    assert 0 < row.seconds < 1
    assert kept[sha256(GOOD).digest()] == (Picture("image/jpeg", 64, 64), GOOD, server.url("/a"))
    assert sorted(found.mime for found, _, _ in kept.values()) == ["image/jpeg", "image/png"]
    agent = server.seen[0].headers
    assert agent["user-agent"] == POLICY.user_agent
    assert agent["accept-encoding"] == "identity"
    assert "cookie" not in agent


def test_the_fields_are_the_columns_of_the_table() -> None:
    assert set(FetchRow._fields) - {"given_up"} == set(FETCHES.schema.names) - {"function"}


def test_nothing_to_fetch() -> None:
    assert list(fetch_pictures([], POLICY, Kept())) == []


def test_unchanged_is_the_picture_of_before() -> None:
    known = sha256(GOOD).digest()
    with Server({"/a": conditional(GOOD, '"1"')}) as server:
        again = fetch_one(due(server.url("/a"), etag='"1"', last_modified="Mon", picture=known))
        first = fetch_one(due(server.url("/a"), etag='"1"'))
    assert (again.status, again.http_status, again.picture, again.bytes) == ("done", 304, known, None)
    assert (again.etag, again.last_modified) == ('"1"', "Mon")
    assert (first.http_status, first.picture) == (200, known)


def test_304_to_a_request_without_a_condition_has_a_class_of_its_own() -> None:
    with Server({"/a": answer(status=304)}) as server:
        row = fetch_one(due(server.url("/a")))
    assert (row.code, row.http_status, len(server.seen)) == (Code.FETCH_304, 304, 1)  # nor is it asked again tonight


@pytest.mark.parametrize(
    "coding", ["UTF-8", "aws-chunked", "binary", "none", "br", "gzip", "deflate", "x-gzip, UTF-8", "utf-8, gzip"]
)
def test_a_picture_is_taken_whatever_the_head_calls_its_encoding(coding: str) -> None:
    with Server({"/a": answer(GOOD, Content_Encoding=coding)}) as server:
        assert fetch_one(due(server.url("/a"))).picture == sha256(GOOD).digest()


@pytest.mark.parametrize("coding", ["gzip", "aws-chunked,gzip", "deflate"])
@pytest.mark.parametrize("window", [zlib.MAX_WBITS | 16, zlib.MAX_WBITS, -zlib.MAX_WBITS])
def test_a_packed_picture_is_unpacked_by_what_it_begins_with(coding: str, window: int) -> None:
    packer = zlib.compressobj(wbits=window)
    packed = packer.compress(GOOD) + packer.flush()
    with Server({"/a": answer(packed, Content_Encoding=coding)}) as server:
        row = fetch_one(due(server.url("/a")))
    if window < 0 and "deflate" not in coding:  # nothing tells that it is packed so
        assert row.code is Code.FETCH_CODING
    else:
        assert row.picture == sha256(GOOD).digest()


def test_packed_by_a_careless_host() -> None:
    import gzip

    with Server({"/a": answer(gzip.compress(GOOD), Content_Encoding="gzip")}) as server:
        assert fetch_one(due(server.url("/a"))).picture == sha256(GOOD).digest()


def test_a_redirect_within_the_host() -> None:
    with Server({"/a": redirect("/b?x=1"), "/b?x=1": answer(GOOD)}) as server:
        row = fetch_one(due(server.url("/a")))
    assert (row.status, row.final_url) == ("done", server.url("/b?x=1"))


@pytest.mark.parametrize(
    "location", ["/фото.jpg".encode(), "/фото.jpg".encode().replace(b"/", b"\\"), b"/%D1%84%D0%BE%D1%82%D0%BE.jpg\t"]
)
def test_a_redirect_is_read_as_browsers_read_it(location: bytes) -> None:
    async def moved(request: Request, writer: StreamWriter) -> None:
        writer.write(b"HTTP/1.1 302 X\r\nContent-Length: 0\r\nLocation: " + location + b"\r\n\r\n")

    with Server({"/a": moved, "/%D1%84%D0%BE%D1%82%D0%BE.jpg": answer(GOOD)}) as server:
        assert fetch_one(due(server.url("/a"))).status == "done"


# what does not: one row, one code, one line


@pytest.mark.parametrize(
    ("behaviour", "code", "said"),
    [
        (drip(GOOD), Code.FETCH_TIMEOUT, "0.8 s"),
        (silence, Code.FETCH_TIMEOUT, "0.8 s"),
        (answer(GOOD, Content_Length=len(GOOD) + 500), Code.FETCH_TIMEOUT, "0.8 s"),
        (reset_after(GOOD[:1000], len(GOOD)), Code.FETCH_CUT_OFF, "the response was cut off"),
        (answer(b"x", Content_Length=5 << 20), Code.FETCH_SIZE, "announced"),
        (gzip_bomb(64 << 20), Code.FETCH_SIZE, "more than 1048576"),
        (answer(b"\x1f\x8b broken", Content_Encoding="gzip"), Code.FETCH_CUT_OFF, "broken"),
        (answer(b"\x0b\x02 packed" * 20, Content_Encoding="br"), Code.FETCH_CODING, "'br', which we did not ask for"),
        (answer(b"\x0b\x02 packed", Content_Encoding="br"), Code.FETCH_CODING, "'br', which we did not ask for"),
        (reset, Code.FETCH_CONNECT, "connection failed"),
        (not_http, Code.FETCH_5XX, "the response is not valid HTTP"),
        (answer(b"<html>" + b"x" * 500, Content_Type="text/html"), Code.FETCH_TYPE, "text/html"),
        (answer(b"<svg/>"), Code.FETCH_TYPE, "<svg"),
        (answer(b""), Code.FETCH_TYPE, "begins with nothing"),
        (answer(status=204), Code.FETCH_TYPE, "204"),
        (answer(status=403), Code.FETCH_403, "403"),
        (answer(status=404), Code.FETCH_404, "404"),
        (answer(status=410), Code.FETCH_404, "410"),
        (answer(status=418), Code.FETCH_4XX, "418"),
        (answer(status=429), Code.FETCH_429, "429"),
        (answer(status=500), Code.FETCH_5XX, "500"),
        (redirect("/a"), Code.FETCH_REDIRECT, "more than 5"),
        (redirect("ftp://shop/a"), Code.FETCH_REDIRECT, "ftp"),
        (redirect("file:///etc/passwd"), Code.FETCH_REDIRECT, "file"),
        (answer(status=302), Code.FETCH_REDIRECT, "without a target address"),
        (answer(picture(1, 4)), Code.PICTURE_PIXELS, "4 x 4"),
        (answer(picture()[:-9]), Code.PICTURE_TRUNCATED, "end marker"),
        (answer(GOOD, X_Robots_Tag="noai"), Code.FETCH_ROBOTS, "noai"),
    ],
)
def test_misbehaviour(behaviour: object, code: Code, said: str) -> None:
    started = time.monotonic()
    with serve(a=behaviour) as server:
        row = fetch_one(due(server.url("/a")))
    assert (row.status, row.code) == ("rejected", code), row.detail
    assert said in str(row.detail)
    assert "\n" not in str(row.detail)
    assert time.monotonic() - started < 2


def test_a_host_that_falls_silent_is_not_waited_for_to_the_end() -> None:
    with serve(a=silence) as server:
        row = fetch_one(due(server.url("/a")), replace(POLICY, read_s=1, total_s=20))
    assert row.code is Code.FETCH_TIMEOUT
    assert "no response in time" in str(row.detail)
    assert row.seconds < 4


def test_fewer_bytes_than_announced() -> None:
    with serve(a=answer(GOOD, Content_Length=len(GOOD) + 500, Connection="close", close=True)) as server:
        row = fetch_one(due(server.url("/a")))
    assert row.code is Code.FETCH_CUT_OFF, row.detail


def test_more_bytes_than_announced() -> None:
    """The picture is cut where the length says; bytes behind it break the answer where they are seen in time."""
    with serve(a=answer(GOOD, Content_Length=len(GOOD) // 2)) as server:
        row = fetch_one(due(server.url("/a")))
    assert row.code in (Code.PICTURE_TRUNCATED, Code.FETCH_5XX), row.detail


def test_an_endless_body_is_not_read_on() -> None:
    endless = Endless(GOOD)
    with serve(a=endless) as server:
        row = fetch_one(due(server.url("/a")))
    assert row.code is Code.FETCH_SIZE
    assert endless.sent < 16 << 20  # what the sockets between us hold, not what it would have sent


def test_an_endless_page_is_not_even_read_to_the_cap() -> None:
    endless = Endless(b"<html>" + b"x" * 100)
    with serve(a=endless) as server:
        assert fetch_one(due(server.url("/a"))).code is Code.FETCH_TYPE


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("no address", Code.FETCH_BAD_URL),
        ("ftp://shop.com/a.jpg", Code.FETCH_BAD_URL),
        ("http://nobody.example/a.jpg", Code.FETCH_DNS),
    ],
)
def test_no_request_can_be_made(url: str, code: Code) -> None:
    assert fetch_one(due(url), names=NameServer({})).code is code


def test_a_certificate_that_nobody_trusts(tmp_path: Path) -> None:
    names = NameServer({"shop.example": ["127.0.0.1"], "other.example": ["127.0.0.1"]})
    with Server({"*": answer(GOOD)}, tls=self_signed(tmp_path, "shop.example")) as server:
        rows = fetch_all([due(server.url("/a", host)) for host in names.answers], names=names)
    assert [row.code for row in rows.values()] == [Code.FETCH_TLS] * 2
    assert "self-signed" in str(rows[server.url("/a", "shop.example")].detail)
    assert server.seen == []


def test_nobody_listens() -> None:
    with Server({}) as server:
        pass
    assert fetch_one(due(server.url("/a"))).code is Code.FETCH_CONNECT


# private networks


@pytest.mark.parametrize(
    "host",
    ["127.0.0.2", "2130706434", "0x7f000002", "0x7f.2", "0177.0.0.2", "127.2", "[::ffff:127.0.0.2]", "[::1]", "0.0.0.0",
     "localhost", "inner.example", "169.254.169.254", "[fe80::1]", "10.0.0.1"],
)  # fmt: skip
def test_no_request_leaves_for_a_closed_address(host: str) -> None:
    names = NameServer({"localhost": ["127.0.0.2"], "inner.example": ["127.0.0.2"], "0x7f.2": ["127.0.0.2"],
                   "0x7f000002": ["127.0.0.2"]})  # fmt: skip
    with Server({"*": answer(GOOD)}, address="127.0.0.2") as inner:
        row = fetch_one(due(f"http://{host}:{inner.port}/a"), names=names)
        with Server({"/a": redirect(f"http://{host}:{inner.port}/secret")}) as outer:
            redirected = fetch_one(due(outer.url("/a")), names=names)
    assert row.code is Code.FETCH_PRIVATE_ADDRESS, row.detail
    assert redirected.code in (Code.FETCH_PRIVATE_ADDRESS, Code.FETCH_REDIRECT), redirected.detail
    assert inner.seen == []


def test_a_name_that_changes_its_mind_is_checked_again() -> None:
    names = NameServer({"rebinding.example": ["127.0.0.1", "127.0.0.2"]})
    with Server({"*": answer(GOOD)}, address="127.0.0.2") as inner, Server({}) as outer:
        outer.routes["/a"] = redirect(f"http://rebinding.example:{inner.port}/secret")
        outer.routes["/b"] = answer(GOOD)
        policy = replace(POLICY, tries=2)
        assert fetch_one(due(outer.url("/b", "rebinding.example")), policy, names).status == "done"
        row = fetch_one(due(outer.url("/a", "rebinding.example")), policy, names)
    assert row.code is Code.FETCH_PRIVATE_ADDRESS
    assert inner.seen == []


def test_a_network_is_open_to_its_retailer_alone() -> None:
    with Server({"*": answer(GOOD)}) as server:
        rows = fetch_all([due(server.url("/a")), due(server.url("/b"), retailer="other", allow_private_hosts=())])
    assert rows[server.url("/a")].status == "done"
    assert rows[server.url("/b")].code is Code.FETCH_PRIVATE_ADDRESS
    assert server.paths == ["/a"]


def test_link_local_stays_closed_whatever_a_spec_opens() -> None:
    opened = networks(["0.0.0.0/0"])
    row = fetch_one(due("http://169.254.169.254/latest/meta-data", allow_private_hosts=opened))
    assert row.code is Code.FETCH_PRIVATE_ADDRESS


def test_no_proxy_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    with Server({"*": answer(GOOD)}) as proxy, Server({"*": answer(GOOD)}) as server:
        for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url(""))
        assert fetch_one(due(server.url("/a"))).status == "done"
    assert proxy.seen == []


# robots


def robots(text: str) -> Behaviour:
    return answer(text.encode(), Content_Type="text/plain")


def test_robots_rules_are_obeyed_and_asked_for_once() -> None:
    asked = in_turn(
        robots("User-agent: *\nDisallow: /private/\nAllow: /private/open"), robots("User-agent: *\nDisallow: /")
    )
    with Server({"/robots.txt": asked, "*": answer(GOOD)}) as server:
        rows = fetch_all([due(server.url(path)) for path in ("/a", "/private/b", "/private/open", "/c")])
    assert [row.code for row in rows.values() if row.code] == [Code.FETCH_ROBOTS]
    assert "/robots.txt forbids it to selvedge: Disallow: /private/" in str(rows[server.url("/private/b")].detail)
    assert sorted(server.paths) == ["/a", "/c", "/private/open"]


def test_robots_rules_hold_for_the_next_run_of_the_process_until_they_are_old(monkeypatch: pytest.MonkeyPatch) -> None:
    shut = robots("User-agent: *\nDisallow: /")
    for held_s, code in ((60, None), (0, Code.FETCH_ROBOTS)):
        monkeypatch.setattr(robots_module, "HELD_S", held_s)
        with Server({"/robots.txt": in_turn(robots(""), shut), "*": answer(GOOD)}) as server:
            assert fetch_one(due(server.url("/a"))).code is None
            assert fetch_one(due(server.url("/b"))).code is code


def test_a_contract_passes_by_robots_rules_and_tags() -> None:
    routes = {"/robots.txt": robots("User-agent: *\nDisallow: /"), "*": answer(GOOD, X_Robots_Tag="noai")}
    with Server(routes) as server:
        row = fetch_one(due(server.url("/a"), contract="A. Owner, 2026-01-02"))
    assert row.status == "done"


def test_robots_rules_of_the_host_that_a_redirect_leads_to() -> None:
    routes = {"/robots.txt": robots("User-agent: selvedge\nDisallow: /"), "*": answer(GOOD)}
    with Server(routes) as other, Server({"/a": redirect(other.url("/b"))}) as server:
        assert fetch_one(due(server.url("/a"))).code is Code.FETCH_ROBOTS
    assert other.seen == []


def test_a_host_that_fails_to_say_its_rules_is_not_asked() -> None:
    with Server({"/robots.txt": answer(status=503), "*": answer(GOOD)}) as server:
        row = fetch_one(due(server.url("/a")))
    assert (row.code, row.http_status) == (Code.FETCH_5XX, 503)
    assert "robots.txt" in str(row.detail)
    assert server.seen == []


def test_crawl_delay() -> None:
    routes = {"/robots.txt": robots("User-agent: *\nCrawl-delay: 0.2"), "*": answer(GOOD)}
    with Server(routes) as server:
        fetch_all([due(server.url(f"/{n}"), connections=1) for n in range(4)])
    times = [request.at for request in server.seen]
    assert times[3] - times[1] >= 0.38  # the second request may have taken its turn before the rules were read


# what a host is owed


def test_the_rate_holds_over_numbered_hosts_and_retailers() -> None:
    names = NameServer({f"img{n}.shop.example": ["127.0.0.1"] for n in range(4)})
    with Server({"*": answer(GOOD)}) as server:
        requests = [due(server.url(f"/{n}", f"img{n % 4}.shop.example"), rate=40.0 if n else 20.0) for n in range(12)]
        fetch_all(requests, names=names)
    times = [request.at for request in server.seen]
    assert times[-1] - times[0] >= 11 / 20 - 0.05


def test_connections_at_a_time() -> None:
    with Server({"*": after(0.03, answer(GOOD))}) as server:
        rows = fetch_all([due(server.url(f"/{n}"), connections=3) for n in range(18)])
    assert len(rows) == 18
    assert server.most_at_once == 3


def test_requests_at_a_time_over_all_hosts() -> None:
    with Server({"*": after(0.03, answer(GOOD))}) as server:
        names = NameServer({f"{name}.example": ["127.0.0.1"] for name in "abcdef"})
        requests = [due(server.url(f"/{n}", f"{'abcdef'[n % 6]}.example")) for n in range(18)]
        fetch_all(requests, replace(POLICY, at_once=2), names)
    assert server.most_at_once == 2


def test_retry_after_pauses_the_whole_host() -> None:
    busy = in_turn(answer(status=429, Retry_After="1"), answer(GOOD))
    with Server({"/a": busy, "*": answer(GOOD)}) as server:
        rows = fetch_all([due(server.url(f"/{path}"), connections=1) for path in "abc"], replace(POLICY, tries=2))
    assert {row.status for row in rows.values()} == {"done"}
    assert server.paths == ["/a", "/a", "/b", "/c"]
    assert server.seen[1].at - server.seen[0].at >= 0.95
    assert rows[server.url("/a")].seconds < 0.8  # waiting for the host's sake is not the picture's time


def test_a_host_that_wants_a_longer_pause_is_left_alone_and_its_pictures_stay_due() -> None:
    with Server({"*": answer(status=503, Retry_After="3600")}) as server:
        rows = fetch_all([due(server.url(f"/{n}"), connections=1) for n in range(50)], replace(POLICY, tries=3))
    assert [(row.code, row.given_up) for row in rows.values()] == [(Code.FETCH_5XX, True)]
    assert len(server.seen) == 1


def test_tries_within_a_night_back_off() -> None:
    flaky = in_turn(answer(status=500), answer(status=502), answer(GOOD))
    with Server({"/a": flaky}) as server:
        row = fetch_one(due(server.url("/a")), replace(POLICY, tries=3, backoff_s=0.1))
    assert row.status == "done"
    first, second, third = (request.at for request in server.seen)
    assert second - first >= 0.05
    assert third - second >= 0.1


def test_the_pause_between_tries_doubles_and_differs_each_time() -> None:
    fetch = _Fetch(replace(POLICY, backoff_s=1), Kept(), None)
    for number, least, most in ((1, 0.5, 1.5), (2, 1, 3), (3, 2, 6)):
        pauses = {fetch._backoff_s(number) for _ in range(50)}
        assert len(pauses) > 40
        assert least <= min(pauses) < max(pauses) <= most


def test_what_is_no_passing_trouble_is_not_tried_again() -> None:
    with Server({"*": answer(status=404)}) as server:
        fetch_one(due(server.url("/a")), replace(POLICY, tries=3))
    assert len(server.seen) == 1


def test_a_host_that_is_down_is_left_alone_and_another_is_not_held_up() -> None:
    policy = replace(POLICY, break_after=4, breaks=2)
    names = NameServer({"down.example": ["127.0.0.1"], "up.example": ["127.0.0.1"]})
    with Server({"*": answer(GOOD)}) as up, Server({"*": answer(status=500)}) as down:
        requests = [due(down.url(f"/{n}", "down.example"), connections=1) for n in range(100)]
        requests += [due(up.url(f"/{n}", "up.example")) for n in range(100)]
        rows = fetch_all(requests, policy, names)
    assert sum(row.status == "done" for row in rows.values()) == 100
    assert len(down.seen) == 4 + 2  # until it opens, then one after each cool-down
    assert len(rows) == 100 + len(down.seen)


def test_a_breaker_closes_when_the_host_is_back() -> None:
    troubled = in_turn(*[answer(status=500)] * 5, answer(GOOD))
    with Server({"*": troubled}) as server:
        rows = fetch_all([due(server.url(f"/{n}"), connections=1) for n in range(40)], replace(POLICY, break_after=5))
    assert sum(row.status == "done" for row in rows.values()) == 35


def test_a_name_without_an_address_is_asked_for_once_and_every_url_is_told() -> None:
    names = NameServer({})
    rows = fetch_all([due(f"http://gone.example/{n}", rate=20.0) for n in range(200)], names=names)
    assert {row.code for row in rows.values()} == {Code.FETCH_DNS}
    assert len(rows) == 200
    assert len(names.asked) <= 8  # those that asked side by side


# the end of the night


def test_at_the_deadline_what_was_not_tried_stays_due() -> None:
    ends_at = datetime.now(UTC) + timedelta(seconds=0.6)
    started = time.monotonic()
    with Server({"/quick": answer(GOOD), "*": silence}) as server:
        policy = replace(POLICY, ends_at=ends_at, read_s=30, total_s=30)
        rows = fetch_all([due(server.url("/quick")), *(due(server.url(f"/{n}")) for n in range(50))], policy)
    assert list(rows) == [server.url("/quick")]
    assert time.monotonic() - started < 2


def test_a_deadline_that_has_passed() -> None:
    with Server({"*": answer(GOOD)}) as server:
        assert fetch_all([due(server.url("/a"))], replace(POLICY, ends_at=datetime.now(UTC))) == {}


def test_a_caller_that_walks_away_leaves_nothing_open() -> None:
    with Server({"*": answer(GOOD)}) as server:
        rows = fetch_pictures((due(server.url(f"/{n}"), rate=50.0) for n in range(1000)), POLICY, Kept())
        next(rows)
        rows.close()
        time.sleep(0.3)  # a request that was on its way still arrives
        asked = len(server.seen)
        time.sleep(0.2)
        assert len(server.seen) == asked < 1000


def test_a_disk_that_is_full_ends_the_run() -> None:
    def full(*picture: object) -> None:
        raise OSError(28, "No space left on device")

    with Server({"*": answer(GOOD)}) as server, pytest.raises(OSError, match="No space left"):
        list(fetch_pictures([due(server.url(f"/{n}")) for n in range(20)], POLICY, full))


def test_the_list_is_read_as_it_is_worked_off() -> None:
    taken = 0

    def requests() -> object:
        nonlocal taken
        for number in range(500):
            taken += 1
            yield due(server.url(f"/{number}"))

    with Server({"*": answer(GOOD)}) as server:
        rows = fetch_pictures(requests(), replace(POLICY, window=50), Kept())
        next(rows)
        assert taken < 300
        assert sum(1 for _ in rows) == 499


def test_a_budget_of_bytes_below_one_body_lets_one_through_at_a_time() -> None:
    with Server({"*": answer(GOOD)}) as server:
        rows = fetch_all([due(server.url(f"/{n}")) for n in range(30)], replace(POLICY, bytes_at_once=10))
    assert [row.status for row in rows.values()] == ["done"] * 30


def test_bodies_are_freed_without_the_collector() -> None:
    gc.collect()
    gc.disable()
    try:
        with Server({"*": answer(GOOD)}) as server:
            list(fetch_pictures([due(server.url(f"/{n}")) for n in range(100)], POLICY, lambda *kept: None))
        assert [found for found in gc.get_objects() if type(found) is PictureBody] == []
    finally:
        gc.enable()


def test_memory_is_flat() -> None:
    with Server({"*": answer(GOOD)}) as server:
        list(fetch_pictures((due(server.url(f"/{n}"), rate=1e5) for n in range(300)), POLICY, lambda *kept: None))
        server.seen.clear()
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        for _ in fetch_pictures((due(server.url(f"/{n}"), rate=1e5) for n in range(1500)), POLICY, lambda *kept: None):
            server.seen.clear()
        grown_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown_kib < 16 << 10
