"""Guesses an encoding from bytes: which reading looks most like a language that a shop may write, and how surely."""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from math import log

import numpy as np
from numpy.typing import NDArray

from udfs.feeds.source.letters import ARABIC, CYRILLIC, LATIN, Text, languages, letters_of, signs

WESTERN = ("cp1252", "cp1250", "iso-8859-2", "cp1254", "cp1257", "iso-8859-15", "iso-8859-13", "iso-8859-4",
           "mac_roman", "cp1258", "cp850", "cp437")  # fmt: skip
CENTRAL, BALTIC = ("cs", "hr", "hu", "pl", "ro", "sk", "sl", "sq"), ("et", "lt", "lv")
CANDIDATES: Mapping[str, tuple[str, ...]] = (
    dict.fromkeys(WESTERN, LATIN)
    | dict.fromkeys(("cp1251", "koi8-r", "koi8-u", "iso-8859-5", "cp866", "mac_cyrillic"), CYRILLIC)
    | dict.fromkeys(("cp852", "mac_latin2"), CENTRAL)
    | dict.fromkeys(("cp1253", "iso-8859-7", "cp737", "mac_greek"), ("el",))
    | dict.fromkeys(("cp857", "mac_turkish"), ("tr",))
    | dict.fromkeys(("cp861", "mac_iceland"), ("is",))
    | dict.fromkeys(("cp1255", "iso-8859-8", "cp862"), ("he",))
    | dict.fromkeys(("cp1256", "iso-8859-6"), ARABIC)
    | {"cp874": ("th",), "cp932": ("ja",), "euc_jp": ("ja",), "gb18030": ("zh",), "big5hkscs": ("zh-tw",),
       "cp949": ("ko",), "cp775": BALTIC, "mac_romanian": ("ro",), "cp860": ("pt",)}
)  # fmt: skip
"""Encodings that are tried, and the languages that are written in them. Any other one has to be declared."""
SELDOM = {"iso-8859-2": 1.0, "iso-8859-15": 2.0, "iso-8859-13": 2.0, "iso-8859-4": 4.0, "mac_roman": 4.0, "cp1258": 2.0,
          "koi8-u": 1.0, "iso-8859-5": 1.0, "mac_cyrillic": 4.0, "iso-8859-8": 1.0, "cp850": 4.0,
} | dict.fromkeys(("cp437", "cp737", "cp775", "cp852", "cp857", "cp860", "cp861", "cp862", "mac_greek", "mac_iceland",
                   "mac_latin2", "mac_romanian", "mac_turkish"), 13.0)  # fmt: skip
"""Nats against encodings that are met less often; those that differ from cp850 or mac_roman in some places alone have
to show letters there, for a sign does not tell them apart."""

TOKEN = re.compile(rb"[0-9@-\xff]+")
"""No byte below 0x30 is a part of a character in any of the encodings."""
SEGMENT = re.compile(rb"[^<>]+")
NO_WORDS = re.compile(rb"&#?\w{1,30};|!\[CDATA\[|https?:[^\s\"']+|\w+=")
SAME_DIGITS = bytes.maketrans(b"123456789", b"000000000")
MOST_TOKENS, MOST_WORDS, LONGEST_TOKEN, MOST_TITLES, LONGEST_TITLE = 1_500, 600, 900, 200, 200
MOST_A_TOKEN = 12.0
"""Nats that one token can speak for or against a reading: a brand in another language must not decide."""
ASCII_WEIGHT = 0.5
BAD_SHARE = 0.01
"""A reading with more bytes of another encoding is none."""
FOREIGN_SCRIPT, MOST_FOREIGN = 0.2, 10.0
"""Nats against another script than Latin for each ASCII word beyond three to one of its own."""
NO_LANGUAGE, FEW_BYTES = 6.6, 40
"""Nats a byte: no reading of real text of more than a few bytes looks as odd as that."""


