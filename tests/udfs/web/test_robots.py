"""X-Robots-Tag. What robots.txt does is tested through the fetcher."""

import pytest
from protego import Protego

from udfs.web.robots import Rules, opted_out


@pytest.mark.parametrize(
    ("headers", "directive"),
    [
        ([], None),
        (["noindex, nofollow"], None),
        (["noai"], "noai"),
        (["NoAI, noimageai"], "noai"),
        (["noindex", "noimageai"], "noimageai"),
        (["selvedge: noai"], "noai"),
        (["Selvedge: noindex, noimageai"], "noimageai"),
        (["googlebot: noai"], None),
        (["max-image-preview: none, noai"], "noai"),
        (["unavailable_after: 25 Jun 2026 15:00:00 PST, noimageai"], "noimageai"),
        (["noindex, googlebot: x, noai"], "noai"),
        (["noaixyz"], None),
    ],
)
def test_opted_out(headers: list[str], directive: str | None) -> None:
    assert opted_out(headers, "selvedge") == directive


FILE = """
User-agent: other
Disallow: /shop/coats/

User-agent: *
User-agent: third
Disallow: /shop/   # until May
Disallow: /shop/coats
Allow: /shop/coats/open
Disallow: /*.gif$
"""


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("/a.jpg", None),
        ("/shop/a.jpg", "Disallow: /shop/"),
        ("/shop/coats/a.jpg", "Disallow: /shop/coats"),
        ("/shop/coats/open/a.jpg", None),
        ("/a.gif", "Disallow: /*.gif$"),
    ],
)
def test_the_line_that_forbids(path: str, line: str | None) -> None:
    rules = Rules("selvedge", FILE, Protego.parse(FILE))
    assert rules.forbidding(f"https://shop.test{path}") == line


def test_lines_for_all_do_not_count_where_a_robot_is_named() -> None:
    text = "User-agent: *\nDisallow: /a/long/one\n\nUser-agent: Selvedge\nDisallow: /a\n"
    assert Rules("selvedge", text, Protego.parse(text)).forbidding("https://shop.test/a/long/one") == "Disallow: /a"
