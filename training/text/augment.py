"""Rows that the sources do not have: products with a category path, as feeds send them, and genders that texts tell."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace

from training.data.split import fraction
from training.text.data import OUT_OF_SCOPE, Row
from training.text.split import shop
from udfs.text.classify import UNSAID
from udfs.text.features import TITLE_LIMIT, Text
from udfs.text.gender import named
from udfs.text.normalise import plain

PATHS_SHARE = 0.3
"""Share of the rows whose shop states a category that are also learnt with it as their path."""

NUMBERS = ("", "1042", "арт. 5420", "No. 310")
"""Titles that say nothing, beside which a path has to decide."""

GENDERED_SHARE, GENDERED_ROWS = 0.97, 150
"""From this share of at least so many rows on, a leaf is for one gender also where the text does not say so."""

DESCRIBED_SHARE = 0.3
"""Up to this share of garments with a description, a language counts as one without."""


def with_paths(rows: Sequence[Row]) -> list[Row]:
    """The rows, some of them once more on the path that their shop states, and names as paths of nameless products."""
    more = []
    for number, row in enumerate(rows):
        if row.basis == "name":
            path = row.stated_path or (row.text.title,)
            more.append(replace(row, text=Text(NUMBERS[number % len(NUMBERS)], category_path=path)))
        elif row.stated_path and fraction(f"{row.source}\t{row.text.title}", "path") < PATHS_SHARE:
            more.append(replace(row, text=replace(row.text, category_path=row.stated_path)))
    return [*rows, *more]


def told_genders(rows: Sequence[Row]) -> list[str | None]:
    """For whom each row is: as its shop states it, else as its title names it, else as its leaf always is, else UNSAID.

    None where the shop states genders but not this one: it does not train.
    """
    stating = {shop(row) for row in rows if row.gender}
    shares: dict[str, Counter[str]] = defaultdict(Counter)
    for row in rows:
        if row.gender:
            shares[row.leaf][row.gender] += 1
    implied = {leaf: _implied(counts) for leaf, counts in shares.items()}
    told: list[str | None] = []
    for row in rows:
        if row.gender or shop(row) in stating:
            told.append(row.gender)
        else:
            told.append(named(plain(row.text.title, TITLE_LIMIT)) or implied.get(row.leaf) or UNSAID)
    return told


def _implied(counts: Counter[str]) -> str | None:
    """The grown-ups' gender of a leaf that one sex alone wears, whatever the age."""
    worn = {"women": counts["women"] + counts["girls"], "men": counts["men"] + counts["boys"]}
    gender = max(worn, key=lambda name: worn[name])
    told = sum(worn.values()) + counts["unisex"]
    return gender if told >= GENDERED_ROWS and worn[gender] >= GENDERED_SHARE * told else None


def without_lone_descriptions(rows: Sequence[Row]) -> list[Row]:
    """The rows; goods out of scope lose their description in languages whose garments mostly have none.

    Else to have a description would be learnt as a sign of being out of scope.
    """
    garments, described = Counter[str](), Counter[str]()
    for row in rows:
        if row.leaf != OUT_OF_SCOPE and row.basis != "name":
            garments[row.language] += 1
            described[row.language] += bool(row.text.description)
    lone = {row.language for row in rows if described[row.language] <= DESCRIBED_SHARE * garments[row.language]}
    return [
        replace(row, text=replace(row.text, description=""))
        if row.leaf == OUT_OF_SCOPE and row.language in lone
        else row
        for row in rows
    ]
