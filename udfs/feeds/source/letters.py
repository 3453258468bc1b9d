"""How odd a text looks, in nats, to each language that a shop may write: letters in threes, from `letters.npz`.

`infra/letters_table.py` makes that file and says from what.
"""

import unicodedata
from dataclasses import dataclass
from functools import cache
from importlib.resources import as_file, files
from typing import Any

import numpy as np
from numpy.typing import NDArray

LATIN = (
    "ca", "cs", "da", "de", "en", "es", "et", "fi", "fil", "fr", "hr", "hu", "id", "is", "it", "lt", "lv", "ms", "nb",
    "nl", "pl", "pt", "ro", "sk", "sl", "sq", "sv", "tr", "vi",
)  # fmt: skip
CYRILLIC = ("bg", "mk", "ru", "sr", "uk")
ARABIC = ("ar", "fa", "ur")

FOREIGN = 11.0
"""Nats for a letter that the language does not have."""
ASCII_LETTER = 3.2
"""Nats for a Latin letter in a language of another script: a brand."""
MARKS = (*range(0x0300, 0x0370), *range(0x064B, 0x0653), *range(0x05B0, 0x05C8), *range(0x0E31, 0x0E4F))
"""They belong to letters, so that languages judge them."""
WEIGHT_OF_PAIRS, WEIGHT_OF_ONES = 40.0, 200.0
"""Letters (of 2,000,000) that two letters' and one letter's habits count for, where three were seldom seen."""


@dataclass(frozen=True)
class Text:
    """Words in a row, ready to be scored. `points` (C,): code points, 0xFFFF above the BMP; `starts` (W,)."""

    points: NDArray[np.uint32]
    starts: NDArray[np.int64]

    @classmethod
    def of(cls, words: list[str]) -> "Text":
        """At least one word."""
        joined = "  " + "  ".join(words) + "  "
        points = np.minimum(np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), np.uint32), 0xFFFF)
        lengths = np.array([len(word) + 2 for word in words], np.int64)
        return cls(points, np.concatenate([[0], np.cumsum(lengths)[:-1]]) + 2)

    def sums(self, costs: NDArray[np.float32]) -> NDArray[np.float32]:
        """(W,): the sum of a word's costs (C,), with what follows it up to the next word."""
        return np.add.reduceat(costs, self.starts)


@dataclass(frozen=True)
class Letters:
    """One language. `index` (65536,): a letter's number, 0 for none; `costs` (A, A, A), or (A,) where letters are
    words."""

    index: NDArray[np.uint16]
    costs: NDArray[np.float32]

    def oddness(self, text: Text) -> NDArray[np.float32]:
        """(W,): nats of each word."""
        numbers = self.index[text.points]
        is_letter = numbers > 0
        if self.costs.ndim == 1:
            costs = self.costs[numbers]
        else:
            costs = np.zeros(len(numbers), np.float32)
            costs[2:] = self.costs[numbers[:-2], numbers[1:-1], numbers[2:]]
            costs[1:] *= is_letter[1:] | is_letter[:-1]  # a word's letters and its end
        foreign = _letters()[text.points] & ~is_letter
        costs += np.where(foreign, np.where(text.points < 128, np.float32(ASCII_LETTER), np.float32(FOREIGN)), 0)
        return text.sums(costs)


@cache
def languages() -> tuple[str, ...]:
    """All languages of the table."""
    return tuple(sorted(name.removesuffix(".counts") for name in _table() if name.endswith(".counts")))


@cache
def letters_of(language: str) -> Letters:
    """A language of the table."""
    alphabet = _table()[f"{language}.letters"]
    counts = _table()[f"{language}.counts"]
    index = np.zeros(65536, np.uint16)
    for number, point in enumerate(alphabet.tolist(), 1):
        index[point] = number
    for number, point in enumerate(alphabet.tolist(), 1):
        upper = chr(point).upper()
        if len(upper) == 1 and ord(upper) < 65536 and not index[ord(upper)]:
            index[ord(upper)] = number
    if language == "tr":
        index[ord("İ")] = index[ord("i")]
    if counts.ndim == 1:
        shares = np.exp2(counts.astype(np.float32) / 8)
        costs = np.concatenate([[0.0], -np.log(shares / shares.sum())])
    else:
        costs = _smoothed(np.where(counts > 0, np.exp2((counts.astype(np.float32) - 5) / 4), 0))
    return Letters(index, costs.astype(np.float32))


