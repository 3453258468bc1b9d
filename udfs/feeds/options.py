"""Options for reading a feed: dialect, encoding, and limits that keep a hostile feed cheap."""

from dataclasses import dataclass

MIB = 1 << 20


@dataclass(frozen=True)
class FeedOptions:
    """Settings of one reading; the defaults suit every feed that has been seen."""

    dialect: str = "auto"
    """`auto`, the name of a dialect, or the path of a dialect file (ends in .yaml)."""
    dialect_file: str | None = None
    """The content of that file; None: it is read from its path."""
    encoding: str | None = None
    """Encoding that overrides what the feed declares; None: find it."""
    charset: str | None = None
    """Encoding that the server named when it sent the feed."""
    language: str | None = None
    """The shop's language, two letters; it counts where the encoding has to be guessed."""
    base_url: str | None = None
    """What relative picture addresses stand under; None: the shop's address as the feed states it."""
    groups: str = "given"
    """What groups variants that state no group: nothing, or their `id`, `link` or `title` without size and colour."""
    is_update: bool = False
    """Whether it holds prices, stock and sizes of offers that another feed describes: ids, no titles, no pictures."""
    lists_unread: bool = False
    """Whether the summary lists the parts of the first offers that nobody reads."""
    proposes_groups: bool = False
    """Whether the summary proposes groups for offers without."""
    max_pictures: int = 50
    """Pictures kept of an offer, from the first on."""
    max_unpacked_bytes: int = 16 << 30
    """A feed above this is refused: four times the largest feed planned for."""
    max_ratio: int = 500
    """Unpacked bytes a packed byte. Real feeds reach 60; a bomb of zeros reaches deflate's most, 1,032."""
    max_offer_bytes: int = MIB
    max_field_chars: int = 20_000
    """A description is cut here; any other field above it rejects its offer."""
    max_depth: int = 100
    max_attributes: int = 500
    """Attributes of one element."""
    max_head_bytes: int = 64 * MIB
    """Bytes before the first offer (categories, currencies); a tree of 500,000 categories takes 50 MiB."""
