"""Which dialect a feed is in, and why."""

import re
from dataclasses import dataclass
from pathlib import Path

from udfs.feeds.dialect import Dialect, DialectError, builtin, builtin_names, load
from udfs.feeds.outline import Outline


@dataclass(frozen=True)
class Found:
    """A dialect that fits, the canonical path of its offers in this feed, and the reason in words."""

    dialect: Dialect
    path: str
    reason: str


def named(setting: str, outline: Outline) -> Found | None:
    """The dialect of a setting (a name or a file) in this feed; None where the feed has no such element."""
    is_file = setting.endswith((".yaml", ".yml"))
    try:
        dialect = load(Path(setting)) if is_file else builtin(setting)
    except OSError as error:
        raise DialectError(f"{setting}:1: {error.strerror}") from None
    path = _offer_path(dialect, [dialect.offer], outline)
    return Found(dialect, path, f"set: {Path(setting).name if is_file else setting}") if path else None


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