def _smoothed(counts: NDArray[np.float32]) -> NDArray[np.float32]:
    """Nats of the third letter after the first two; pairs and single letters stand in where three were not seen."""
    ones = counts.sum((0, 1)) + 0.5
    ones /= ones.sum()
    twos = counts.sum(0)
    twos = (twos + WEIGHT_OF_ONES * ones) / (twos.sum(1, keepdims=True) + WEIGHT_OF_ONES)
    threes = (counts + WEIGHT_OF_PAIRS * twos) / (counts.sum(2, keepdims=True) + WEIGHT_OF_PAIRS)
    return -np.log(threes)


@cache
def _table() -> dict[str, NDArray[Any]]:
    with as_file(files("udfs.feeds.source") / "letters.npz") as file, np.load(file, allow_pickle=False) as opened:
        return {name: opened[name] for name in opened.files}


@cache
def _letters() -> NDArray[np.bool_]:
    found = np.array([chr(point).isalpha() for point in range(0xFFFF)] + [False])
    found[list(MARKS)] = True
    return found


TYPOGRAPHY = (
    "\u00a0°²³½¼·×«»‘’“”„‚–—…•®©™€№±§\u00ad\u200b\u200e\u200f"
    "、。・「」『』（）【】！？：；，～％＋／＆\u3000ー＃＊｜←→★☆●○■□◆◇※"
)
NO_SIGNS = {"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp", "Zs", "Sk"}
"""Categories of what no text has: control characters, odd spaces, accents without their letter."""
APOSTROPHES = "’´·\u00ad"
"""Signs that may stand between two letters."""
TYPOGRAPHIC, WRITTEN_APOSTROPHE, ODD_SYMBOL, CONTROL, SYMBOL_IN_WORD, CAPITAL_IN_WORD = 4.0, 8.0, 11.0, 20.0, 6.0, 5.0
"""Nats for a sign that texts have; an accent in place of an apostrophe; any other sign; one that no text has; one
between two letters; a capital after a small letter."""
MIXED_SCRIPTS = 8.0
"""Nats for a Latin letter right beside one of these scripts, as in `Weiلe`: brands stand apart."""
UNMIXED = (0x0370, 0x0700)
"""Greek, Cyrillic, Hebrew and Arabic; in Japanese, Thai and Chinese no space stands around a brand."""


def signs(text: Text) -> NDArray[np.float32]:
    """(W,): nats for what no language can judge: signs, control characters, and capitals within words."""
    signs_, small, capital = _signs()
    points = text.points
    costs = signs_[points].copy()
    is_letter = _letters()[points]
    odd = (costs > 0) & ~np.isin(points, [ord(sign) for sign in APOSTROPHES])
    between = odd[1:-1] & is_letter[:-2] & is_letter[2:]
    costs[1:-1] += between * np.float32(SYMBOL_IN_WORD)
    costs[1:] += (small[points[:-1]] & capital[points[1:]]) * np.float32(CAPITAL_IN_WORD)
    latin, other = is_letter & (points < UNMIXED[0]), is_letter & (points >= UNMIXED[0]) & (points < UNMIXED[1])
    costs[1:] += (latin[:-1] & other[1:] | other[:-1] & latin[1:]) * np.float32(MIXED_SCRIPTS)
    return text.sums(costs)


@cache
def _signs() -> tuple[NDArray[np.float32], NDArray[np.bool_], NDArray[np.bool_]]:
    costs = np.zeros(65536, np.float32)
    small, capital = np.zeros(65536, np.bool_), np.zeros(65536, np.bool_)
    for point in range(128, 65536):
        char = chr(point)
        small[point], capital[point] = char.islower(), char.isupper()
        if not char.isalpha():
            is_none = unicodedata.category(char) in NO_SIGNS and char != "\u00a0"
            costs[point] = CONTROL if is_none else ODD_SYMBOL
    for char in TYPOGRAPHY:
        costs[ord(char)] = TYPOGRAPHIC
    costs[list(MARKS)] = 0
    costs[ord("´")] = WRITTEN_APOSTROPHE
    costs[ord("¤")] = costs[0xFFFD] = costs[0xFFFF] = CONTROL
    small[:128] = [chr(point).islower() for point in range(128)]
    capital[:128] = [chr(point).isupper() for point in range(128)]
    return costs, small, capital
