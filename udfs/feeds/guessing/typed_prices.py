"""Prices whose elements say by a word which one they are: `<price type="regular">` beside `<price type="sale">`."""

from collections.abc import Iterable

from udfs.feeds.forms.words import by_word, folded
from udfs.feeds.guessing.leaves import Leaf

PRICES = ("price", "sale_price", "old_price")


def is_price(element: str) -> bool:
    """Whether an element goes by a name of prices."""
    called = Leaf(element).role()
    return called is not None and called[0] in PRICES


def by_word_for_price(words: Iterable[str]) -> dict[str, list[str]]:
    """Sources by field for the words that tell prices apart; empty where none does.

    The usual price is the price where no other is: what is asked in a sale stands beside it.
    """
    found: dict[str, list[str]] = {}
    for word in dict.fromkeys(words):
        if role := _role(word):
            found.setdefault(role, []).append(f"param={word}")
    if found and "price" not in found:
        found["price"] = found.pop("old_price" if "old_price" in found else "sale_price")
    return found


def _role(word: str) -> str | None:
    said = by_word("prices").get(folded(word))
    called = None if said else Leaf(word).role()
    return said or (called[0] if called and called[0] in PRICES else None)
