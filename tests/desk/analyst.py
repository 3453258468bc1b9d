"""A scripted analyst: sees what the page shows, and has nothing but keys."""

import json
from dataclasses import dataclass
from typing import Any

from tests.desk.chromium import Chromium

ACCEPTED_FROM = 0.75
"""How sure a proposal must be to be accepted unseen; what is less sure is skipped."""

CARD = """(() => {
  const text = (place) => document.querySelector(place)?.innerText ?? "";
  return {category: text("#category"), said: text(".said"), covered: parseFloat(text(".covered")),
    chances: [...document.querySelectorAll("[data-chance]")].map((one) => parseFloat(one.dataset.chance)),
    leaves: [...document.querySelectorAll("[data-leaf]")].map((one) => one.dataset.leaf)};
})()"""
READY = "document.body.getAttribute('aria-busy') !== 'true'"


@dataclass
class Analyst:
    """Counts the keys that she presses."""

    browser: Chromium
    keys: int = 0

    @property
    def card(self) -> dict[str, Any]:
        found: dict[str, Any] = self.browser.value(CARD)
        return found

    def press(self, key: str) -> dict[str, Any]:
        """Presses a key that changes the card, and waits until it has."""
        before = self.card
        self.browser.press(key)
        self.keys += 1
        self.browser.wait(f"JSON.stringify({CARD}) !== {_quoted(before)} && {READY}")
        return self.card

    def decide(self) -> dict[str, Any]:
        """Accepts the first proposal if it is sure enough, else skips."""
        chances = self.card["chances"]
        return self.press("a" if chances and chances[0] >= ACCEPTED_FROM else "s")

    def name(self, letters: str) -> dict[str, Any]:
        """Chooses another category by its name."""
        before = self.card
        self.browser.press("o")
        self.browser.type(letters)
        self.browser.wait("document.querySelectorAll('#hits [role=option]').length > 0")
        self.browser.press("Enter")
        self.keys += 2 + len(letters)
        self.browser.wait(f"JSON.stringify({CARD}) !== {_quoted(before)} && {READY}")
        return self.card


def _quoted(card: dict[str, Any]) -> str:
    return f"JSON.stringify({json.dumps(card)})"
