"""Which texts are sizes to wear, and the size and the colour of a text that holds both."""

import re

from udfs.feeds.forms.words import by_word, folded, is_nothing

LETTERS = r"(?:\d{1,2}\s*)?x{0,6}[sl]|m|x{1,6}[sl]|one[ -]?size|os|free[ -]?size|univ(?:ersal)?|uni|tu|ml|sm|lxl"
NUMBERS = r"\d{1,3}(?:[.,][05])?(?:\s?(?:1/2|1/3|2/3|½|⅓|⅔))?"
SIZE = re.compile(
    rf"(?:(?:eu|eur|us|uk|fr|it|de|ru|jp|cn|int|size|gr\.?|t)\.?\s*)?(?:{LETTERS}|{NUMBERS})"
    rf"(?:\s*[-–/]\s*(?:{LETTERS}|{NUMBERS}))?"
    r"(?:\s*(?:cm|см|mm|mois|mesi|mesec[ei]|мес\.?|months?|m|let|lat|лет|years?|yrs?|y|ans|anni|años|eu|号|号サイズ|c|см\.?))?",
    re.IGNORECASE,
)
MAX_WORDS = 4
"""Of a text that is a colour and nothing else."""
WORDS = frozenset({"small", "medium", "large", "xlarge", "xsmall", "xxlarge", "extrasmall", "extralarge"})
BETWEEN = " / "
"""Shop systems write a variant's options in one title: `M / Black`."""


def is_size(text: str) -> bool:
    """Whether a text is nothing but a size."""
    return SIZE.fullmatch(text.strip()) is not None or folded(text) in WORDS


def is_colour(text: str) -> bool:
    """Whether a text names a colour that many languages' word lists know, alone or with others."""
    parts = [part for part in re.split(r"[\s/,&+-]+", text) if part]
    return len(parts) <= MAX_WORDS and any(folded(part) in by_word("colours") for part in parts)


def size_and_colour(text: str) -> tuple[str | None, str | None]:
    """`M / Black`, `Black / M` -> M, Black; the first part is the size where neither looks like one."""
    parts = [part for part in (part.strip() for part in text.split(BETWEEN)) if part and not is_nothing(part)]
    if not parts:
        return None, None
    place = next((at for at, part in enumerate(parts) if is_size(part)), None)
    if place is None:
        place = next((at for at, part in enumerate(parts) if not is_colour(part)), None)
    size = None if place is None else parts.pop(place)
    others = [part for part in parts if not is_size(part)]  # of two sizes the second is a length
    return size, next(filter(is_colour, others), next(iter(others), None))
