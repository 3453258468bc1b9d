"""Which hosts count together, and how they are dealt to tasks."""

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from udfs.web.hosts import assign, group_of, smallest, turns
from udfs.web.request import PictureRequest


def request(url: str, rate: float = 4.0, connections: int = 2) -> PictureRequest:
    return PictureRequest(url, 1, "shop", rate=rate, connections=connections)


@pytest.mark.parametrize(
    ("url", "group"),
    [
        ("https://img1.shop.com/a.jpg", "img*.shop.com"),
        ("https://IMG-27.shop.com:8443/a.jpg", "img*.shop.com"),
        ("http://3.shop.com/a", "*.shop.com"),
        ("http://static.shop.com/a", "static.shop.com"),
        ("http://shop24.com/a", "shop24.com"),
        ("http://shop24.co.uk/a", "shop24.co.uk"),
        ("http://img2.shop24.com.tr/a", "img*.shop24.com.tr"),
        ("http://127.0.0.1:8000/a", "127.0.0.1"),
        ("http://[::1]/a", "::1"),
        ("http://shop.com./a", "shop.com"),
        ("no address", ""),
        ("http://[broken/a", ""),
    ],
)
def test_group(url: str, group: str) -> None:
    assert group_of(url) == group


@given(st.text("htps:/\\\\?#@.1a ", max_size=30).map(lambda rest: f"http:{rest}") | st.text(max_size=30))
def test_the_group_stands_before_the_third_stroke(url: str) -> None:
    assert group_of("/".join(url.split("/")[:3])) == group_of(url)


def test_turns_come_at_the_rate_of_each_host_from_the_start() -> None:
    hosts = pa.array(["slow", "slow", "fast", "slow", "fast"])
    assert turns(hosts, {"slow": 0.5, "fast": 10}).tolist() == [0, 2, 0, 4, 0.1]
    assert turns(pa.array([], pa.string()), {}).tolist() == []


def test_the_smallest_rate_that_names_a_host_holds() -> None:
    found = smallest([request("http://a/1", 10, 8), request("http://a/0", 2, 4), request("http://a/2", 5, 1)])
    assert [(r.url, r.rate, r.connections) for r in found] == [(f"http://a/{n}", 2, 1) for n in range(3)]


def test_a_host_is_in_one_task_and_the_slowest_are_dealt_first() -> None:
    slow = [request(f"http://img{n % 3}.slow.com/{n}", rate=1) for n in range(60)]
    fast = [request(f"http://fast{name}.net/{n}", rate=20) for name in "abcd" for n in range(200)]
    tasks = assign([*fast, *slow], 2)
    assert len(tasks) == 2
    assert {group_of(r.url) for r in tasks[0]} == {"img*.slow.com"}
    assert {group_of(r.url) for r in tasks[1]} == {f"fast{name}.net" for name in "abcd"}


def test_hosts_are_mixed_in_proportion() -> None:
    urls = [request(f"http://big.com/{n}") for n in range(90)] + [request(f"http://small.com/{n}") for n in range(10)]
    (task,) = assign(urls, 1)
    for start in range(0, 100, 20):
        assert sum("small" in r.url for r in task[start : start + 20]) == 2


def test_nothing_to_do() -> None:
    assert assign([], 4) == []


@given(
    st.lists(st.tuples(st.sampled_from(["a.com", "img1.b.com", "img2.b.com", "c.org"]), st.integers(0, 99))),
    st.integers(1, 5),
)
def test_every_request_once_and_no_host_in_two_tasks(places: list[tuple[str, int]], tasks: int) -> None:
    requests = [request(f"http://{host}/{n}") for host, n in places]
    dealt = assign(requests, tasks)
    assert sorted(r.url for task in dealt for r in task) == sorted(r.url for r in requests)
    groups = [group for task in dealt for group in {group_of(r.url) for r in task}]
    assert len(groups) == len(set(groups))
    assert dealt == assign(reversed(requests), tasks)
