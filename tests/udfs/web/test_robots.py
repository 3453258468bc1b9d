"""X-Robots-Tag. What robots.txt does is tested through the fetcher."""

import pytest

from udfs.web.robots import opted_out


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
