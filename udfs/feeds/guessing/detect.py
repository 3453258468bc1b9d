"""Which dialect a feed is in, and why."""

import re
from dataclasses import dataclass
from pathlib import Path

from udfs.feeds.forms.dialect import Dialect, builtin, builtin_names
from udfs.feeds.markup.outline import Outline


@dataclass(frozen=True)
class Found:
    """A dialect that fits, the canonical path of its offers in this feed, and the reason in words."""

    dialect: Dialect
    path: str
    reason: str


def stated(dialect: Dialect, setting: str, outline: Outline) -> Found | None:
    """The dialect that a setting names in this feed; None where the feed has no such element."""
    path = _offer_path(dialect, [dialect.offer], outline)
    return Found(dialect, path, f"set to {Path(setting).name}") if path else None


def detect(outline: Outline, sample: bytes) -> Found | None:
    """The first that fits, those of one root before those of any, special ones before what they extend; or None."""
    dialects = [builtin(name) for name in builtin_names()]
    for dialect in sorted(dialects, key=lambda one: (not one.match.root, -_depth(one), -len(one.match.has), one.name)):
        if found := _fit(dialect, outline, sample):
            return found
    return None


def _depth(dialect: Dialect) -> int:
    return 1 + _depth(builtin(dialect.extends)) if dialect.extends else 0


def _fit(dialect: Dialect, outline: Outline, sample: bytes) -> Found | None:
    match = dialect.match
    path = _offer_path(dialect, match.offer or [dialect.offer], outline)
    if not path:
        return None
    root = path.split("/")[0]
    if match.root and root not in match.root:
        return None
    children = outline.children(path)
    held = [next((name for name in names.split("|") if name in children), None) for names in match.has]
    if None in held or children.intersection(match.lacks):
        return None
    reasons = [f"<{root}> with {outline.places[path].count} or more <{path.rpartition('/')[2]}>"]
    reasons += [f"holding {', '.join(name for name in held if name)}"] if held else []
    if match.mark:
        marked = re.search(match.mark.encode(), sample)
        if not marked:
            return None
        reasons.append(f"marked by {marked[0][:40].decode('utf-8', 'replace')!r}")
    return Found(dialect, path, ", ".join(reasons))


def _offer_path(dialect: Dialect, endings: list[str], outline: Outline) -> str | None:
    """The most frequent path that ends as the dialect says."""
    fitting = [
        (place.count, path)
        for path, place in outline.places.items()
        if any(path == ending.lower() or path.endswith("/" + ending.lower()) for ending in endings)
    ]
    return max(fitting, key=lambda one: (one[0], -len(one[1])))[1] if fitting else None
