"""Words that shops of many countries use for the same thing; the lists are in `words.yaml`."""

import re
import unicodedata
from functools import cache, lru_cache
from importlib.resources import files

import yaml

NOT_LETTERS = re.compile(r"[^\w#]|_")


@cache
def lists() -> dict[str, dict[str, list[str]]]:
    """The lists by use: `named`, `elements`, `availability`, `currencies`."""
    content: dict[str, dict[str, list[str]]] = yaml.load(
        (files("udfs.feeds.forms") / "words.yaml").read_text(encoding="utf-8"), yaml.CSafeLoader
    )
    return content


@lru_cache(maxsize=65_536)
def folded(word: str) -> str:
    """A name without case, accents, spaces and signs: `Product_Name` and `productName` are one."""
    plain = unicodedata.normalize("NFKD", word.casefold())
    kept = "".join(char for char in plain if not unicodedata.combining(char) or char in "\u3099\u309a")
    return NOT_LETTERS.sub("", kept)


@cache
def by_word(use: str) -> dict[str, str]:
    """Folded word -> its meaning, such as `цвет` -> `colour`, of one list."""
    return {folded(word): meaning for meaning, words in lists()[use].items() for word in words}


@cache
def availability() -> dict[str, bool]:
    """What an availability says, by its spoken form."""
    return {
        spoken(word): meaning == "available" for meaning, words in lists()["availability"].items() for word in words
    }


def spoken(word: str) -> str:
    """A phrase in lower case with single spaces, hyphens and underscores read as spaces."""
    return " ".join(word.casefold().replace("_", " ").replace("-", " ").split()).rstrip(".!")


@cache
def _nothing() -> frozenset[str]:
    return frozenset(spoken(word) for word in lists()["nothing"]["nothing"])


def is_nothing(word: str) -> bool:
    """Whether the word only fills a place: `-`, `n/a`, `Default Title`."""
    return spoken(word) in _nothing()