@dataclass(frozen=True)
class Sample:
    """Words of a feed. `tokens` hold bytes that are not ASCII, each with its weight; `words` are ASCII beside them;
    `titles` are whole texts, to show."""

    tokens: list[bytes]
    weights: NDArray[np.float64]
    words: list[str]
    titles: list[bytes]

    @classmethod
    def of(cls, window: bytes) -> "Sample":
        """Drawn evenly from the whole window; the same bytes give the same sample."""
        counts, words, titles = Counter[bytes](), Counter[bytes](), dict[bytes, None]()
        for match in SEGMENT.finditer(window):
            if match[0].isascii():
                continue
            if len(titles) < MOST_TITLES and len(match[0]) <= LONGEST_TITLE:
                titles[match[0].strip()] = None
            found = TOKEN.findall(NO_WORDS.sub(b" ", match[0]))
            counts.update(token[:LONGEST_TOKEN].translate(SAME_DIGITS) for token in found if not token.isascii())
            words.update(token.lower() for token in found if 2 < len(token) < 20 and token.isalpha())
        tokens = _spread(list(counts), MOST_TOKENS)
        weights = np.array([min(3.0, 1.0 + log(counts[token])) for token in tokens])
        return cls(tokens, weights, [word.decode("ascii") for word in _spread(list(words), MOST_WORDS)], list(titles))

    def title(self, *guesses: "Reading") -> list[tuple["Reading", str]]:
        """One text as each of the guesses reads it: the first one that they read differently."""
        read = [
            [title.decode(guess.encoding, "replace") for guess in guesses] for title in (*self.titles, *self.tokens)
        ]
        first = next((texts for texts in read if len(set(texts)) > 1), read[0])
        return [(guess, text[:60]) for guess, text in zip(guesses, first, strict=True)]


def _spread(items: list[bytes], most: int) -> list[bytes]:
    """At most so many of the items, evenly from first to last."""
    return items if len(items) <= most else [items[at * len(items) // most] for at in range(most)]


@dataclass(frozen=True)
class Reading:
    """A sample read in one encoding, as the language that it suits best. `costs` (T,): nats of each token; `against`:
    nats against the encoding and the language before any token is read; `total`: of all that is known."""

    encoding: str
    language: str
    words: list[str]
    costs: NDArray[np.float64]
    against: float
    total: float


def readings(sample: Sample, hints: dict[str, float], also: tuple[str, ...] = ()) -> list[Reading]:
    """All readings that decode, the likeliest first. `hints`: nats for a language; `also`: further encodings."""
    beside, against = _beside(sample.words), _against(sample, hints)
    found = [
        reading
        for encoding in dict.fromkeys((*CANDIDATES, *also))
        if (reading := _reading(sample, encoding, beside, against))
    ]
    return sorted(found, key=lambda reading: reading.total)


def margin(first: Reading, second: Reading, sample: Sample) -> float:
    """Nats by which the first is likelier, of two that read the sample differently."""
    differ = np.array([a != b for a, b in zip(first.words, second.words, strict=True)])
    votes = np.clip(second.costs - first.costs, -MOST_A_TOKEN, MOST_A_TOKEN) * differ
    tokens = float((votes * sample.weights).sum()) + second.against - first.against
    return min(tokens, second.total - first.total)


def beyond_reading(best: Reading) -> bool:
    """Whether even the best reading is no language; a few bytes cannot say that."""
    read = sum(len(word.encode(best.encoding, "replace")) for word in best.words)
    return read > FEW_BYTES and float(best.costs.sum()) > NO_LANGUAGE * read


def _against(sample: Sample, hints: dict[str, float]) -> dict[str, float]:
    """Nats against each language before its letters are looked at."""
    ascii_alone = FOREIGN_SCRIPT * (len(sample.words) - 3 * len(sample.tokens))
    other_script = min(max(ascii_alone, 0.0), MOST_FOREIGN)
    return {name: (0.0 if name in LATIN else other_script) - hints.get(name, 0.0) for name in languages()}


def _beside(words: list[str]) -> dict[str, float]:
    """Nats of the ASCII words beside, by language; other scripts take them as the best of the Latin ones does."""
    if not words:
        return dict.fromkeys(languages(), 0.0)
    text = Text.of(words)
    latin = {name: ASCII_WEIGHT * float(letters_of(name).oddness(text).sum()) for name in LATIN}
    return dict.fromkeys(languages(), min(latin.values())) | latin


def _reading(sample: Sample, encoding: str, beside: dict[str, float], against: dict[str, float]) -> Reading | None:
    words = [token.decode(encoding, "replace") for token in sample.tokens]
    high = sum(len(token) - len(token.translate(None, bytes(range(128, 256)))) for token in sample.tokens)
    if sum(word.count("\ufffd") for word in words) > BAD_SHARE * high:
        return None
    text = Text.of(words)
    fixed = signs(text)
    best: Reading | None = None
    for language in CANDIDATES.get(encoding, languages()):
        costs = (letters_of(language).oddness(text) + fixed).astype(np.float64)
        prior = against[language] + SELDOM.get(encoding, 0.0)
        total = float((costs * sample.weights).sum()) + beside[language] + prior
        if best is None or total < best.total:
            best = Reading(encoding, language, words, costs, prior, total)
    return best
