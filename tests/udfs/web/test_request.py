"""How polite a request is of which nothing was said: these numbers are what shops see of us."""

from datetime import date

from schemas.retailer import Images
from udfs.web.request import FetchPolicy, PictureRequest


def test_a_host_of_which_nothing_is_said_is_asked_four_times_a_second_over_two_connections() -> None:
    request = PictureRequest("https://shop.test/0", 1, "shop")
    assert (request.rate, request.connections) == (4, 2)
    assert (request.rate, request.connections) == (Images().rate, Images().connections), "as a spec without them"
    assert (request.allow_private_hosts, request.contract) == ((), None)


def test_the_patience_of_a_night() -> None:
    policy = FetchPolicy(date(2026, 1, 10), "ours/1")
    assert (policy.connect_s, policy.read_s, policy.total_s) == (10, 20, 60)
    assert (policy.tries, policy.backoff_s, policy.patience_s) == (3, 1, 120)
    assert (policy.break_after, policy.cool_down_s, policy.breaks) == (10, 15, 3)
    assert policy.ends_at is None
