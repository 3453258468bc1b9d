"""The key of what the text classifier reads of an offer."""

from collections.abc import Iterable, Sequence
from hashlib import sha256

DESCRIPTION_CHARS = 1_000
"""The classifier reads no further, so that a change behind it costs nothing."""
Texts = Iterable[str | None]
BETWEEN, LEVELS = "\x1f", "\x1e"
"""Separators that no cleaned text holds."""


def text_keys(
    titles: Texts, descriptions: Texts, brands: Texts, category_paths: Iterable[Sequence[str] | None], genders: Texts
) -> list[bytes]:
    """sha256 over each title, description (1,000 characters), brand, category path, gender; None reads as empty."""
    texts = zip(titles, descriptions, brands, category_paths, genders, strict=True)
    read = (
        f"{title or ''}{BETWEEN}{(description or '')[:DESCRIPTION_CHARS]}{BETWEEN}{brand or ''}{BETWEEN}"
        f"{LEVELS.join(path or ())}{BETWEEN}{gender or ''}"
        for title, description, brand, path, gender in texts
    )
    return [sha256(text.encode("utf-8", "replace")).digest() for text in read]
