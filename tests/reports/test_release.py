"""The page of a release: escaped, closed to foreign scripts, complete."""

import base64
import hashlib
import re

from reports.release import ClassRow, Curve, FigureRow, Item, ReleaseFacts, render_release

HOSTILE = '"><script>alert(1)</script>'


def facts() -> ReleaseFacts:
    item = Item("ab" * 32, "top", "dress", 0.93, HOSTILE, "data:image/jpeg;base64,/9j/4AAQ", [HOSTILE])
    curve = Curve([1.0, 0.5], [1.0, 0.0], [0.4, 1.0])
    return ReleaseFacts(
        model="classify", digest="0123456789ab", previous="ba9876543210", made_at="now", counted="9 labelled rows",
        key_column="sha256", labels=["top", "dress", HOSTILE],
        figures=[FigureRow("accuracy", 0.9, 0.8, 0.95, 0.92, 0.85), FigureRow("belt", None, None, None)],
        classes=[ClassRow("top", 5, 0.8, 0.125, None, 0.7, 0.6, curve)],
        mistakes_in_all=3, mistakes=[item], teaching=[item],
    )  # fmt: skip


def test_what_a_source_says_is_escaped() -> None:
    page = render_release(facts())
    assert HOSTILE not in page
    assert "<script>alert" not in page
    assert page.count("&lt;script&gt;") >= 4


def test_no_script_but_our_own_may_run_and_nothing_is_asked_from_outside() -> None:
    page = render_release(facts())
    (script,) = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in page
    assert "default-src 'none'" in page
    assert not re.findall(r'(?:src|href)="(?!data:|#)', page)


def test_figures_stand_beside_targets_and_the_release_before() -> None:
    page = render_release(facts())
    assert '<td class="n bad">0.900' in page, "below what is to be reached"
    assert "0.850" in page
    assert "ba9876543210" in page
    assert 'points="0,0 150,30"' in page, "the share found falls from 1 to a half"
    assert page.count('data-key="abab') == 2
