"""The words of the drawn shops, one file a language, and titles made of them."""

import random
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from schemas.languages import LANGUAGES
from shops.pictures.charts import ChartWords

_FOLDER = Path(__file__).parent / "words"
_GRAMMATICAL = "mfnp"
"""Russian forms in the order of the word lists: masculine, feminine, neuter, plural."""


@dataclass(frozen=True)
class Kind:
    """What a garment is called, with its grammatical gender where the language has one."""

    name: str
    form: int

    @classmethod
    def parsed(cls, text: str) -> "Kind":
        """Reads `name` or `name|f`."""
        name, _, form = text.partition("|")
        return cls(name, _GRAMMATICAL.index(form) if form else 0)


@dataclass(frozen=True)
class Said:
    """What a title may speak of: keys of the word lists."""

    leaf: str
    gender: str
    colour: str
    pattern: str
    weave: str
    brand: str
    code: str


@dataclass(frozen=True)
class Vocabulary:
    """The word lists of one language."""

    language: str
    lists: dict[str, Any]

    @property
    def currency(self) -> str:
        """ISO 4217."""
        return str(self.lists["currency"])

    def category(self, leaf: str) -> str:
        """The name of a leaf's category in this shop."""
        name = Kind.parsed(self.lists["kinds"][leaf][0]).name
        return name[:1].upper() + name[1:]

    def colour(self, colour: str) -> str:
        """The colour as a field states it."""
        return str(self.lists["colours"][colour][0])

    def sizes(self, garment_class: str, dice: random.Random) -> list[str]:
        """The sizes in which one product is sold, in order."""
        lists = self.lists["sizes"]
        if garment_class in {"bag", "hat", "eyewear"}:
            return list(lists["one"])
        sizes = lists["shoes" if garment_class == "shoes" else dice.choice(("letters", "letters", "numbers"))]
        start = dice.randrange(2)
        return list(sizes[start : start + dice.randint(1, 4)])

    def price(self, base: float, dice: random.Random) -> str:
        """A price as shops round it, from a price in euros."""
        factor, step = self.lists["price_factor"], dice.choice(self.lists["price_steps"])
        if factor == 1:
            return f"{int(base // 10) * 10 + step:.2f}"
        return str(max(1, int(base * factor // 1000)) * 1000 + int(step))

    def title(self, said: Said, dice: random.Random) -> str:
        """A title as such a shop would write it."""
        title = self._filled(dice.choice(self.lists["titles"]), said, dice)
        return title[:1].upper() + title[1:]

    def description(self, said: Said, dice: random.Random) -> str:
        """One to four sentences."""
        sentences = dice.sample(self.lists["descriptions"], dice.randint(1, 4))
        filled = (self._filled(sentence, said, dice) for sentence in sentences)
        return ("" if self.language == "ja" else " ").join(text[:1].upper() + text[1:] for text in filled)

    def _filled(self, template: str, said: Said, dice: random.Random) -> str:
        kind = Kind.parsed(dice.choice(self.lists["kinds"][said.leaf]))
        inflected = {
            "colour": self.lists["colours"][said.colour],
            "gender": self.lists["genders"][said.gender],
            "adjective": dice.choice(self.lists["adjectives"]),
        }
        words = {name: forms[min(kind.form, len(forms) - 1)] for name, forms in inflected.items()}
        words["pattern"] = dice.choice(self.lists["patterns"][said.pattern]) if said.pattern != "plain" else ""
        words["material"] = dice.choice(self.lists["materials"][said.weave])
        words["colour_name"] = self.colour(said.colour)
        text = template.format(kind=kind.name, brand=said.brand, code=said.code, **words)
        if self.language == "en":
            text = re.sub(r"\b([Aa]) (?=[aeio])", r"\1n ", text)
        return re.sub(r"\s+", " ", text).replace(" ,", ",").strip(" -/,")

    def goods(self, thing: str, dice: random.Random) -> str:
        """The title of something that is no garment."""
        return str(dice.choice(self.lists["out_of_scope"][thing]))

    @property
    def chart(self) -> ChartWords:
        """The words of size charts."""
        words = self.lists["chart"]
        measures = {name: tuple(values) for name, values in words["measures"].items()}
        sizes = {name: tuple(values) for name, values in self.lists["sizes"].items()}
        return ChartWords(tuple(words["titles"]), words["size"], measures, sizes, tuple(words["notes"]), words["unit"])


@lru_cache(maxsize=len(LANGUAGES))
def vocabulary(language: str) -> Vocabulary:
    """The words of a language, one of LANGUAGES."""
    return Vocabulary(language, yaml.safe_load((_FOLDER / f"{language}.yaml").read_text(encoding="utf-8")))
