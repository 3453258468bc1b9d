"""The key of what the text classifier reads of an offer."""

from collections.abc import Sequence
from hashlib import sha256

DESCRIPTION_CHARS = 1_000
"""The classifier reads no further, so that a change behind it costs nothing."""
BETWEEN, LEVELS = "\x1f", "\x1e"
"""Separators that no cleaned text holds."""


def text_key(
    title: str | None,
    description: str | None,
    brand: str | None,
    category_path: Sequence[str] | None,
    gender: str | None,
) -> bytes:
    """sha256 over title, description (1,000 characters), brand, category path, stated gender; None reads as empty."""
    parts = (
        title or "",
        (description or "")[:DESCRIPTION_CHARS],
        brand or "",
        LEVELS.join(category_path or ()),
        gender or "",
    )
    return sha256(BETWEEN.join(parts).encode("utf-8", "replace")).digest()
