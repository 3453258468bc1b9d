"""What docs/feeds.md shows can be done, and names everything that there is."""

import re
from decimal import Decimal
from pathlib import Path

from tests.udfs.feeds.small_feeds import read
from udfs.feeds.forms.dialect import builtin_names
from udfs.feeds.repairs import Repair

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "feeds.md").read_text(encoding="utf-8")


def block(language: str) -> str:
    found = re.search(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    assert found
    return found[1]


def test_the_page_s_dialect_reads_the_page_s_feed(tmp_path: Path) -> None:
    (tmp_path / "lager.yaml").write_text(block("yaml"), encoding="utf-8")
    address = "https://shop.test/lager.xml"
    (row,), summary = read(block("xml").encode(), dialect=str(tmp_path / "lager.yaml"), base_url=address)
    assert (row["offer_id"], row["title"], row["brand"]) == ("K-17", "Leinenkleid Lina", "Acme")
    assert (row["price"], row["old_price"], row["currency"]) == (Decimal("99.00"), Decimal("129.00"), "EUR")
    assert (row["sizes"], row["available"], row["colour"]) == (["36", "38"], True, "blau")
    assert (row["category_path"], row["category_ids"]) == (["Damen", "Kleider"], ["1", "2"])
    assert row["pictures"] == ["https://shop.test/bilder/k17a.jpg", "https://shop.test/bilder/k17b.jpg"]
    assert (row["gender"], row["description"]) == ("female", "Leinen")
    assert summary.made_at is not None and summary.status == "accepted"
    (guessed,), _ = read(block("xml").encode(), base_url=address)
    assert (guessed["offer_id"], guessed["price"]) == ("K-17", None)


def test_the_page_names_every_dialect_and_every_repair() -> None:
    assert [name for name in (*builtin_names(), "guessed") if f"\n| {name} | " not in PAGE] == []
    assert [kind.value for kind in Repair if f"\n| {kind.value} | " not in PAGE] == []
