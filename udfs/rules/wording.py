"""Comparison of a shop's words with a rule's: one normaliser for both sides, globs for paths, and title words."""

import re
import unicodedata
from collections.abc import Sequence

END = "\x1f"
"""Ends each segment of a joined path; no text holds it, for control characters are dropped."""

SEPARATOR = ">"
ANY_LEVELS = "**"

_DASHES = re.compile("[\u2010-\u2015\u2212\ufe58\ufe63]")
_UNSPACED = "\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\uac00-\ud7af"
"""Kana, Chinese characters and Hangul: words stand without spaces between them."""
_SPACED_LETTER = rf"[^\W{_UNSPACED}]"


def normalise(text: str) -> str:
    """NFKC, one case, one kind of space and dash, no control characters, ё as е: both sides of a comparison."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    kept = "".join(c if c.isspace() or unicodedata.category(c) not in ("Cc", "Cf") else "" for c in folded)
    return " ".join(_DASHES.sub("-", kept).replace("ё", "е").split())


def joined(path: Sequence[str]) -> str:
    """The normalised names of a category path, each ended by END: what `path_pattern` matches."""
    return "".join(normalise(name or "") + END for name in path)


def split_path(path: str) -> list[str]:
    """Segments of a rule's path, normalised: "A > B" are two; a backslash makes the next character an ordinary one."""
    parts = re.split(r"(?<!\\)((?:\\\\)*)" + SEPARATOR, path)
    whole = [parts[i] + (parts[i + 1] if i + 1 < len(parts) else "") for i in range(0, len(parts), 2)]
    return [normalise(part) for part in whole]


def written(path: Sequence[str]) -> str:
    """A shop's category path as a rule names it: "A > B", a backslash before what would not mean itself."""
    return " > ".join(re.sub(r"([*?>\\])", r"\\\1", name or "") for name in path)


def path_pattern(segments: Sequence[str]) -> re.Pattern[str]:
    """A pattern for `joined` paths: * and ? stand for characters of one name, a segment ** for any number of names.

    Groups are atomic, as a glob's shortest match never needs to be taken back: no input makes it slow.
    """
    runs: list[str] = [""]
    for segment in segments:
        if segment == ANY_LEVELS:
            runs.append("")
        else:
            runs[-1] += _segment_pattern(segment)
    first, *rest = runs
    if not rest:
        return re.compile(rf"\A{first}\Z", re.DOTALL)
    levels = rf"(?:[^{END}]*+{END})*"
    middle = "".join(f"(?>{levels}?{run})" for run in rest[:-1] if run)
    return re.compile(rf"\A{first}{middle}{levels}{rest[-1]}\Z", re.DOTALL)


def segment_pattern(segment: str) -> re.Pattern[str]:
    """A pattern for one ended segment of a joined path."""
    return re.compile(rf"\A{_segment_pattern(segment)}\Z", re.DOTALL)


def _segment_pattern(segment: str) -> str:
    runs: list[str] = [""]
    for part in tokens(segment):
        if part == "*":
            runs.append("")
        else:
            runs[-1] += f"[^{END}]" if part == "?" else re.escape(part[-1])
    first, *rest = runs
    if not rest:
        return first + END
    middle = "".join(f"(?>[^{END}]*?{run})" for run in rest[:-1] if run)
    return f"{first}{middle}[^{END}]*{rest[-1]}{END}"


def tokens(segment: str) -> list[str]:
    r"""Characters of a segment: "*" and "?" are wildcards, all else (also "\*") means its last character."""
    return re.findall(r"\\.|.", segment, re.DOTALL)


def is_wildcard(token: str) -> bool:
    """True for the two tokens that stand for other characters."""
    return token in ("*", "?")


def is_literal(segment: str) -> bool:
    """True where a segment has no wildcard."""
    return not any(is_wildcard(token) for token in tokens(segment))


def joined_literals(segments: Sequence[str]) -> str:
    """The joined path that segments without wildcards stand for."""
    return "".join("".join(token[-1] for token in tokens(segment)) + END for segment in segments)


def title_pattern(word: str) -> re.Pattern[str]:
    """A pattern for normalised titles: a whole word or phrase; * stands for more letters ("юбк*").

    A phrase that begins or ends in kana, Chinese characters or Hangul may have letters beside it.
    """
    runs = [re.escape(run) for run in normalise(word).split("*")]
    body = r"\w*".join(runs)
    before = rf"(?<!{_SPACED_LETTER})" if _is_spaced(word.strip()[:1]) else ""
    after = rf"(?!{_SPACED_LETTER})" if _is_spaced(word.strip()[-1:]) else ""
    return re.compile(before + body + after)


def _is_spaced(character: str) -> bool:
    return bool(re.match(_SPACED_LETTER, normalise(character)))
